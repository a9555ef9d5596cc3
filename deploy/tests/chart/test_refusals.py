"""Values that the chart refuses, and what it says."""

import unittest

from chart import CASES, joined, refusal

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
EXPORT = {"enabled": True, "config": {"allLambda": True, "destination": "s3://a/b", "checkpoints": "s3://c/d"}}
KEDA = CASES["keda"]

# (values, what the refusal contains)
REFUSED = [
    # Unknown keys, at every depth.
    ({"replicas": 3}, "additional properties 'replicas' not allowed"),
    ({"worker": {"config": {"memori": "64MiB"}}}, "at '/worker/config': additional properties 'memori' not allowed"),
    ({"pod": {"toleration": []}}, "at '/pod': additional properties 'toleration'"),
    ({"worker": {"pod": {"extraEnv": [{"nam": "X"}]}}}, "at '/worker/pod/extraEnv/0'"),
    ({"autoscaling": {"keda": {"queueLength": 5}}}, "additional properties 'queueLength'"),
    # The queue.
    ({"queue": {"url": QUEUE + "/"}}, "the_queue_url_has_no_slash_at_its_end"),
    ({"queue": {"url": QUEUE + "//"}}, "the_queue_url_has_no_slash_at_its_end"),
    ({"queue": {"url": "logs"}}, "at '/queue/url'"),
    ({"queue": {"url": "arn:aws:sqs:eu-central-1:123456789012:logs"}}, "at '/queue/url'"),
    ({"queue": {"visibilityTimeout": 43201}}, "at '/queue/visibilityTimeout'"),
    ({"queue": {"url": ""}}, "queue.url is required"),
    ({"queue": {"url": "http://localhost:9324/000000000000/logs"}}, "aws.region is required"),
    # OpenSearch.
    ({"opensearch": {"urls": []}}, "opensearch.urls is required"),
    ({"opensearch": {"urls": ["https://me:secret@search.example"]}}, "user_and_password_belong_into_opensearch_auth"),
    ({"opensearch": {"urls": ["https://a:9200,https://b:9200"]}}, "at '/opensearch/urls/0'"),
    ({"opensearch": {"awsService": "ess"}}, "at '/opensearch/awsService'"),
    ({"opensearch": {"awsService": "es", "auth": {"existingSecret": "s"}}}, "cannot be combined"),
    ({"opensearch": {"ca": {"existingSecret": "a", "existingConfigMap": "b"}}}, "not both"),
    # Settings of the worker.
    ({"worker": {"config": {"drainTimeout": 25}}}, "at '/worker/config/drainTimeout'"),
    ({"worker": {"config": {"drainTimeout": "25 seconds"}}}, "at '/worker/config/drainTimeout'"),
    ({"worker": {"config": {"memory": "48Mb"}}}, "at '/worker/config/memory'"),
    ({"worker": {"config": {"allowBucket": ["a,b"]}}}, "no_commas"),
    ({"worker": {"config": {"expectedBucketOwner": "1234"}}}, "expectedBucketOwner"),
    ({"worker": {"config": {"deadLetters": "letters"}}}, "deadLetters"),
    ({"worker": {"config": {"memory": "256MiB"}}}, "resources.limits.memory is 192Mi: worker.config.memory and 64 MiB for the process need 320Mi"),
    ({"worker": {"resources": {"limits": {"memory": "100M"}}}}, "need 112Mi"),
    ({"worker": {"terminationGracePeriodSeconds": 20}}, "terminationGracePeriodSeconds is 20 and less than"),
    ({"worker": {"podDisruptionBudget": {"minAvailable": 1}}}, "one of maxUnavailable and minAvailable"),
    ({"worker": {"serviceAccount": {"roleArn": "logferry"}}}, "at '/worker/serviceAccount/roleArn'"),
    ({"image": {"repository": ""}}, "image.repository is required"),
    ({"image": {"digest": "sha256:12"}}, "at '/image/digest'"),
    ({"metrics": {"listen": "0.0.0.0:8080"}}, "the_probes_ask_port_9090"),
    # Scaling.
    ({"autoscaling": {"mode": "vpa"}}, "at '/autoscaling/mode'"),
    ({"autoscaling": {"minReplicas": 9}}, "autoscaling.minReplicas is more than"),
    ({"autoscaling": {"mode": "hpa", "minReplicas": 0}}, "only KEDA scales to zero"),
    ({"autoscaling": {"mode": "hpa", "hpa": {"metricName": ""}}}, "needs autoscaling.hpa.metricName"),
    ({"autoscaling": {"mode": "hpa", "hpa": {"averageValue": ""}}}, "autoscaling.hpa.averageValue is required"),
    (joined(KEDA, {"autoscaling": {"keda": {"messagesPerReplica": 0}}}), "at '/autoscaling/keda/messagesPerReplica'"),
    (joined(KEDA, {"autoscaling": {"keda": {"scaleOnInFlight": False, "cooldownPeriod": 60}}}), "while it holds messages"),
    (joined(KEDA, {"autoscaling": {"keda": {"authentication": {"externalId": "1"}}}}), "externalId needs roleArn"),
    # The other commands.
    ({"export": joined(EXPORT, {"config": {"destination": ""}})}, "export.config.destination and"),
    ({"export": joined(EXPORT, {"config": {"allLambda": False}})}, "names no log groups"),
    ({"export": joined(EXPORT, {"mode": "deployment", "config": {"every": ""}})}, "export.config.every is required"),
    ({"export": joined(EXPORT, {"schedule": "hourly"})}, "at '/export/schedule'"),
    ({"prune": {"enabled": True}}, "prune.config needs"),
    ({"prune": {"enabled": True, "config": {"retainLogs": "30h"}}}, "at '/prune/config/retainLogs'"),
    ({"serve": {"enabled": True, "ingress": {"enabled": True}}}, "serve.ingress.host is required"),
    ({"serve": {"enabled": True, "ingress": {"enabled": True, "host": "a.test"}}}, "serve.ingress needs serve.auth"),
    ({"serve": {"enabled": True, "auth": {"proxyUserHeader": "X-User"}}}, "needs serve.auth.trustedProxy"),
]


class Refusals(unittest.TestCase):
    def test_each_is_refused_and_named(self):
        for values, wanted in REFUSED:
            with self.subTest(wanted):
                self.assertIn(wanted, refusal(values))

    def test_all_mistakes_are_told_at_once(self):
        said = refusal({"image": {"repository": ""}, "opensearch": {"urls": []}, "worker": {"terminationGracePeriodSeconds": 1}})
        for part in ("image.repository", "opensearch.urls", "terminationGracePeriodSeconds"):
            self.assertIn(part, said)

    def test_what_is_near_a_refusal_is_taken(self):
        taken = [
            {},
            {"queue": {"url": "http://localhost:9324/000000000000/logs"}, "aws": {"region": "eu-central-1"}},
            {"worker": {"config": {"memory": "128MiB"}}},
            {"worker": {"config": {"memory": "256MiB"}, "resources": {"limits": {"memory": "320Mi"}}}},
            {"worker": {"config": {"memory": "1GiB"}, "resources": {"limits": {"memory": None}}}},
            {"worker": {"resources": None}},
            {"worker": {"terminationGracePeriodSeconds": 25}},
            {"podSecurityContext": {"runAsUser": None, "runAsGroup": None, "fsGroup": None}},
            joined(KEDA, {"autoscaling": {"keda": {"cooldownPeriod": 60}}}),
            {"export": EXPORT},
        ]
        for values in taken:
            with self.subTest(values):
                self.assertEqual(refusal(values), "")


if __name__ == "__main__":
    unittest.main()
