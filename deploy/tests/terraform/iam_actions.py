"""Looks up each allowed action in AWS's list of actions (policy_sentry, which checkov brings): a misspelt one does not
exist, and one that is allowed on all resources must know no narrower one."""

import re
import sys

from policy_sentry.querying.actions import get_action_data

from hcl import TERRAFORM, closing, read, without_comments


def statements(text):
    """Objects with an Effect, as text."""
    for match in re.finditer(r'Effect\s*= "Allow"', text):
        start, depth = match.start(), 0
        while depth < 1:
            start -= 1
            depth += {"{": 1, "}": -1}.get(text[start], 0)
        yield text[start : closing(text, start)]


def main():
    faults, seen = [], set()
    for file in sorted(TERRAFORM.glob("modules/*/main.tf")):
        for statement in statements(without_comments(read(file))):
            principal = "Principal" in statement
            for service, action in re.findall(r'"([a-z0-9]+):([A-Z]\w+)"', statement):
                if (service, action) in {("kms", "ViaService"), ("aws", "SourceArn"), ("aws", "SourceAccount")}:
                    continue
                if service in ("aws", "sts") or action in ("PassedToService", "ExternalId"):
                    continue
                data = get_action_data(service, action)
                if not data:
                    faults.append(f"{file}: {service}:{action} is not an action of AWS")
                    continue
                seen.add(f"{service}:{action}")
                resources = {row["resource_arn_format"] for row in data[service]}
                if re.search(r'Resource\s*= "\*"', statement) and not principal and resources != {"*"}:
                    faults.append(f"{file}: {service}:{action} is allowed on all resources, and knows narrower ones")
    print("\n".join(faults) or f"terraform: {len(seen)} actions of the modules exist")
    return len(faults)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
