"""Reads as much of our Terraform files as the checks need, without Terraform: blocks, their attributes, strings."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TERRAFORM = ROOT / "deploy/terraform"
MODULES = sorted(path.parent for path in TERRAFORM.glob("modules/*/main.tf"))
EXAMPLES = sorted(path.parent for path in TERRAFORM.glob("examples/*/main.tf"))


def without_comments(text):
    """Comments taken out; `#` and `//` within strings stay."""
    return re.sub(r'("(?:\\.|[^"\\\n])*")|#[^\n]*|//[^\n]*', lambda m: m[1] or "", text)


def closing(text, start):
    """The position behind the bracket that closes the one at `start`."""
    pairs, depth, i = {"{": "}", "[": "]", "(": ")"}, 0, start
    while i < len(text):
        if text[i] == '"':
            i = re.compile(r'"(?:\\.|[^"\\\n])*"').match(text, i).end()
            continue
        if text[i] in pairs:
            depth += 1
        elif text[i] in pairs.values():
            depth -= 1
            if depth == 0:
                return i + 1
        i += 1
    raise ValueError(f"no end of {text[start:start + 40]!r}")


def blocks(text, kind):
    """Name → body of the blocks of a kind with one label: variable, output."""
    found = {}
    for match in re.finditer(rf'^{kind} "(\w+)" \{{', text, re.M):
        start = match.end() - 1
        found[match[1]] = text[start + 1 : closing(text, start) - 1]
    return found


def attribute(body, name):
    """The expression of an attribute of a block, or None."""
    match = re.search(rf"^  {name}\s*= ", body, re.M)
    if not match:
        return None
    i = match.end()
    while i < len(body) and body[i] != "\n":
        if body[i] in "{[(":
            i = closing(body, i)
        elif body[i] == '"':
            i = re.compile(r'"(?:\\.|[^"\\\n])*"').match(body, i).end()
        else:
            i += 1
    return body[match.end() : i]


def text_of(expression):
    """A quoted string without its quotes and escapes."""
    return expression[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def local(text, name):
    """The string that is a local value, with the locals in it."""
    value = text_of(re.search(rf'^  {name}\s*= ("(?:\\.|[^"\\])*")$', text, re.M)[1])
    return re.sub(r"\$\{local\.(\w+)\}", lambda m: local(text, m[1]), value)


def read(path):
    return Path(path).read_text(encoding="utf-8")
