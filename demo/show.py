#!/usr/bin/env python3
"""Shows what logferry put into OpenSearch: functions, slowest invocations, errors, and one request from start to end.

    show.py [URL] [--request ID]         (URL: default http://127.0.0.1:9200)
"""

import argparse
import json
import os
import shutil
import sys
import urllib.error
import urllib.request

LOGS, INVOCATIONS = "logferry-logs-*", "logferry-invocations-*"
WIDTH = max(100, min(180, shutil.get_terminal_size((140, 40)).columns))
ERRORS = {"bool": {"minimum_should_match": 1, "should": [
    {"terms": {"LEVEL": ["ERROR", "FATAL"]}},
    {"terms": {"TYPE": ["platform.timeout", "platform.fault"]}},
    {"exists": {"field": "error.type"}}, {"exists": {"field": "lambda.error_type"}}]}}


class OpenSearch:
    def __init__(self, url):
        self.url, self.names = url.rstrip("/"), {}

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def keyword(self, index, field):
        """The field itself where it is a keyword, else the keyword that a dynamic mapping puts below a text."""
        if (index, field) not in self.names:
            known = self.ask(f"{index}/_field_caps?fields={field},{field}.keyword")["fields"]
            plain = any(of["aggregatable"] for of in known.get(field, {}).values())
            self.names[index, field] = field if plain or f"{field}.keyword" not in known else f"{field}.keyword"
        return self.names[index, field]

    def search(self, index, **body):
        return self.ask(f"{index}/_search", body)

    def errors(self):
        fields = {"LEVEL": self.keyword(LOGS, "log.level"), "TYPE": self.keyword(LOGS, "lambda.type")}
        text = json.dumps(ERRORS)
        for name, field in fields.items():
            text = text.replace(f'"{name}"', f'"{field}"')
        return json.loads(text)


def pick(document, path, default=""):
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return default if document is None else document


