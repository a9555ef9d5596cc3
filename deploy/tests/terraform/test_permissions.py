"""Least privilege: the roles allow the calls that logferry makes, and nothing else.

The calls are read out of src/: each request of an AWS SDK is a method of a client, followed by `.send()`. CALLS says of
each which IAM actions it needs and which role makes it. A call that is new in the sources, one that is gone, an action
that no call needs, and one that a role lacks: each fails a test.
"""

import json
import re
import unittest

from hcl import ROOT, TERRAFORM, read, without_comments

WORKER, EXPORT, OPERATOR = "worker-role", "export-role", "operator-role"

# File and call → IAM actions, roles. A batch call has the permission of the single one.
CALLS = {
    ("source/sqs.rs", "receive_message"): (["sqs:ReceiveMessage"], [WORKER]),
    ("source/sqs.rs", "delete_message_batch"): (["sqs:DeleteMessage"], [WORKER]),
    ("source/sqs.rs", "change_message_visibility_batch"): (["sqs:ChangeMessageVisibility"], [WORKER]),
    ("source/sqs.rs", "get_queue_attributes"): (["sqs:GetQueueAttributes"], [WORKER]),
    # A notification of a versioned bucket names the version of the object.
    ("source/s3.rs", "get_object"): (["s3:GetObject", "s3:GetObjectVersion"], [WORKER, OPERATOR]),
    ("sink/dead_letters/s3.rs", "put_object"): (["s3:PutObject"], [WORKER, OPERATOR]),
    ("sink/dead_letters/s3.rs", "get_object"): (["s3:GetObject"], [OPERATOR]),
    ("sink/dead_letters/s3.rs", "list_objects_v2"): (["s3:ListBucket"], [OPERATOR]),
    ("sink/dead_letters/s3.rs", "delete_object"): (["s3:DeleteObject"], [OPERATOR]),
    ("source/s3/listing.rs", "list_objects_v2"): (["s3:ListBucket"], [OPERATOR]),
    ("source/s3/checkpoint.rs", "get_object"): (["s3:GetObject"], [OPERATOR]),
    ("source/s3/checkpoint.rs", "put_object"): (["s3:PutObject"], [OPERATOR]),
    ("source/sqs/send.rs", "send_message_batch"): (["sqs:SendMessage"], [OPERATOR]),
    ("source/sqs/redrive.rs", "get_queue_attributes"): (["sqs:GetQueueAttributes"], [OPERATOR]),
    ("source/sqs/redrive.rs", "get_queue_url"): (["sqs:GetQueueUrl"], [OPERATOR]),
    ("source/sqs/redrive.rs", "list_dead_letter_source_queues"): (["sqs:ListDeadLetterSourceQueues"], [OPERATOR]),
    ("source/sqs/redrive.rs", "start_message_move_task"): (
        # SQS does with the caller's permissions what the task does.
        ["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage"],
        [OPERATOR],
    ),
    ("source/sqs/redrive.rs", "list_message_move_tasks"): (["sqs:ListMessageMoveTasks"], [OPERATOR]),
    ("source/sqs/redrive.rs", "cancel_message_move_task"): (["sqs:CancelMessageMoveTask"], [OPERATOR]),
    ("source/sqs/redrive.rs", "receive_message"): (["sqs:ReceiveMessage"], [OPERATOR]),
    ("source/sqs/redrive.rs", "send_message_batch"): (["sqs:SendMessage"], [OPERATOR]),
    ("source/sqs/redrive.rs", "delete_message_batch"): (["sqs:DeleteMessage"], [OPERATOR]),
    ("export/cloudwatch.rs", "describe_log_groups"): (["logs:DescribeLogGroups"], [EXPORT]),
    ("export/cloudwatch.rs", "describe_export_tasks"): (["logs:DescribeExportTasks"], [EXPORT]),
    ("export/cloudwatch.rs", "cancel_export_task"): (["logs:CancelExportTask"], [EXPORT]),
    # CloudWatch wants credentials that may write to the destination.
    ("export/cloudwatch.rs", "create_export_task"): (["logs:CreateExportTask", "s3:PutObject"], [EXPORT]),
    ("export/bucket_checkpoints.rs", "get_object"): (["s3:GetObject"], [EXPORT]),
    ("export/bucket_checkpoints.rs", "put_object"): (["s3:PutObject"], [EXPORT]),
    # Only with --log-group-tag.
    ("export/cloudwatch.rs", "list_tags_for_resource"): (["logs:ListTagsForResource"], [EXPORT]),
    # `coverage` lists and reads the checkpoints of the exporter.
    ("export/bucket_checkpoints.rs", "list_objects_v2"): (["s3:ListBucket"], [OPERATOR]),
    ("export/bucket.rs", "head_bucket"): (["s3:ListBucket"], [EXPORT]),
    # Only `check`. STS tells everybody who they are; without the notification, check says what it could not see.
    ("source/identity.rs", "get_caller_identity"): ([], []),
    ("source/s3/owner.rs", "head_bucket"): (["s3:ListBucket"], [WORKER]),
    ("source/s3/notification.rs", "get_bucket_notification_configuration"): (["s3:GetBucketNotification"], []),
    # Only `export --dry-run`, which a person runs.
    ("export/bucket.rs", "get_bucket_policy"): (["s3:GetBucketPolicy"], []),
}

