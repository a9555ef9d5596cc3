#!/usr/bin/env python3
"""The tables of inputs and outputs in each module's README, made from variables.tf and outputs.tf.

`readme.py` rewrites them; test_files.py fails if one differs.
"""

import re

from hcl import MODULES, attribute, blocks, read, text_of

BEGIN, END = "<!-- inputs and outputs: made by deploy/tests/terraform/readme.py -->", "<!-- end -->"


def cell(text):
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def code(text):
    return f"`{cell(text)}`"


def tables(module):
    lines = [BEGIN, "## Inputs", "| name | type | default | what it is |", "|---|---|---|---|"]
    for name, body in blocks(read(module / "variables.tf"), "variable").items():
        default = attribute(body, "default")
        shown = "required" if default is None else code(default)
        kind = re.sub(r",? (?=\})", " ", cell(attribute(body, "type") or "any"))
        lines.append(f"| `{name}` | {code(kind)} | {shown} | {cell(text_of(attribute(body, 'description')))} |")
    lines += ["", "## Outputs", "| name | what it is |", "|---|---|"]
    for name, body in blocks(read(module / "outputs.tf"), "output").items():
        lines.append(f"| `{name}` | {cell(text_of(attribute(body, 'description')))} |")
    return "\n".join([*lines, END])


def with_tables(module, readme):
    before, _, rest = readme.partition(BEGIN)
    return before.rstrip("\n") + "\n\n" + tables(module) + rest.partition(END)[2].rstrip("\n") + "\n"


def main():
    for module in MODULES:
        path = module / "README.md"
        path.write_text(with_tables(module, read(path)), encoding="utf-8")


if __name__ == "__main__":
    main()
