#!/usr/bin/env python3
"""Removes the marks of the rows that the test names as right now.

usage: cargo test -p logferry-core --lib runtimes | runtimes/unmark.py"""

import json
import re
import sys
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures/runtimes"
right = set(re.findall(r'^(\S+) "(\S+)" is right now', sys.stdin.read(), re.MULTILINE))
for path in FIXTURES.glob("*.jsonl"):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        if (path.stem, row["id"]) in right:
            del row["pending"]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
print(f"{len(right)} marks removed")
