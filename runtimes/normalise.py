"""Replaces what differs from one run to the next by fixed values of the same form; everything else stays as written."""

import re
import socket
import sys
import time

# Days of this year only, so that numbers and dates of other meaning stay.
YEAR = time.strftime("%Y", time.gmtime())
TIMES = [
    (rf"{YEAR}-\d\d-\d\d([T ])\d\d:\d\d:\d\d", r"2026-11-23\g<1>10:11:12"),
    (rf"{YEAR}/\d\d/\d\d \d\d:\d\d:\d\d", "2026/11/23 10:11:12"),
    (rf"[A-Z][a-z][a-z] \d\d?, {YEAR} \d\d?:\d\d:\d\d [AP]M", "Nov 23, 2026 10:11:12 AM"),
    (r"(10:11:12[.,])(\d+)", lambda m: m[1] + "345678901"[: -(-len(m[2]) // 3) * 3]),
    # Milliseconds, seconds with a fraction, and their names, as pino, loguru, zap and EMF write them.
    (r'("(?:time|Timestamp|timestamp|epochMillis)": ?"?)\d{13}\b', r"\g<1>1795428672345"),
    (r'("(?:ts|timestamp)": ?)\d{10}\.\d+', r"\g<1>1795428672.345678"),
    (r"^\d\d:\d\d:\d\d\.\d{3}\b", "10:11:12.345"),
    (r"\[\d{4}\](?= [a-z])", "[0001]"),
    (r"^((?:\x1b\[\d+m)?)\d{1,2}:\d\d[AP]M\b", r"\g<1>10:11AM"),
]
OTHERS = [
    (r"0x[0-9a-f]{6,16}\b", "0x7f0000000000"),
    (r"\bgoroutine \d+ ", "goroutine 1 "),
    (r"in goroutine \d+", "in goroutine 1"),
    (r'("elapsed": ?\{"repr": ?")[^"]*(", "seconds": ?)[\d.]+', r"\g<1>0:00:00.100000\g<2>0.1"),
    (r'("(?:pid|process_id|id)": ?)\d{2,18}\b(?=[,}]| *,|\})', r"\g<1>1234"),
    (r'("process": ?\{"id": ?)\d+', r"\g<1>1234"),
    (r'("thread": ?\{"id": ?)\d+', r"\g<1>1234"),
]


def normalise(text, folder):
    paths = [
        (f"{folder}/task", "/var/task"),
        (f"{folder}/venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages", "/opt/python"),
        (f"{folder}/node_modules", "/opt/node_modules"),
        (sys.base_prefix, "/var/lang"),
        (str(folder), "/opt"),
    ]
    for path, fixed in paths:
        text = text.replace(path, fixed)
    text = text.replace(f'"{socket.gethostname()}"', '"host"')
    for pattern, fixed in TIMES + OTHERS:
        text = re.sub(pattern, fixed, text)
    return text
