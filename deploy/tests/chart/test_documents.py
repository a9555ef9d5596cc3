"""values.yaml, its schema, the README and the alerts name the same things."""

import json
import re
import unittest

import promql_parser
import yaml

from chart import FOLDER, PROJECT, environment, joined, one, refusal, render

VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())
SCHEMA = json.loads((FOLDER / "values.schema.json").read_text())
README = (FOLDER / "README.md").read_text()


def leaves(values, path=""):
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            yield from leaves(value, here)
        else:
            yield here, value


def at(values, path):
    for key in path.split("."):
        values = values[key]
    return values


def resolved(schema):
    return SCHEMA["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema


class Values(unittest.TestCase):
    def test_the_schema_has_exactly_the_keys_of_the_values(self):
        def compare(values, schema, path):
            schema = resolved(schema)
            if schema.get("additionalProperties") is not False:
                return
            # An empty map holds what its owner wants of the known keys.
            if values:
                known = set(schema["properties"]) - {"global", "claims", "initialDelaySeconds", "successThreshold"}
                self.assertEqual(set(values), known, path)
                for key, value in values.items():
                    if isinstance(value, dict):
                        compare(value, schema["properties"][key], f"{path}/{key}")

        compare(VALUES, SCHEMA, "")

    def test_the_table_of_the_readme_has_every_value_and_its_default(self):
        rows = re.findall(r"^\| `([A-Za-z0-9.]+)` \| (.+?) \| .+\|$", README, re.M)
        self.assertEqual(len({key for key, _ in rows}), len(rows), "a key stands twice")
        for key, shown in rows:
            value = at(VALUES, key)
            if value in ("", [], {}, None):
                self.assertEqual(shown, "–", key)
            elif isinstance(value, (dict, list)):
                self.assertEqual(shown, "see values.yaml", key)
            else:
                self.assertEqual(shown, f"`{json.dumps(value) if isinstance(value, bool) else value}`", key)
        named = [key for key, _ in rows]
        for leaf, _ in leaves(VALUES):
            parents = {leaf[: match.start()] for match in re.finditer(r"\.|$", leaf)}
            self.assertTrue(parents & set(named), f"{leaf} is not in the README")

    def test_links_of_the_readme_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", README):
            if not target.startswith("http"):
                self.assertTrue((FOLDER / target).exists(), target)

    def test_the_chart_has_the_version_of_logferry(self):
        chart = yaml.safe_load((FOLDER / "Chart.yaml").read_text())
        cargo = re.search(r'^version = "(.+)"$', (PROJECT / "Cargo.toml").read_text(), re.M)[1]
        self.assertEqual(chart["appVersion"], cargo)


class Readme(unittest.TestCase):
    VARIABLES = {
        "AWS_REGION": "eu-central-1",
        "ACCOUNT": "123456789012",
        "BUCKET": "my-lambda-logs",
        "QUEUE": "lambda-logs",
        "NAMESPACE": "logs",
        "OPENSEARCH": "https://search.example:9200",
        "REPOSITORY": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/logferry",
        "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/lambda-logs",
    }

    def files(self):
        """The files that the commands of the README write, as a shell writes them."""
        blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S))
        found = {}
        for name, end, text in re.findall(r"^cat >(\S+) <<'?(\w)'?\n(.*?)^\2$", blocks, re.M | re.S):
            found[name] = re.sub(r"\$(\w+)", lambda match: self.VARIABLES[match[1]], text)
        return found

    def test_its_values_can_be_installed(self):
        blocks = re.findall(r"^```yaml\n(.*?)^```", README, re.M | re.S)
        values = [yaml.safe_load(block) for block in blocks if "not of this chart" not in block]
        self.assertGreaterEqual(len(values), 4)
        for value in values + [yaml.safe_load(self.files()["values.yaml"])]:
            self.assertEqual(refusal(value), "")
        worker = environment(one(render(values=yaml.safe_load(self.files()["values.yaml"])), "Deployment")["spec"]["template"]["spec"]["containers"][0])
        self.assertEqual(worker["LOGFERRY_QUEUE_URL"], self.VARIABLES["QUEUE_URL"])

    def test_its_policies_are_those_of_the_documents(self):
        files = self.files()
        statements = json.loads(files["worker.json"])["Statement"]
        allowed = {action for statement in statements for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])}
        page = (PROJECT / "docs/configuration.md").read_text().split("## Permissions of the worker")[1].split("##")[0]
        # Its worker has no store of dead letters.
        self.assertEqual(allowed, set(re.findall(r"(?:sqs|s3):\w+", page)) - {"s3:PutObject"})
        queue = json.loads(files["queue.json"])
        self.assertEqual(queue["VisibilityTimeout"], "300")
        statement = json.loads(queue["Policy"])["Statement"][0]
        self.assertEqual(set(statement["Condition"]), {"ArnLike", "StringEquals"})
        self.assertEqual(json.loads(queue["RedrivePolicy"])["maxReceiveCount"], "5")
        json.loads(files["trust.json"])


class Alerts(unittest.TestCase):
    def rules(self, more={}):
        values = joined({"metrics": {"prometheusRule": {"enabled": True}}}, more)
        return [rule for group in one(render(values), "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]

    def test_the_chart_has_the_rules_of_deploy_alerts(self):
        ours, theirs = FOLDER / "files/alerts.yaml", PROJECT / "deploy/alerts/prometheus/logferry.yaml"
        self.assertEqual(ours.read_text(), theirs.read_text(), f"Helm reads below the chart only: cp {theirs} {ours}")

    def test_every_expression_parses_and_asks_for_metrics_that_exist(self):
        metrics = dict(re.findall(r"^\| `(logferry_\w+)` \| (\w+) \|", (PROJECT / "docs/metrics.md").read_text(), re.M))
        self.assertGreater(len(metrics), 30)
        for rule in self.rules():
            promql_parser.parse(rule["expr"])
            asked = re.findall(r"logferry_\w+", rule["expr"])
            self.assertTrue(asked)
            for name in asked:
                histogram = re.sub("_(bucket|sum|count)$", "", name)
                self.assertTrue(name in metrics or metrics.get(histogram) == "histogram", f"{rule['alert']}: {name}")
                if metrics.get(name) == "counter":
                    self.assertRegex(rule["expr"], rf"(increase|rate)\({name}")

    def test_every_alert_says_what_to_do(self):
        for rule in self.rules():
            self.assertTrue(rule["labels"]["severity"])
            self.assertGreater(len(rule["annotations"]["description"]), 40)
            self.assertNotIn("\n", rule["annotations"]["description"])

    def test_alerts_can_be_left_out_and_added(self):
        names = {rule["alert"] for rule in self.rules()}
        more = {"metrics": {"prometheusRule": {"disabledAlerts": ["LogferryHolding"], "groups": [{"name": "own", "rules": [{"alert": "Own", "expr": "up"}]}]}}}
        self.assertEqual({rule["alert"] for rule in self.rules(more)}, names - {"LogferryHolding"} | {"Own"})

    def test_no_worker_is_no_alert_where_keda_scales_to_zero(self):
        def alerts(least):
            return {rule["alert"] for rule in self.rules({"autoscaling": {"mode": "keda", "minReplicas": least}})}

        self.assertNotIn("LogferryAbsent", alerts(""))
        self.assertNotIn("LogferryAbsent", alerts(0))
        self.assertIn("LogferryAbsent", alerts(1))


if __name__ == "__main__":
    unittest.main()
