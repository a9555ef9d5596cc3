#!/usr/bin/env python3
"""Asks amtool for the receivers of each alert of our rules, and of alerts that must not page.

    routes.py AMTOOL CONFIG RULES

CONFIG is Alertmanager's, RULES a file of Prometheus rules.
"""

import re
import subprocess
import sys

import yaml

RECEIVER_OF = {"page": "logferry-pager", "ticket": "logferry-tickets"}
# Alerts that are not in our rules, and where they must go.
OTHERS = [
    ({"alertname": "NodeDown", "severity": "page"}, "everything-else"),
    ({"alertname": "NotLogferryLag", "severity": "page"}, "everything-else"),
    ({"alertname": "LogferryOfYours"}, "logferry-tickets"),
    ({"alertname": "LogferryOfYours", "severity": "unknown"}, "logferry-tickets"),
]


def receivers(amtool, config, labels):
    words = [f"{name}={value}" for name, value in labels.items()]
    answer = subprocess.run([amtool, "config", "routes", "test", f"--config.file={config}", *words], capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"amtool: {answer.stderr}")
    return answer.stdout.strip()


def main():
    amtool, config, rules = sys.argv[1:]
    with open(rules) as file:
        alerts = [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]
    expected = []
    for alert in alerts:
        severity = alert["labels"].get("severity")
        if severity not in RECEIVER_OF:
            sys.exit(f"{alert['alert']} has the severity {severity}, for which there is no route")
        # With the labels that a scrape adds, and without them, as after a sum.
        own = {"alertname": alert["alert"], **alert["labels"]}
        expected += [(own, RECEIVER_OF[severity]), (own | {"instance": "10.0.0.1:9090", "job": "logferry"}, RECEIVER_OF[severity])]
    with open(config) as file:
        named = set(re.findall(r"Logferry[A-Z]\w+", file.read()))
    wrong = [f"{name} is not in {rules}" for name in sorted(named - {alert["alert"] for alert in alerts})]
    for labels, receiver in expected + OTHERS:
        found = receivers(amtool, config, labels)
        if found != receiver:
            wrong.append(f"{labels} goes to {found}, not to {receiver}")
    if wrong:
        sys.exit("\n".join(wrong))
    paging = sum(alert["labels"]["severity"] == "page" for alert in alerts)
    print(f"alertmanager: {paging} alerts page, {len(alerts) - paging} make a ticket, {len(OTHERS)} others do not page", file=sys.stderr)


main()
