"""Prints the shell commands below headings of a page, in their order: blocks.py README.md HEADING…; a heading may be
followed by :N, the first N blocks below it."""

import re
import sys

page, *wanted = sys.argv[1:]
with open(page) as file:
    sections = re.split(r"^#+ (.*)\n", file.read(), flags=re.M)
texts = dict(zip(sections[1::2], sections[2::2]))
for heading in wanted:
    heading, _, most = heading.partition(":")
    blocks = re.findall(r"^```sh\n(.*?)^```", texts[heading], re.M | re.S)
    if not blocks:
        sys.exit(f"{page} has no commands below {heading}")
    print("".join(blocks[: int(most) if most else None]))
