"""The real program under the roles of the modules: the policies, as Terraform makes them, decide over its calls.

logferry talks to moto, an emulator of AWS, through a proxy that tells action and resource of each request. A call that
the role's policy does not allow is answered with AccessDenied, as AWS does. Conditions are not evaluated: the region of
the exporter's calls always fits, and no KMS key is used here.

    allowed_calls.py POLICIES LOGFERRY ENDPOINT-OF-MOTO [OPENSEARCH-URL]
"""

import fnmatch
import gzip
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import boto3

ACCOUNT, REGION = "123456789012", "eu-central-1"
ENVIRONMENT = {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# Permissions that no command here uses, and why.
UNUSED = {
    "worker-role": {
        "s3:GetObjectVersion": "the bucket keeps no versions",
        "s3:ListBucket": "S3 asks for it where a key is missing",
        "sqs:ChangeMessageVisibility": "no lease is extended within seconds",
    },
    "export-role": {"logs:CancelExportTask": "no task hangs"},
    "operator-role": {
        "s3:GetObjectVersion": "the bucket keeps no versions",
        "sqs:ListDeadLetterSourceQueues": "the worker's queue is given, not the dead-letter queue",
        # moto has no such tasks: logferry then moves the messages itself, with the permissions that SQS asks for.
        "sqs:CancelMessageMoveTask": "see above",
        "sqs:ListMessageMoveTasks": "see above",
        "sqs:StartMessageMoveTask": "see above",
    },
}
BATCHES = {
    "DeleteMessageBatch": "DeleteMessage",
    "SendMessageBatch": "SendMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


def queue_arn(name):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def call_of(method, path, headers, body):
    """Action and resource of a request."""
    target = headers.get("X-Amz-Target")
    if target:
        service, name = target.split(".")
        said = json.loads(body or b"{}")
        if service == "AmazonSQS":
            url = said.get("QueueUrl")
            arn = said.get("SourceArn") or queue_arn(url.rsplit("/", 1)[1] if url else said["QueueName"])
            return f"sqs:{BATCHES.get(name, name)}", arn
        group = said.get("logGroupName")
        return f"logs:{name}", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}" if group else "*"
    url = urlsplit(path)
    bucket, _, key = unquote(url.path).lstrip("/").partition("/")
    query = parse_qs(url.query, keep_blank_values=True)
    if not key:
        names = {"HEAD": "ListBucket", "GET": "GetBucketPolicy" if "policy" in query else "ListBucket"}
        return f"s3:{names[method]}", f"arn:aws:s3:::{bucket}"
    names = {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
    version = "Version" if "versionId" in query else ""
    return f"s3:{names[method]}{version}", f"arn:aws:s3:::{bucket}/{key}"


def listed(value):
    return value if isinstance(value, list) else [value]


def allows(policy, action, resource):
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(action, one) for one in listed(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, one.replace("[", "[[]")) for one in listed(statement["Resource"]))
        for statement in policy["Statement"]
    )


class Guard:
    """The proxy: what it has seen, and what it has refused."""

    def __init__(self, policy, endpoint):
        self.policy, self.upstream = policy, urlsplit(endpoint).netloc
        self.seen, self.refused = set(), set()
        guard = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                guard.answer(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        action, resource = call_of(request.command, request.path, request.headers, body)
        self.seen.add(action)
        if allows(self.policy, action, resource):
            connection = http.client.HTTPConnection(self.upstream, timeout=60)
            connection.request(request.command, request.path, body, dict(request.headers))
            response = connection.getresponse()
            status, headers, content = response.status, response.getheaders(), response.read()
        else:
            self.refused.add(f"{action} on {resource}")
            status, headers, content = denial(request.headers.get("X-Amz-Target"), action)
        request.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                request.send_header(name, value)
        length = next((v for n, v in headers if n.lower() == "content-length"), len(content))
        request.send_header("Content-Length", length if request.command == "HEAD" else len(content))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)


def denial(target, action):
    if target:
        said = {"__type": "com.amazonaws#AccessDeniedException", "message": f"not authorized to perform: {action}"}
        return 400, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(said).encode()
    text = f"<Error><Code>AccessDenied</Code><Message>not authorized to perform: {action}</Message></Error>"
    return 403, [("Content-Type", "application/xml")], text.encode()


def logferry(binary, guard, *arguments, **variables):
    environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL": guard.url, "PATH": os.environ["PATH"], **variables}
    try:
        command = [binary, *arguments]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
    except subprocess.TimeoutExpired as error:
        # A worker whose call is refused waits and tries again.
        return "no end within 90 s", "", (error.stderr or b"").decode()
    return ran.returncode, ran.stdout, ran.stderr


def expect(condition, sentence):
    if not condition:
        print(f"terraform: {sentence}")
        raise SystemExit(1)


