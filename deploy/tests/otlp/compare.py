#!/usr/bin/env python3
"""Runs logferry against a receiver of the OpenTelemetry Collector, and compares what arrived with the run.

    compare.py LOGFERRY RECEIVER FOLDER
"""

import gzip
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

OBJECTS, LINES = 40, 200
STREAM = "2026-11-23-[$LATEST]0123456789abcdef0123456789abcdef"


def write_objects(folder):
    """Objects of an export task, of which the last is broken."""
    shutil.rmtree(folder, ignore_errors=True)
    for n in range(OBJECTS):
        path = folder / f"exports/fn{n}/0f0f0f0f-1111-4222-8333-444444444444/{STREAM}/000000.gz"
        path.parent.mkdir(parents=True)
        lines = "".join(f"2026-11-23T10:00:{i % 60:02}.{i:03}Z line {i} of {n}\n" for i in range(LINES))
        packed = gzip.compress(lines.encode())
        path.write_bytes(packed if n < OBJECTS - 1 else packed[: len(packed) // 2])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(logferry, folder, variables):
    """Ends with 1, because one object is broken; gives the documents and what standard error says."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LOGFERRY_"))}
    began = time.monotonic()
    done = subprocess.run([logferry, "ingest", folder], env=env | variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    return done.stdout.count("\n"), done.stderr, time.monotonic() - began


def attributes(item):
    return {a["key"]: next(iter(a["value"].values())) for a in item.get("attributes", [])}


def compare(received, documents):
    resources = [one["resource"] for request in received for one in request.get("resourceMetrics", []) + request.get("resourceSpans", [])]
    assert len({json.dumps(resource, sort_keys=True) for resource in resources}) == 1, "one process has one resource"
    about = attributes(resources[0])
    assert about["service.name"] == "ferry" and about["deployment.environment.name"] == "a,b", about
    assert len(about["service.instance.id"]) == 36, about

    last = [request for request in received if "resourceMetrics" in request][-1]
    metrics = {m["name"]: m for one in last["resourceMetrics"] for scope in one["scopeMetrics"] for m in scope["metrics"]}
    points = {name: metric.get("sum", metric.get("gauge", metric.get("histogram")))["dataPoints"] for name, metric in metrics.items()}
    for name, value in {
        "logferry_objects_settled_total": OBJECTS - 1,
        "logferry_objects_unsettled_total": 1,
        "logferry_messages_received_total": OBJECTS,
    }.items():
        assert int(points[name][0]["asInt"]) == value, (name, points[name])
    verdicts = {attributes(p)["verdict"]: int(p["asInt"]) for p in points["logferry_documents_total"]}
    assert verdicts["indexed"] == documents > 0, (verdicts, documents)
    counter = metrics["logferry_object_bytes_total"]
    assert counter["unit"] == "By" and counter["sum"]["isMonotonic"] and counter["sum"]["aggregationTemporality"] == 2, counter
    bulks = points["logferry_bulk_time_seconds"][0]
    assert sum(map(int, bulks["bucketCounts"])) == int(bulks["count"]) > 0, bulks
    assert len(bulks["bucketCounts"]) == len(bulks["explicitBounds"]) + 1, bulks

    spans = [s for request in received for one in request.get("resourceSpans", []) for scope in one["scopeSpans"] for s in scope["spans"]]
    by_name = {name: [s for s in spans if s["name"] == name] for name in ("message", "object", "read", "settle")}
    assert {name: len(found) for name, found in by_name.items()} == dict.fromkeys(by_name, OBJECTS), {s["name"] for s in spans}
    ids = {s["spanId"]: s for s in spans}
    assert len(ids) == 4 * OBJECTS and len({s["traceId"] for s in spans}) == OBJECTS
    for child, parent in (("object", "message"), ("read", "object"), ("settle", "object")):
        for span in by_name[child]:
            above = ids[span["parentSpanId"]]
            assert above["name"] == parent and above["traceId"] == span["traceId"], (span, above)
            assert int(above["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) <= int(above["endTimeUnixNano"])
    keys = {attributes(s)["aws.s3.key"] for s in by_name["object"]}
    assert len(keys) == OBJECTS, keys
    failed = [s for s in spans if s.get("status", {}).get("code") == 2]
    assert sorted(s["name"] for s in failed) == ["message", "object"], failed
    settled = [e for s in by_name["settle"] for e in s.get("events", []) if e["name"] == "settled"]
    assert len(settled) == OBJECTS - 1, len(settled)
    assert sum(int(attributes(e)["indexed"]) for e in settled) > 0


def main(logferry, receiver, folder):
    folder = pathlib.Path(folder)
    objects, arrived = folder / "objects", folder / "received.jsonl"
    write_objects(objects)
    documents, _, alone = run(logferry, objects, {})
    address = f"127.0.0.1:{free_port()}"
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
        "OTEL_SERVICE_NAME": "ferry",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%2Cb",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "16",
    }
    for compression in ("none", "gzip"):
        with subprocess.Popen([receiver, address, arrived], stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout.readline().startswith("listening"), "the receiver did not start"
                found, log, _ = run(logferry, objects, variables | {"OTEL_EXPORTER_OTLP_COMPRESSION": compression})
            finally:
                server.terminate()
        assert found == documents, f"{found} documents, {documents} without OTLP"
        assert "not accepted" not in log, log
        received = [json.loads(line) for line in arrived.read_text().splitlines()]
        compare(received, documents)
        print(f"otlp: {len(received)} requests ({compression}) hold every metric and {4 * OBJECTS} spans", file=sys.stderr)
    found, log, seconds = run(logferry, objects, variables)
    # The last exports have three seconds; a busy machine may take three times as long as before.
    assert found == documents and seconds < 3 * alone + 6, f"{found} of {documents} documents, {seconds:.0f} s for {alone:.0f}"
    assert log.count("was not accepted") + log.count("not accepted in time") in (1, 2, 3), log
    print(f"otlp: without the receiver all documents are there after {seconds:.1f} s, with OTLP off after {alone:.1f} s", file=sys.stderr)


main(*sys.argv[1:])
