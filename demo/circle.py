#!/usr/bin/env python3
"""The log groups of the demo, and the proof that each of their events is one document.

    circle.py put --endpoint URL
        puts the events of three Lambda functions into CloudWatch Logs, 13 to 20 hours old; prints a request's id
    circle.py check --endpoint URL --opensearch URL --exports N
        fails unless each event was exported N times and is one document, and each request is one summary

Needs boto3.
"""

import argparse
import datetime
import gzip
import re
import sys
import time
import uuid

from show import OpenSearch, table
from wire import BUCKET, client

PREFIX, FUNCTIONS = "/aws/lambda/shop-", ["cart", "mailer", "orders"]
STREAMS, REQUESTS, HOUR = 2, 8, 3_600_000
EXPORTED = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", re.MULTILINE)


def request_id(function, stream, number):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{function}/{stream}/{number}"))


def events_of_request(request, number, begin):
    def at(milliseconds):
        return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    end = begin + 1000
    texts = [
        (begin, f"START RequestId: {request} Version: $LATEST"),
        (begin, f"{at(begin)}\t{request}\tINFO\trequest {number} is accepted"),
        (end, f"{at(end)}\t{request}\t{'WARN' if number % 3 == 0 else 'INFO'}\trequest {number} is done"),
        (end, f"END RequestId: {request}"),
        (end, f"REPORT RequestId: {request}\tDuration: {1000 + number}.25 ms\tBilled Duration: {1001 + number} ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t"),
    ]
    return [{"timestamp": time, "message": text} for time, text in texts]


def put(logs):
    begin = int(time.time() * 1000) - 20 * HOUR
    for function in FUNCTIONS:
        group = PREFIX + function
        logs.create_log_group(logGroupName=group, tags={"team": "shop"})
        for stream in range(STREAMS):
            name = f"2026/11/27/[$LATEST]{uuid.uuid5(uuid.NAMESPACE_URL, f'{function}/{stream}').hex}"
            logs.create_log_stream(logGroupName=group, logStreamName=name)
            events = []
            for number in range(REQUESTS):
                events += events_of_request(request_id(function, stream, number), number, begin + number * 7 * HOUR // REQUESTS)
            logs.put_log_events(logGroupName=group, logStreamName=name, logEvents=events)
        print(f"  {STREAMS * len(events)} events in {group}", file=sys.stderr)
    print(request_id("orders", 0, 3))


def events_of(logs, group):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def exported_of(s3, group):
    """How many events the exported objects of a group hold."""
    middle = f"/{group.replace('/', '!')}/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="exports/logferry/")
    keys = [found["Key"] for page in pages for found in page.get("Contents", []) if middle in found["Key"]]
    bodies = [gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]
    return sum(len(EXPORTED.findall(body)) for body in bodies)


def check(logs, s3, search, exports):
    search.ask("logferry-*/_refresh")

    def count(index, **term):
        return search.ask(f"{index}/_count", {"query": {"term": term}})["count"]

    rows, wrong = [], []
    for function in FUNCTIONS:
        group = PREFIX + function
        messages = events_of(logs, group)
        exported = exported_of(s3, group)
        documents = count("logferry-logs-*", **{"aws.log.group.name": group})
        summaries = count("logferry-invocations-*", **{"faas.name": f"shop-{function}"})
        requests = sum(message.startswith("REPORT ") for message in messages)
        rows.append([group, len(messages), exported, documents, requests, summaries])
        for what, is_there, expected in [("exported events", exported, exports * len(messages)),
                                         ("documents", documents, len(messages)), ("summaries", summaries, requests)]:
            if is_there != expected or not expected:
                wrong.append(f"{group}: {is_there} {what} instead of {expected}")
    table(["log group", ">events", ">exported", ">documents", ">requests", ">summaries"], rows)
    if wrong:
        sys.exit("The demo FAILED: events are missing or doubled:\n  " + "\n  ".join(wrong))
    print(f"  Each event was exported { {1: 'once', 2: 'twice'}.get(exports, f'{exports} times') } and is one document: nothing missing, nothing doubled.")


def main():
    arguments = argparse.ArgumentParser()
    verbs = arguments.add_subparsers(dest="verb", required=True)
    for verb in [verbs.add_parser("put"), verbs.add_parser("check")]:
        verb.add_argument("--endpoint", required=True)
    verb.add_argument("--opensearch", required=True)
    verb.add_argument("--exports", type=int, required=True)
    given = arguments.parse_args()
    logs = client("logs", given.endpoint)
    if given.verb == "put":
        return put(logs)
    check(logs, client("s3", given.endpoint), OpenSearch(given.opensearch), given.exports)


main()