def check(role, guard, said):
    """Every call was allowed, and every permission was used but those that are explained."""
    expect(not guard.refused, f"{role}: the policy refuses {sorted(guard.refused)}\n{said}")
    granted = {action for statement in guard.policy["Statement"] for action in listed(statement["Action"])}
    granted = {action for action in granted if action.split(":")[0] in ("s3", "sqs", "logs")}
    unused = granted - guard.seen - set(UNUSED[role])
    expect(not unused, f"{role}: no call needs {sorted(unused)}")
    print(f"terraform: {role}: {len(guard.seen)} actions seen, all allowed: {', '.join(sorted(guard.seen))}")


def main(policies_file, binary, endpoint, opensearch=None):
    with open(policies_file, encoding="utf-8") as file:
        found = json.load(file)
    policy_of = lambda role, run: found[role][run]["aws_iam_role_policy.this"]
    client = lambda service: boto3.client(
        service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    s3, sqs, logs = client("s3"), client("sqs"), client("logs")
    for bucket in ("my-logs", "my-state"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    dead = sqs.create_queue(QueueName="logs-dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": queue_arn("logs-dead"), "maxReceiveCount": 5})
    queue = sqs.create_queue(QueueName="logs", Attributes={"RedrivePolicy": redrive})["QueueUrl"]

    # The exporter: one group with one event of yesterday.
    group, stream = "/aws/lambda/orders", "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    event = {"timestamp": int(time.time() - 20 * 3600) * 1000, "message": "hello"}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
    s3.put_bucket_policy(Bucket="my-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    guard = Guard(policy_of("export-role", "least"), endpoint)
    export = ["export", "--log-group", group, "--destination", "s3://my-logs/exports", "--once"]
    code, _, said = logferry(binary, guard, *export, "--checkpoints", "s3://my-state/logferry")
    expect(code == 0, f"export ended with {code}\n{said}\n{sorted(guard.refused)}")
    check("export-role", guard, said)

    # The worker: what the exporter brought, and a broken object that becomes a dead letter.
    notification = {"QueueArn": queue_arn("logs"), "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="my-logs", NotificationConfiguration={"QueueConfigurations": [notification]}
    )
    s3.put_object(Bucket="my-logs", Key="exports/one.log", Body=b"START RequestId: 1\n")
    cut_off = gzip.compress(b"2026-01-01T00:00:00.000Z x\n" * 99)[:-9]
    s3.put_object(Bucket="my-logs", Key="exports/broken.gz", Body=cut_off)
    dead_letters = "s3://my-state/dead"
    if opensearch:
        guard = Guard(policy_of("worker-role", "all"), endpoint)
        code, _, said = logferry(
            binary, guard, "worker", "--until-empty", "--setup", "--listen", "127.0.0.1:0", "--allow-bucket", "my-logs",
            LOGFERRY_QUEUE_URL=queue, LOGFERRY_OPENSEARCH_URL=opensearch, LOGFERRY_DEAD_LETTERS=dead_letters,
        )  # fmt: skip
        expect(code == 0, f"the worker ended with {code}\n{said}\n{sorted(guard.refused)}")
        expect('"broken"' in said, f"the broken object was not met\n{said}")
        check("worker-role", guard, said)

        # The operator: lists and replays the letter, which stays since its object is still broken, and drops it.
        policy = json.loads(json.dumps(policy_of("operator-role", "all")).replace("/dead-letters/", "/dead/"))
        guard = Guard(policy, endpoint)
        shared = {"LOGFERRY_DEAD_LETTERS": dead_letters, "LOGFERRY_OPENSEARCH_URL": opensearch}
        code, listing, said = logferry(binary, guard, "dead-letters", "list", **shared)
        expect(code == 0 and "object" in listing, f"dead-letters list ended with {code}\n{listing}{said}")
        logferry(binary, guard, "dead-letters", "replay", **shared)
        code, _, said = logferry(binary, guard, "dead-letters", "drop", "--all", "--yes", **shared)
        expect(code == 0, f"dead-letters drop ended with {code}\n{said}\n{sorted(guard.refused)}")
        replay = ["replay", "s3://my-logs/exports/one.log", "--checkpoint", "s3://my-state/replay/one"]
        code, _, said = logferry(binary, guard, *replay, LOGFERRY_OPENSEARCH_URL=opensearch)
        expect(code == 0, f"replay ended with {code}\n{said}\n{sorted(guard.refused)}")
        sqs.send_message(QueueUrl=dead, MessageBody="{}")
        code, _, said = logferry(binary, guard, "dead-letters", "redrive", "--queue-url", queue)
        expect(code == 0, f"redrive ended with {code}\n{said}\n{sorted(guard.refused)}")
        check("operator-role", guard, said)

    # The proxy does refuse: the worker may not list dead letters.
    guard = Guard(policy_of("worker-role", "least"), endpoint)
    code, _, said = logferry(binary, guard, "dead-letters", "list", LOGFERRY_DEAD_LETTERS="s3://other/dead")
    expect(code == 1 and "s3:ListBucket on arn:aws:s3:::other" in guard.refused, f"the worker lists letters\n{said}")


if __name__ == "__main__":
    main(*sys.argv[1:])
