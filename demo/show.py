#!/usr/bin/env python3
"""Shows figures per function from OpenSearch: documents, streams, invocations, errors. `logferry search` shows the rest.

    show.py [URL]         (default http://127.0.0.1:9200)
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request

LOGS = "logferry-logs-*"
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
        """The field itself if it is a keyword, else the keyword that a dynamic mapping adds below a text field."""
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


def heading(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")


def table(columns, rows):
    """Prints a table. A column name with a leading ">" is right-aligned."""
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


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url", nargs="?", default=os.environ.get("LOGFERRY_OPENSEARCH_URL", "http://127.0.0.1:9200"))
    given = arguments.parse_args()
    search = OpenSearch(given.url)
    try:
        search.ask("logferry-*/_refresh")
        if search.search(LOGS, size=0)["hits"]["total"]["value"] == 0:
            sys.exit(f"{LOGS} at {given.url} is empty: has the worker run?")
        per_function(search)
    except urllib.error.HTTPError as error:
        sys.exit(f"OpenSearch at {given.url} refused a query: {error.code} {error.read().decode(errors='replace')[:400]}")
    except urllib.error.URLError as error:
        sys.exit(f"OpenSearch at {given.url} does not answer: {error.reason}")


if __name__ == "__main__":
    main()