def one_line(text, width):
    text = " ".join(str(text).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def heading(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")


def table(columns, rows):
    """columns: names, with a leading ">" for right-aligned ones."""
    names = [c.lstrip(">") for c in columns]
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(names)]
    for row in [names, ["─" * w for w in widths], *cells]:
        print("  " + "  ".join(cell.rjust(w) if c.startswith(">") else cell.ljust(w) for cell, w, c in zip(row, widths, columns)).rstrip())


def per_function(search):
    kinds, errors = search.keyword(LOGS, "lambda.type"), search.errors()
    answer = search.search(LOGS, size=0, track_total_hits=True, aggs={"functions": {
        "terms": {"field": search.keyword(LOGS, "faas.name"), "size": 50, "missing": "(unknown)", "order": {"_key": "asc"}},
        "aggs": {
            "invocations": {"filter": {"term": {kinds: "platform.report"}}, "aggs": {"longest": {"max": {"field": "lambda.duration_ms"}}}},
            "cold": {"filter": {"bool": {"must": [{"term": {kinds: "platform.report"}}, {"exists": {"field": "lambda.init_duration_ms"}}]}}},
            "streams": {"cardinality": {"field": search.keyword(LOGS, "aws.log.stream.name")}},
            "errors": {"filter": errors}}}})
    total = answer["hits"]["total"]["value"]
    heading(f"Documents per function ({total} in all)")
    table(["function", ">documents", ">streams", ">invocations", ">cold starts", ">longest, ms", ">error documents"], [
        [b["key"], b["doc_count"], b["streams"]["value"], b["invocations"]["doc_count"], b["cold"]["doc_count"],
         f'{b["invocations"]["longest"]["value"] or 0:.0f}', b["errors"]["doc_count"]]
        for b in answer["aggregations"]["functions"]["buckets"]])
    return total


def slowest(search):
    summaries = search.search(INVOCATIONS, size=0)["hits"]["total"]["value"] > 0
    index = INVOCATIONS if summaries else LOGS
    query = {"match_all": {}} if summaries else {"term": {search.keyword(LOGS, "lambda.type"): "platform.report"}}
    hits = search.search(index, size=8, query=query, sort=[{"lambda.duration_ms": {"order": "desc", "unmapped_type": "double"}}])["hits"]["hits"]
    heading("Slowest invocations")
    rows = []
    for document in (hit["_source"] for hit in hits):
        status = pick(document, "invocation.status") or pick(document, "lambda.status", "success")
        why = pick(document, "lambda.error_type")
        rows.append([pick(document, "@timestamp"), pick(document, "faas.name"), pick(document, "faas.invocation_id"),
                     f'{pick(document, "lambda.duration_ms", 0):.1f}', pick(document, "lambda.billed_duration_ms"),
                     f'{pick(document, "lambda.max_memory_used_mb")} of {pick(document, "lambda.memory_size_mb")}',
                     pick(document, "lambda.init_duration_ms"), f"{status} {why}".strip()])
    table(["time", "function", "request", ">ms", ">billed ms", ">memory, MB", ">init ms", "status"], rows)


def errors(search):
    hits = search.search(LOGS, size=20, query=search.errors(), sort=["@timestamp"])["hits"]["hits"]
    heading("Errors")
    rows = []
    for document in (hit["_source"] for hit in hits):
        what = pick(document, "error.type") or pick(document, "lambda.error_type")
        message = pick(document, "error.message") or pick(document, "message")
        if pick(document, "lambda.type") == "platform.timeout":
            what, message = "timeout", f'after {pick(document, "lambda.timeout_seconds")} s'
        elif pick(document, "lambda.type") == "platform.report":
            message = f'used {pick(document, "lambda.max_memory_used_mb")} of {pick(document, "lambda.memory_size_mb")} MB in {pick(document, "lambda.duration_ms")} ms'
        rows.append([pick(document, "@timestamp"), pick(document, "faas.name"), pick(document, "faas.invocation_id"),
                     pick(document, "lambda.type"), what, one_line(message, 60)])
    table(["time", "function", "request", "kind", "error", "message"], rows)


def request(search, given):
    name = given or most_telling(search)
    if not name:
        return
    query = {"term": {search.keyword(LOGS, "faas.invocation_id"): name}}
    hits = search.search(LOGS, size=200, query=query, sort=["@timestamp", {search.keyword(LOGS, "aws.s3.key"): "asc"}, "log.offset"])["hits"]["hits"]
    heading(f"Everything about request {name}")
    if not hits:
        print("  no document has it")
    for document in (hit["_source"] for hit in hits):
        lines = str(pick(document, "message")).replace("\t", "  ").splitlines() or [""]
        print(f'  {pick(document, "@timestamp"):24}  {pick(document, "lambda.type"):17}  {pick(document, "log.level"):5}  {lines[0][:WIDTH - 54]}')
        for line in lines[1:]:
            print(" " * 54 + line[:WIDTH - 54])
    query = {"term": {search.keyword(INVOCATIONS, "faas.invocation_id"): name}}
    for document in (hit["_source"] for hit in search.search(INVOCATIONS, query=query)["hits"]["hits"]):
        facts = [f'{pick(document, "invocation.status")}, attempts: {pick(document, "invocation.attempts", 1)}',
                 f'{pick(document, "lambda.billed_duration_ms", 0)} ms billed', f'{pick(document, "invocation.log_count", 0)} events']
        if cost := pick(document, "invocation.estimated_cost_usd"):
            facts.append(f"about {cost * 1e6:.1f} millionths of a dollar")
        if first := pick(document, "invocation.first_error"):
            facts.append(f"first error: {one_line(first, 60)}")
        print(f'  summary: {"; ".join(facts)}')


def most_telling(search):
    """The request with the most documents among those that went wrong."""
    field = search.keyword(LOGS, "faas.invocation_id")
    failed = search.search(LOGS, size=0, query=search.errors(), aggs={"ids": {"terms": {"field": field, "size": 100}}})
    ids = [b["key"] for b in failed["aggregations"]["ids"]["buckets"]]
    if not ids:
        return None
    counts = search.search(LOGS, size=0, query={"terms": {field: ids}}, aggs={"ids": {"terms": {"field": field, "size": 1}}})
    return counts["aggregations"]["ids"]["buckets"][0]["key"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url", nargs="?", default=os.environ.get("LOGFERRY_OPENSEARCH_URL", "http://127.0.0.1:9200"))
    arguments.add_argument("--request")
    given = arguments.parse_args()
    search = OpenSearch(given.url)
    try:
        search.ask("logferry-*/_refresh")
        if search.search(LOGS, size=0)["hits"]["total"]["value"] == 0:
            sys.exit(f"{LOGS} at {given.url} is empty: has the worker run?")
        per_function(search)
        slowest(search)
        errors(search)
        request(search, given.request)
    except urllib.error.HTTPError as error:
        sys.exit(f"OpenSearch at {given.url} refused a query: {error.code} {error.read().decode(errors='replace')[:400]}")
    except urllib.error.URLError as error:
        sys.exit(f"OpenSearch at {given.url} does not answer: {error.reason}")


main()
