#!/usr/bin/env python3
"""Writes the Grafana dashboard of logferry's metrics.

    generate.py           prints the dashboard; deploy/grafana/logferry.json holds it
    generate.py --queries prints its expressions, one a line, with Grafana's variables filled in

The data source and the job are variables, so that the dashboard can be imported anywhere.
"""

import json
import sys

BY = 'job=~"$job"'


def rate(metric, labels="", by=""):
    where = BY + (f",{labels}" if labels else "")
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{where}}}[$__rate_interval]))"


def quantile(q, metric):
    return f"histogram_quantile({q}, {rate(metric + '_bucket', by='le')})"


def gauge(how, metric, by=""):
    grouped = f" by ({by})" if by else ""
    return f"{how}{grouped} ({metric}{{{BY}}})"


# Row, then panels: title, what to look for, unit, and pairs of legend and expression.
ROWS = [
    ("Is it well?", [
        ("OpenSearch answers", "0: a worker waits for it, and nothing is lost.", "bool", [("up", f'min (logferry_index_up{{{BY}}} and logferry_bulks_allowed{{{BY}}} > 0)')]),
        ("Receiving is held", "1: OpenSearch refuses most documents; the worker continues by itself.", "bool", [("held", gauge("max", "logferry_holding"))]),
        ("Lag", "From the sending of a message to its last verdict.", "s", [
            ("p50", quantile(0.5, "logferry_lag_seconds")), ("p95", quantile(0.95, "logferry_lag_seconds"))]),
        ("Dead letters", "Documents that were refused and objects that are broken. See logferry dead-letters list.", "short", [
            ("a second", rate("logferry_dead_letters_total"))]),
    ]),
    ("Work", [
        ("Messages", "Released messages come again.", "ops", [
            ("received", rate("logferry_messages_received_total")), ("deleted", rate("logferry_messages_deleted_total")),
            ("released", rate("logferry_messages_released_total")), ("no notification", rate("logferry_notifications_invalid_total"))]),
        ("Objects", "Unsettled objects are read again by a later delivery.", "ops", [
            ("settled", rate("logferry_objects_settled_total")), ("unsettled", rate("logferry_objects_unsettled_total")),
            ("skipped", rate("logferry_objects_skipped_total")), ("gone", rate("logferry_objects_gone_total"))]),
        ("Documents", "Already there: a redelivery or an overlap, and no fault.", "ops", [
            ("{{verdict}}", rate("logferry_documents_total", by="verdict"))]),
        ("Decompressed log", "What workers read.", "Bps", [("read", rate("logferry_object_bytes_total"))]),
        ("Held now", "Messages and objects of all workers.", "short", [
            ("messages", gauge("sum", "logferry_messages_held")), ("objects", gauge("sum", "logferry_objects_reading"))]),
        ("Reserved memory", "Of each worker; --memory bounds it.", "bytes", [
            ("{{instance}}", gauge("max", "logferry_memory_reserved_bytes", by="instance"))]),
    ]),
    ("OpenSearch", [
        ("Bulks", "Without an answer: refused connections, time-outs.", "ops", [
            ("answered: {{answered}}", rate("logferry_bulks_total", by="answered")), ("sent again", rate("logferry_bulk_retries_total")),
            ("halved", rate("logferry_bulk_splits_total"))]),
        ("Time of a bulk", "A lasting slowdown becomes the new baseline of the concurrency limit.", "s", [
            ("p50", quantile(0.5, "logferry_bulk_time_seconds")), ("p95", quantile(0.95, "logferry_bulk_time_seconds"))]),
        ("Bulks allowed in flight", "The concurrency limit of each worker.", "short", [
            ("{{instance}}", gauge("max", "logferry_bulks_allowed", by="instance"))]),
        ("Size of a bulk", "Full bulks have 5 MB.", "bytes", [("p50", quantile(0.5, "logferry_bulk_size_bytes"))]),
    ]),
    ("Faults", [
        ("Leases", "A lost lease means work that is done twice, with the same ids.", "ops", [
            ("extended", rate("logferry_leases_extended_total")), ("lost", rate("logferry_leases_lost_total"))]),
        ("Queue", "Calls that failed.", "ops", [
            ("receive", rate("logferry_receive_failures_total")), ("delete", rate("logferry_delete_failures_total"))]),
        ("Buckets", "Paused by the circuit breaker, or not in the allow-list.", "ops", [
            ("paused", rate("logferry_buckets_paused_total")), ("not allowed", rate("logferry_buckets_not_allowed_total"))]),
        ("Panics", "Always a fault of logferry: please report it.", "ops", [("panics", rate("logferry_panics_total"))]),
    ]),
    ("Export and coverage", [
        ("Behind", "The log group that is most behind.", "s", [("behind", gauge("max", "logferry_export_behind_seconds"))]),
        ("Log groups", "Selected, and failing in the last pass.", "short", [
            ("selected", gauge("max", "logferry_export_groups")), ("failing", gauge("max", "logferry_export_groups_failing"))]),
        ("Export tasks", "Tasks that ended.", "ops", [("{{status}}", rate("logferry_export_tasks_total", by="status"))]),
        ("Objects by finding", "Missing objects were exported and never settled: logferry coverage names them.", "short", [
            ("{{finding}}", gauge("max", "logferry_coverage_objects", by="finding"))]),
    ]),
]


def dashboard():
    panels, y, number = [], 0, 0
    for row, members in ROWS:
        number += 1
        panels.append({"id": number, "type": "row", "title": row, "collapsed": False, "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}, "panels": []})
        y += 1
        for at, (title, description, unit, targets) in enumerate(members):
            number += 1
            panels.append({
                "id": number, "type": "timeseries", "title": title, "description": description,
                "datasource": {"type": "prometheus", "uid": "${datasource}"},
                "gridPos": {"h": 8, "w": 6, "x": at % 4 * 6, "y": y + at // 4 * 8},
                "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}, "overrides": []},
                "options": {"legend": {"showLegend": len(targets) > 1 or "{{" in targets[0][0], "displayMode": "list", "placement": "bottom", "calcs": []},
                            "tooltip": {"mode": "multi", "sort": "desc"}},
                "targets": [{"refId": chr(ord("A") + i), "expr": expr, "legendFormat": legend,
                             "datasource": {"type": "prometheus", "uid": "${datasource}"}} for i, (legend, expr) in enumerate(targets)]})
        y += (len(members) + 3) // 4 * 8
    return {
        "uid": "logferry", "title": "logferry", "tags": ["logferry"], "schemaVersion": 41, "editable": True, "graphTooltip": 1,
        "timezone": "utc", "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "panels": panels,
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            {"name": "job", "label": "Job", "type": "query", "datasource": {"type": "prometheus", "uid": "${datasource}"},
             "query": "label_values(logferry_build_info, job)", "refresh": 2, "includeAll": True, "multi": True, "allValue": ".*"}]}}


def main():
    if sys.argv[1:] == ["--queries"]:
        for _, members in ROWS:
            for *_, targets in members:
                for _, expr in targets:
                    print(expr.replace("$job", ".*").replace("$__rate_interval", "10s"))
    else:
        print(json.dumps(dashboard(), indent=1))


main()
