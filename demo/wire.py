#!/usr/bin/env python3
"""Sets up logferry's sources as an operator would, and uploads log objects.

    wire.py --endpoint URL [--fixtures FOLDER]

Bucket -> notification -> queue -> (after five deliveries) dead-letter queue. Then it uploads the fixtures with gzip, and
S3 notifies the queue of each object. Needs boto3. Prints the queue's URL.
"""

import argparse
import gzip
import json
import pathlib
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

REGION, BUCKET = "eu-central-1", "lambda-logs"


def client(service, endpoint):
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}))


def wait_for(s3, seconds=60):
    for left in range(seconds, -1, -1):
        try:
            return s3.list_buckets()
        except BotoCoreError:
            if left == 0:
                raise
            time.sleep(1)


def queues(sqs):
    def arn(url):
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    dead = sqs.create_queue(QueueName="lambda-logs-dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": arn(dead), "maxReceiveCount": 5}
    url = sqs.create_queue(QueueName="lambda-logs", Attributes={
        "VisibilityTimeout": "60", "ReceiveMessageWaitTimeSeconds": "20", "RedrivePolicy": json.dumps(redrive)})["QueueUrl"]
    return url, arn(url)


def bucket(s3, queue_arn):
    try:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [{
        "QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "exports/"}]}}}]})


def upload(s3, folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    for number, path in enumerate(files, 1):
        key, body = path.relative_to(folder).as_posix(), path.read_bytes()
        if key.endswith(".log"):
            key, body = key.removesuffix(".log") + ".gz", gzip.compress(body, mtime=0)
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        if number % 20 == 0 or number == len(files):
            print(f"  {number} of {len(files)} objects in s3://{BUCKET}", file=sys.stderr)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--fixtures", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "demo")
    given = arguments.parse_args()
    s3, sqs = client("s3", given.endpoint), client("sqs", given.endpoint)
    wait_for(s3)
    url, arn = queues(sqs)
    bucket(s3, arn)
    upload(s3, given.fixtures)
    print(url)


if __name__ == "__main__":
    main()
