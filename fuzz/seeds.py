#!/usr/bin/env python3
"""Writes the fuzz targets' first corpora, made of fixtures/, to fuzz/corpus/."""

import base64
import hashlib
import json
import pathlib

here = pathlib.Path(__file__).resolve().parent
fixtures = here.parent / "fixtures"
FORMATS = ["", "export", "subscription", "json-lines", "tail", "text"]
KEYS = ["app.log", "000000.gz", "copy"]


def rows(path):
    with open(fixtures / path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def seed(target, data, longest=4096):
    if isinstance(data, str):
        data = data.encode()
    if len(data) <= longest:
        folder = here / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)


def content(row):
    if "input_base64" in row:
        return base64.b64decode(row["input_base64"])
    return row.get("input", "").encode()


for name in ["cases.jsonl", "more.jsonl"]:
    for row in rows(f"notifications/{name}"):
        text = row["input"]
        seed("notification", text if isinstance(text, str) else json.dumps(text))
    stream = b""
    for row in rows(f"lines/{name}"):
        seed("parse", content(row))
        stream += content(row).replace(b"\n", b"\r") + b"\n"
        if len(stream) > 1500:
            seed("summary", stream + b"\x80")  # the cut stands at the end: libfuzzer takes numbers from there
            stream = b""
    for row in rows(f"decode/{name}"):
        export = "/000000" in row.get("key", "")
        for form in [0, 1]:
            head = bytes([FORMATS.index(row.get("force") or ""), 64, 9, form | 2 * export])
            seed("decode", head + content(row))
            # Every format forced once, so that the pieces come in one by one.
            forced = 1 + len(content(row)) % 5
            seed("decode", bytes([forced, 40, 3, form]) + content(row))

ITEMS = [
    '{"create":{"status":201}}',
    '{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}}}',
    '{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue full"}}}',
    '{"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"r","caused_by":{"type":"t","reason":"c"}}}}',
    '{"index":{"status":200}}',
    '{"update":{"status":503}}',
    '{"create":{"status":403,"error":{"type":"cluster_block_exception","reason":"read-only"}}}',
    '{"create":{"status":404,"error":"text"}}',
]
for number in range(len(ITEMS) + 1):
    items = ",".join(ITEMS[:number])
    seed("bulk_response", f'{{"took":1,"errors":true,"items":[{items}]}}'.encode() + bytes([number]))