# Actions behind a call that the sources do not show.
BEHIND = {
    WORKER: {
        "s3:ListBucket": "without it S3 answers 403 for a key that is gone",
        "kms:Decrypt": "objects and messages that are encrypted with a key",
        "kms:GenerateDataKey": "dead letters that are encrypted with a key",
        "es:ESHttpGet": "signed requests to a domain",
        "es:ESHttpHead": "the health check of a node",
        "es:ESHttpPost": "_bulk, _mget",
        "es:ESHttpPut": "templates, with --setup",
        "aoss:APIAccessAll": "signed requests to a collection",
    },
    EXPORT: {
        "kms:Decrypt": "checkpoints that are encrypted with a key",
        "kms:GenerateDataKey": "the same, and objects that CloudWatch writes",
    },
    OPERATOR: {
        "kms:Decrypt": "objects, messages, letters and checkpoints that are encrypted with a key",
        "kms:GenerateDataKey": "the same, when they are written or moved",
        "es:ESHttpGet": "signed requests to a domain",
        "es:ESHttpHead": "the health check of a node",
        "es:ESHttpPost": "_bulk, _mget, _search",
        "aoss:APIAccessAll": "signed requests to a collection",
    },
}

# A client, perhaps of a method (`self.client(region)`), and the call on it.
CALL = re.compile(r"\b(?:client|patient|s3)(?:\([^()]*(?:\([^()]*\))?[^()]*\))?\s*\.\s*(\w+)\(\)")


