#!/usr/bin/env python3
"""Runs real runtime clients and loggers against a local Runtime API and writes their events to fixtures/runtimes/.

usage: runtimes/run.py [--show] [RUNTIME...]     (python, node, java, go; default: all)
--show prints the events instead of writing fixtures."""

import importlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from cases import REQUEST, Rest
from install import HERE, VERSIONS, install
from normalise import normalise
from runtime_api import Function, request_id

FIXTURES = HERE.parent / "fixtures/runtimes"
CLIENTS = {
    "python": "awslambdaric",
    "node": "aws-lambda-ric",
    "java": "com.amazonaws:aws-lambda-java-runtime-interface-client",
    "go": "github.com/aws/aws-lambda-go",
}
LEFT_OUT = {
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_LEVEL",
    "_LAMBDA_TELEMETRY_LOG_FD",
    "NODE_OPTIONS",
    "JAVA_TOOL_OPTIONS",
}


def environment(run, more):
    json_format = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "TRACE"}
    return {**more, **(json_format if run.format == "json" else {})}


def source(runtime, run):
    client = CLIENTS[runtime]
    named = [name for name in (run.package, client) if name]
    return " in ".join(f"{name}@{VERSIONS[runtime][name]}" for name in named)


def expectations(found, expected):
    """One for each event; none if their numbers differ."""
    if expected and isinstance(expected[-1], Rest):
        head, rest = expected[:-1], dict(expected[-1])
        return head + [rest] * (len(found) - len(head)) if len(found) >= len(head) else None
    return expected if len(found) == len(expected) else None


def rows_of(runtime, run, start, folder):
    command, env = start(run)
    name = f"{runtime}-{run.name}-{run.format}"
    cases = [case for case in run.cases if case != "init"]
    function = Function(
        name, [str(part) for part in command], environment(run, env), cases, run.framed, folder / "task"
    )
    events = function.invoke_all()
    for case in ["init", *cases]:
        found = [normalise(text, folder) for text in events.get(case, [])]
        if "--show" in sys.argv:
            for text in found:
                print(f"{name} {case}: {text!r}")
            continue
        expected = expectations(found, run.cases.get(case, []))
        if expected is None:
            print(
                f"{name} {case}: {len(run.cases.get(case, []))} events expected, {len(found)} written:",
                *map(repr, found),
                sep="\n",
                file=sys.stderr,
            )
            yield None
            continue
        for number, (text, wanted) in enumerate(zip(found, expected), 1):
            wanted = {k: request_id(name, case) if v == REQUEST else v for k, v in wanted.items()}
            yield {
                "id": f"{run.name}-{run.format}-{case.rpartition('.')[2]}-{number}",
                "source": source(runtime, run),
                "format": run.format,
                "input": text,
                "expected": wanted,
            }


def write(runtime, rows):
    """Keeps the marks of rows that are known to come out wrong; reports whether the file changed."""
    version = VERSIONS[runtime][CLIENTS[runtime]]
    path = FIXTURES / f"{runtime}-{version}.jsonl"
    old = [p for p in FIXTURES.glob(f"{runtime}-*.jsonl")]
    before = {row["id"]: row for p in old for row in map(json.loads, p.read_text().splitlines())}
    for row in rows:
        if pending := before.get(row["id"], {}).get("pending"):
            row["pending"] = pending
    changed = [row["id"] for row in rows if before.get(row["id"]) != row] + sorted(
        before.keys() - {row["id"] for row in rows}
    )
    for p in old:
        p.unlink()
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    print(f"{path.name}: {len(rows)} events" + (f", changed: {' '.join(changed[:20])}" if changed else ", unchanged"))
    return bool(changed)


def main():
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    runtimes = [arg for arg in sys.argv[1:] if not arg.startswith("--")] or list(CLIENTS)
    folder = Path(os.environ.get("RUNTIMES_DIR") or tempfile.mkdtemp(prefix="runtimes."))
    changed = False
    try:
        for runtime in runtimes:
            (folder / runtime).mkdir(parents=True, exist_ok=True)
            runs = importlib.import_module(f"cases.{runtime}").RUNS
            start = install(runtime, folder / runtime)
            rows = [row for run in runs for row in rows_of(runtime, run, start, folder / runtime)]
            if None in rows:
                sys.exit(f"{runtime}: nothing written")
            if "--show" not in sys.argv:
                changed |= write(runtime, rows)
    finally:
        if "RUNTIMES_DIR" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(changed)


main()
