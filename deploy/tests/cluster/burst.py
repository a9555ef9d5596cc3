"""A burst of log objects: bytes, upload, notifications, the documents that must come of them, and those that came."""

import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.parse
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

import boto3

BUCKET, QUEUE, DEAD = "lambda-logs", "logs", "logs-dead"
VISIBILITY = 20
REQUESTS, LINES = 20, 12  # of one object
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
S3 = boto3.client("s3", endpoint_url=os.environ["CLUSTER_S3"], **KEYS)
SQS = boto3.client("sqs", endpoint_url=os.environ["CLUSTER_SQS"], **KEYS)
OPENSEARCH = os.environ["CLUSTER_OPENSEARCH"]


def make_queue():
    """Bucket, queue and dead-letter queue; returns the queue's URL."""
    S3.create_bucket(Bucket=BUCKET)
    SQS.create_queue(QueueName=DEAD)
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{DEAD}", "maxReceiveCount": 10}
    attributes = {"VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": json.dumps(redrive)}
    return SQS.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]


def depth(url):
    """Visible messages and messages in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


def upload(bodies):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: S3.put_object(Bucket=BUCKET, Key=item[0], Body=item[1]), bodies.items()))


def notify(url, bodies):
    """One message for each object, as S3 writes it."""
    entries = []
    for number, (key, body) in enumerate(bodies.items()):
        stored = {"key": urllib.parse.quote(key), "size": len(body), "sequencer": f"{number:016X}"}
        bucket = {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"}
        record = {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": "ObjectCreated:Put",
                  "eventTime": "2026-11-28T00:00:00.000Z", "s3": {"s3SchemaVersion": "1.0", "bucket": bucket, "object": stored}}
        entries.append({"Id": str(number), "MessageBody": json.dumps({"Records": [record]})})
    tens = [entries[start:start + 10] for start in range(0, len(entries), 10)]
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda ten: SQS.send_message_batch(QueueUrl=url, Entries=ten), tens):
            assert not answer.get("Failed"), answer


class Burst:
    """`objects` exports of one log stream each. Whole invocations only, so that each document is known beforehand."""

    def __init__(self, name, objects):
        self.bodies = dict(self._object(name, number) for number in range(objects))
        self.events = objects * REQUESTS * (LINES + 3)

    @staticmethod
    def _object(name, number):
        seed = uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {number}")
        lines = []
        for request in range(REQUESTS):
            at = f"2026-11-28T{number % 24:02}:{request:02}:00"
            id = uuid.uuid5(seed, str(request))
            lines.append(f"{at}.000Z START RequestId: {id} Version: $LATEST")
            for line in range(LINES):
                time = f"{at}.{line + 1:03}Z"
                lines.append(f"{time} {time}\t{id}\tINFO\torder {name}-{number}-{request} took step {line} of {LINES}: packed")
            lines.append(f"{at}.900Z END RequestId: {id}")
            lines.append(f"{at}.900Z REPORT RequestId: {id}\tDuration: 899.12 ms\tBilled Duration: 900 ms\t"
                         "Memory Size: 512 MB\tMax Memory Used: 210 MB\t")
        key = f"exports/orders/{uuid.UUID(int=seed.int)}/2026-11-28-[$LATEST]{seed.hex}/000000.gz"
        return key, gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)

    def documents(self):
        """(index, id) of every document, by `logferry ingest` over the same objects as files."""
        with tempfile.TemporaryDirectory() as folder:
            for key, body in self.bodies.items():
                path = pathlib.Path(folder, key)
                path.parent.mkdir(parents=True)
                path.write_bytes(body)
            command = [os.environ["LOGFERRY_BIN"], "ingest", "--log", "warn", folder]
            lines = subprocess.run(command, check=True, capture_output=True, text=True, env={}).stdout.splitlines()
        found = [(document["_index"], document["_id"]) for document in map(json.loads, lines)]
        # Each line is a document, and each request has a summary.
        assert len(found) == len(set(found)) == self.events + len(self.bodies) * REQUESTS, len(found)
        return set(found)


def ask(method, path, body=None):
    request = urllib.request.Request(f"{OPENSEARCH}/{path}", json.dumps(body).encode() if body else None,
                                     {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def indexed():
    """(index, id) of every document in OpenSearch, as a list."""
    ask("POST", "logferry-*/_refresh")
    found = []
    page = ask("POST", "logferry-*/_search?scroll=2m", {"size": 10000, "_source": False, "sort": ["_doc"]})
    while page["hits"]["hits"]:
        found += [(hit["_index"], hit["_id"]) for hit in page["hits"]["hits"]]
        page = ask("POST", "_search/scroll", {"scroll": "2m", "scroll_id": page["_scroll_id"]})
    return found