def code(path):
    """A source without comments and without the tests at its end."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", read(path).split("#[cfg(test)]")[0], flags=re.S)


def sources():
    return [p for p in sorted((ROOT / "src").rglob("*.rs")) if "tests" not in p.relative_to(ROOT).parts and p.name != "tests.rs"]


def calls_in_code():
    """File and call → how often."""
    found = {}
    for path in sources():
        if ".send()" not in code(path) or "aws_sdk" not in code(path):
            continue
        for call in CALL.findall(code(path)):
            if call not in ("clone", "config"):
                key = (str(path.relative_to(ROOT / "src")), call)
                found[key] = found.get(key, 0) + 1
    return found


def role_actions(role):
    """All actions that the role may ever have."""
    text = without_comments(read(TERRAFORM / f"modules/{role}/main.tf")).split('resource "aws_iam_role"')[0]
    if role == EXPORT:
        # The policy of the bucket is CloudWatch's permission, not the role's.
        text = text.split("bucket_policy_statements = ")[0]
    if role == OPERATOR:
        text = text.split("by_tasks = ")[0]
    return set(re.findall(r'"((?:s3|sqs|logs|kms|es|aoss|sts|iam|ecs|ec2):[A-Z]\w+)"', text)) - {"kms:ViaService"}


def needed(role):
    return {action for actions, roles in CALLS.values() if role in roles for action in actions}


class Permissions(unittest.TestCase):
    def test_every_call_of_the_sources_is_known(self):
        self.assertEqual(sorted(set(calls_in_code()) - set(CALLS)), [], "new calls: say which role makes them")
        self.assertEqual(sorted(set(CALLS) - set(calls_in_code())), [], "calls that are gone")

    def test_no_request_is_overlooked(self):
        """Each `.send()` of an SDK belongs to one call that was found."""
        for path in sources():
            text = code(path)
            if "aws_sdk" not in text:
                continue
            name = str(path.relative_to(ROOT / "src"))
            found = sum(count for (file, _), count in calls_in_code().items() if file == name)
            self.assertEqual(len(re.findall(r"\.send\(\)", text)), found, name)

    def test_roles_lack_nothing_and_have_nothing_superfluous(self):
        for role in (WORKER, EXPORT, OPERATOR):
            self.assertEqual(needed(role) - role_actions(role), set(), f"{role} lacks")
            self.assertEqual(role_actions(role) - needed(role) - set(BEHIND[role]), set(), f"{role} has, and needs not")
            self.assertEqual(set(BEHIND[role]) - role_actions(role), set(), f"{role}: reasons without an action")

    def test_the_worker_can_neither_send_nor_list_letters_nor_delete_objects(self):
        self.assertEqual(role_actions(WORKER) & {"sqs:SendMessage", "s3:DeleteObject", "sqs:StartMessageMoveTask"}, set())

    def test_the_docs_list_the_same_actions(self):
        """docs/ names permissions for people who make roles by hand."""
        configuration = read(ROOT / "docs/configuration.md").split("## Permissions of the worker")[1].split("\n## ")[0]
        access = read(ROOT / "docs/access.md").split("The role needs, on the domain:")[1].split("\n### ")[0]
        letters = read(ROOT / "docs/dead-letters.md").split("## Permissions")[1]
        replay = read(ROOT / "docs/replay.md").split("## Permissions")[1]
        coverage = read(ROOT / "docs/coverage.md").split("## Permissions")[1]
        export = read(ROOT / "docs/export.md").split("## Permissions")[1].split("\n## ")[0]
        actions = lambda text: set(re.findall(r"`((?:s3|sqs|logs|kms|es|aoss):[A-Z]\w+)`", text)) - {"aoss:CreateIndex"}
        signed = {action for action in actions(access) if action.startswith("es:") or action == "aoss:APIAccessAll"}
        self.assertEqual(role_actions(WORKER), actions(configuration) | (signed - {"es:ESHttpDelete"}))
        self.assertEqual(
            role_actions(OPERATOR),
            actions(letters) | actions(replay) | actions(coverage) | signed - {"es:ESHttpDelete", "es:ESHttpPut"},
        )
        self.assertEqual(role_actions(EXPORT), actions(export) - {"s3:GetBucketPolicy"})

    def test_the_policy_of_the_bucket_is_the_one_that_logferry_prints(self):
        """A test of module export-role compares its statements with the file."""
        folder = ROOT / "crates/core/src/export/snapshots"
        printed = read(folder / "logferry_core__export__bucket_policy__tests__the_printed_policy_lacks_nothing.snap")
        file = json.loads(read(TERRAFORM / "mocks/export-bucket-policy.json"))
        self.assertEqual(json.loads(printed.split("---\n", 2)[2]), file)


if __name__ == "__main__":
    unittest.main()
