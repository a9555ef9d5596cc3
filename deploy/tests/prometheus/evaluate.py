#!/usr/bin/env python3
"""Evaluates expressions in a Prometheus that scrapes a worker.

    evaluate.py URL QUERIES RULES

QUERIES has one expression a line: each must have a result. RULES is a file of rules: Prometheus must have loaded each
of them, and evaluated it without an error.
"""

import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def ask(url, path, **query):
    with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
        return json.load(answer)["data"]


def result(url, expression):
    try:
        return ask(url, "/api/v1/query", query=expression)["result"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{expression}: {json.load(error)['error']}")


def until(seconds, what, condition):
    """Waits until the condition holds: Prometheus tells nobody when it has scraped."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within {seconds} s: {what}")
        time.sleep(0.2)


def ready(url):
    try:
        return ask(url, "/api/v1/query", query="up == 1")["result"] != []
    except (urllib.error.URLError, ConnectionError):
        return False


def main():
    url, queries, rules = sys.argv[1:]
    until(60, "Prometheus scrapes the worker", lambda: ready(url))
    until(120, "objects are settled", lambda: result(url, "logferry_objects_settled_total > 0"))
    until(30, "two scrapes after that", lambda: result(url, "rate(logferry_objects_settled_total[10s]) >= 0"))
    expressions = open(queries).read().splitlines()
    results = {expression: result(url, expression) for expression in expressions}
    empty = [expression for expression, found in results.items() if not found]
    if empty:
        sys.exit("without a result:\n  " + "\n  ".join(empty))

    def loaded():
        return [rule for group in ask(url, "/api/v1/rules")["groups"] for rule in group["rules"]]
    until(30, "all rules are evaluated", lambda: all(rule["health"] != "unknown" for rule in loaded()))
    failed = [f"{rule['name']}: {rule['lastError']}" for rule in loaded() if rule["health"] != "ok"]
    written = len(re.findall(r"^ *- alert: ", open(rules).read(), re.MULTILINE))
    if failed or len(loaded()) != written:
        sys.exit(f"{len(loaded())} of {written} rules are loaded; failed: {failed}")
    firing = sorted(rule["name"] for rule in loaded() if rule["state"] == "firing")
    print(f"prometheus-live: {len(expressions)} expressions and {written} rules hold over a real worker; firing: {firing or 'none'}", file=sys.stderr)


main()
