"""What the chart renders: valid for each Kubernetes and each CRD, restricted, and with settings that logferry knows."""

import os
import pathlib
import re
import unittest

import helm_python as helm
import jsonschema
import kubernetes_validate
import yaml

from chart import BASE, CASES, FOLDER, PROJECT
from chart import containers, documented_flags, environment, joined, notes, one, pod_templates, render

# kubeVersion of Chart.yaml, and the newest that kubernetes_validate knows.
VERSIONS = ["1.27.0", kubernetes_validate.latest_version()]


def strict(schema):
    """The schema of a CRD, in which an unknown field is a mistake, as for the API server."""
    if isinstance(schema, dict):
        schema = {key: strict(value) for key, value in schema.items()}
        open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
        if isinstance(schema.get("properties"), dict) and not open_ended:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        schema = [strict(value) for value in schema]
    return schema


def custom_schemas():
    """(apiVersion, kind) → the schema of the CRD."""
    schemas = {}
    for folder in os.environ["CRD_FOLDERS"].split(":"):
        for file in pathlib.Path(folder).glob("*.yaml"):
            if not re.search("scaledobjects|triggerauthentications|servicemonitors|prometheusrules", file.name):
                continue
            crd = yaml.safe_load(file.read_text())["spec"]
            for version in crd["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                # Metadata is described by Kubernetes, not by the CRD.
                schema["properties"]["metadata"] = {"type": "object"}
                schemas[f"{crd['group']}/{version['name']}", crd["names"]["kind"]] = schema
    return schemas


def restricted_faults(pod):
    """What the profile "restricted" of the Pod Security Standards has against a pod."""
    faults = []
    of_pod = pod.get("securityContext", {})
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            faults.append(key)
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}
        if not kinds <= allowed | {"secret"}:
            faults.append(f"volume {volume}")
    for container in containers(pod):
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            faults.append("allowPrivilegeEscalation")
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
            faults.append("capabilities")
        if not own.get("runAsNonRoot", of_pod.get("runAsNonRoot")):
            faults.append("runAsNonRoot")
        if own.get("runAsUser", of_pod.get("runAsUser")) == 0:
            faults.append("runAsUser")
        if own.get("seccompProfile", of_pod.get("seccompProfile", {})).get("type") not in ("RuntimeDefault", "Localhost"):
            faults.append("seccompProfile")
        if own.get("privileged") or any("hostPort" in port for port in container.get("ports", [])):
            faults.append("privileged, hostPort")
    return faults


class Rendered(unittest.TestCase):
    def cases(self):
        for name, values in CASES.items():
            with self.subTest(name):
                yield name, values, render(values)

    def test_lint(self):
        for name, values in [("no values", {})] + [(n, joined(BASE, v)) for n, v in CASES.items()]:
            with self.subTest(name):
                report = helm.lint(FOLDER, values, strict=True)
                found = [m for m in report["messages"] if m["error"] != "icon is recommended"]
                self.assertEqual((report["errors"], found), ([], []))

    def test_kubernetes_takes_every_object(self):
        for _, _, objects in self.cases():
            for item in objects:
                if "keda.sh" in item["apiVersion"] or "coreos.com" in item["apiVersion"]:
                    continue
                for version in VERSIONS:
                    kubernetes_validate.validate(item, version, strict=True)

    def test_the_crds_take_every_object(self):
        schemas = custom_schemas()
        tried = set()
        for _, _, objects in self.cases():
            for item in objects:
                schema = schemas.get((item["apiVersion"], item["kind"]))
                if schema:
                    jsonschema.Draft202012Validator(schema).validate(item)
                    tried.add(item["kind"])
        self.assertEqual(tried, {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"})
        wrong = one(render(CASES["keda"]), "ScaledObject")
        wrong["spec"]["maxReplicas"] = 3
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schemas["keda.sh/v1alpha1", "ScaledObject"]).validate(wrong)

    def test_every_pod_is_restricted(self):
        for _, _, objects in self.cases():
            for name, template in pod_templates(objects):
                self.assertEqual(restricted_faults(template["spec"]), [], name)
                self.assertFalse(template["spec"]["automountServiceAccountToken"])
                self.assertFalse(template["spec"]["enableServiceLinks"])
                for container in containers(template["spec"]):
                    self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
                    self.assertIn("memory", container["resources"]["limits"])

    def test_every_name_fits_and_is_there_once(self):
        for _, _, objects in self.cases():
            names = [(item["kind"], item["metadata"]["name"]) for item in objects]
            self.assertEqual(len(names), len(set(names)))
            for kind, name in names:
                self.assertLessEqual(len(name), 52 if kind == "CronJob" else 63)
            for item in objects:
                self.assertEqual(item["metadata"]["namespace"], "logs")

    def test_every_selector_finds_its_pods(self):
        for name, _, objects in self.cases():
            labels = [template["metadata"]["labels"] for _, template in pod_templates(objects)]
            for item in objects:
                spec = item["spec"] if item["kind"] != "ServiceAccount" else {}
                selector = spec.get("selector") or spec.get("podSelector")
                if item["kind"] in ("Deployment", "PodDisruptionBudget", "NetworkPolicy"):
                    selector = selector["matchLabels"]
                if item["kind"] in ("Deployment", "PodDisruptionBudget", "NetworkPolicy", "Service"):
                    found = [one for one in labels if selector.items() <= one.items()]
                    self.assertTrue(found, f"{name}: {item['kind']} {item['metadata']['name']}")
                if item["kind"] == "ServiceMonitor":
                    service = one(objects, "Service", "metrics")["metadata"]["labels"]
                    self.assertLessEqual(selector["matchLabels"].items(), service.items())

    def test_no_replicas_where_an_autoscaler_sets_them(self):
        for name, values, objects in self.cases():
            spec = one(objects, "Deployment", "worker")["spec"]
            mode = values.get("autoscaling", {}).get("mode", "none")
            self.assertEqual("replicas" in spec, mode == "none")
            for kind in ("ScaledObject", "HorizontalPodAutoscaler"):
                target = [i["spec"]["scaleTargetRef"]["name"] for i in objects if i["kind"] == kind]
                wanted = {"keda": "ScaledObject", "hpa": "HorizontalPodAutoscaler"}.get(mode) == kind
                self.assertEqual(target, ["logferry"] if wanted else [])

    def test_the_grace_is_longer_than_the_drain(self):
        for drain, grace in {"": 35, "25s": 35, "1m 30s": 100, "90s": 100, "1500ms": 35, "1h": 3610}.items():
            pod = one(render({"worker": {"config": {"drainTimeout": drain}}}), "Deployment")["spec"]["template"]["spec"]
            self.assertEqual(pod["terminationGracePeriodSeconds"], grace, drain)

    def test_probes_ask_what_the_worker_serves(self):
        pod = one(render({}), "Deployment")["spec"]["template"]["spec"]
        worker = pod["containers"][0]
        asked = {probe: worker[probe]["httpGet"]["path"] for probe in worker if probe.endswith("Probe")}
        self.assertEqual(asked, {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"})
        self.assertEqual(worker["ports"], [{"name": "metrics", "containerPort": 9090, "protocol": "TCP"}])
        self.assertEqual(documented_flags("configuration.md")["--listen"], "0.0.0.0:9090")


class Scaling(unittest.TestCase):
    def scaled(self, values):
        objects = render(joined(CASES["keda"], values))
        return one(objects, "ScaledObject")["spec"], one(objects, "TriggerAuthentication")["spec"]

    def test_keda_counts_visible_and_in_flight_and_goes_to_zero(self):
        spec, auth = self.scaled({})
        self.assertEqual((spec["minReplicaCount"], spec["maxReplicaCount"]), (0, 8))
        self.assertEqual(
            spec["triggers"][0]["metadata"],
            {
                "queueURL": BASE["queue"]["url"],
                "awsRegion": "eu-central-1",
                "queueLength": "200",
                "activationQueueLength": "0",
                "scaleOnInFlight": "true",
                "scaleOnDelayed": "false",
            },
        )
        self.assertEqual(auth, {"podIdentity": {"provider": "aws", "identityOwner": "keda"}})

    def test_the_cooldown_is_at_least_the_visibility_timeout(self):
        for visibility, cooldown in {30: 300, 300: 300, 900: 900, 43200: 43200}.items():
            spec, _ = self.scaled({"queue": {"visibilityTimeout": visibility}})
            self.assertEqual(spec["cooldownPeriod"], cooldown)

    def test_keda_uses_the_identity_that_is_given(self):
        keys = one(render(CASES["keda-keys"]), "TriggerAuthentication")["spec"]["secretTargetRef"]
        self.assertEqual({ref["parameter"]: ref["name"] for ref in keys}, dict.fromkeys(("awsAccessKeyID", "awsSecretAccessKey"), "aws-keys"))
        role = one(render(CASES["keda-role"]), "TriggerAuthentication")["spec"]["podIdentity"]
        self.assertEqual(role, {"provider": "aws", "roleArn": "arn:aws:iam::210987654321:role/keda", "externalID": "17"})
        objects = render(CASES["keda-existing"])
        self.assertEqual(one(objects, "ScaledObject")["spec"]["triggers"][0]["authenticationRef"], {"name": "aws", "kind": "ClusterTriggerAuthentication"})
        self.assertNotIn("TriggerAuthentication", [item["kind"] for item in objects])

    def test_the_region_is_that_of_the_queue(self):
        urls = {
            "https://sqs.ap-southeast-2.amazonaws.com/123456789012/q": "ap-southeast-2",
            "https://eu-west-1.queue.amazonaws.com/123456789012/q": "eu-west-1",
            "https://sqs.us-gov-west-1.amazonaws.com/123456789012/q": "us-gov-west-1",
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q": "cn-north-1",
            "https://vpce-0a1b2c-3d.sqs.eu-central-1.vpce.amazonaws.com/123456789012/q": "eu-central-1",
            "https://sqs-fips.us-east-2.amazonaws.com/123456789012/q": "us-east-2",
        }
        for url, region in urls.items():
            worker = one(render({"queue": {"url": url}}), "Deployment")["spec"]["template"]["spec"]["containers"][0]
            self.assertEqual(environment(worker)["AWS_REGION"], region, url)


class Settings(unittest.TestCase):
    PAGES = {
        "worker": ["configuration.md"],
        "check": ["configuration.md"],
        "setup": ["configuration.md", "opensearch.md"],
        "prune": ["configuration.md", "opensearch.md"],
        "export": ["configuration.md", "export.md"],
    }

    def test_every_variable_is_one_of_a_documented_flag(self):
        tried = 0
        for name, values in CASES.items():
            for _, template in pod_templates(render(values)):
                for container in containers(template["spec"]):
                    if container["name"] == "serve":
                        continue  # below
                    text = "".join((PROJECT / "docs" / page).read_text() for page in self.PAGES[container["name"]])
                    for variable in environment(container):
                        if variable.startswith("LOGFERRY_"):
                            own = re.sub("^LOGFERRY_(EXPORT_)?", "", variable) if container["name"] == "export" else variable[9:]
                            flag = "--" + own.lower().replace("_", "-")
                            self.assertRegex(text, rf"{flag}\b", f"{name}: {container['name']}: {variable}")
                            tried += 1
        self.assertGreater(tried, 120)

    def test_every_variable_of_the_page_is_one_of_a_documented_flag(self):
        text = "".join((PROJECT / "docs" / page).read_text() for page in ("configuration.md", "serve.md", "export.md"))
        serve = dict(pod_templates(render(CASES["everything"])))["logferry-serve"]["spec"]["containers"][0]
        for variable in environment(serve):
            if variable.startswith("LOGFERRY_"):
                flag = "--" + re.sub("^LOGFERRY_(SERVE_|EXPORT_)?", "", variable).lower().replace("_", "-")
                self.assertRegex(text, rf"{flag}\b")

    def test_the_page_is_reachable_only_with_somebody_who_asks_for_a_name(self):
        def listens(auth):
            objects = render({"serve": {"enabled": True, "auth": auth}})
            container = one(objects, "Deployment", "serve")["spec"]["template"]["spec"]["containers"][0]
            services = [item for item in objects if item["kind"] == "Service" and item["metadata"]["name"].endswith("serve")]
            self.assertEqual("livenessProbe" in container, bool(services))
            return environment(container)["LOGFERRY_SERVE_LISTEN"], bool(services)

        self.assertEqual(listens({}), ("127.0.0.1:9180", False))
        for auth in ({"existingSecret": "s"}, {"insecureNoAuth": True}, {"proxyUserHeader": "X", "trustedProxy": ["10.0.0.1"]}):
            self.assertEqual(listens(auth), ("0.0.0.0:9180", True))

    def test_the_page_reaches_the_metrics_of_the_workers(self):
        def policy(serve, **values):
            objects = render({"networkPolicy": {"enabled": True, **values}, "serve": {"auth": {"insecureNoAuth": True}, **serve}})
            return one(objects, "NetworkPolicy", "worker")["spec"], objects

        def ports(spec, peers=None):
            """The ports of the rules that hold for these peers, or for all of them."""
            return [port["port"] for rule in spec["egress"] if rule.get("to") in (None, peers) for port in rule["ports"]]

        def scraping(*urls):
            return {"enabled": True, "pipeline": {"workerMetrics": list(urls)}}

        for urls, expected in {
            ("http://logferry-metrics:9090/metrics",): [9090],
            ("http://a:9091/metrics", "http://b:9091/metrics", "https://c/metrics", "http://d/metrics"): [9091, 443, 80],
            ("http://[fd00::1]:9092/metrics",): [9092],
        }.items():
            spec, _ = policy(scraping(*urls), egressTo=[{"ipBlock": {"cidr": "10.0.0.0/8"}}])
            self.assertEqual(ports(spec)[2:], expected)
        for unused in ({}, {"enabled": True}, {**scraping("http://a:9091/metrics"), "enabled": False}):
            self.assertNotIn(9091, ports(policy(unused)[0]))
        # Where not everyone may scrape, the pods of the page may.
        monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
        spec, objects = policy(scraping("http://a:9090/metrics"), metricsFrom=[monitoring])
        peers = spec["ingress"][0]["from"]
        self.assertEqual(peers[0], monitoring)
        pod = one(objects, "Deployment", "serve")["spec"]["template"]["metadata"]["labels"]
        self.assertLessEqual(peers[1]["podSelector"]["matchLabels"].items(), pod.items())
        spec, _ = policy({"enabled": True}, metricsFrom=[monitoring])
        self.assertEqual(spec["ingress"][0]["from"], [monitoring])
        self.assertNotIn("from", policy(scraping("http://a:9090/metrics"))[0]["ingress"][0])

    def test_every_flag_of_the_worker_can_be_set(self):
        objects = render(CASES["everything"]) + render({"opensearch": {"acceptInvalidCertificates": True, "awsService": "es", "awsRegion": "x"}}) + render({"opensearch": {"auth": {"existingSecret": "s", "apiKeyKey": "k"}}})
        set_by_chart = set()
        for _, template in pod_templates(objects):
            for container in containers(template["spec"]):
                if container["name"] == "worker":
                    set_by_chart |= set(environment(container))
        flags = {"LOGFERRY_" + flag[2:].upper().replace("-", "_") for flag in documented_flags("configuration.md")}
        # A pod that ends is started again; passwords come as files; setup is an init container.
        left_out = {"LOGFERRY_UNTIL_EMPTY", "LOGFERRY_OPENSEARCH_PASSWORD", "LOGFERRY_SETUP"}
        self.assertEqual(flags - set_by_chart, left_out)

    def test_values_are_written_as_logferry_reads_them(self):
        pod = one(render(CASES["everything"]), "Deployment", "worker")["spec"]["template"]["spec"]
        worker = environment(pod["containers"][0])
        self.assertEqual(worker["LOGFERRY_MESSAGES_IN_FLIGHT"], "2000000")
        self.assertEqual(worker["LOGFERRY_ALLOW_REGION"], "us-east-1,us-west-2")
        self.assertEqual(worker["LOGFERRY_OPENSEARCH_URL"], "https://a.example:9200,https://b.example:9201/path")
        self.assertEqual(worker["LOGFERRY_KEEP_ORIGINAL"], "true")
        self.assertEqual(worker["LOGFERRY_S3_PATH_STYLE"], "off")
        self.assertEqual(pod["containers"][0]["args"], ["worker", "--bulk-timeout", "45s"])

    def test_a_variable_of_ones_own_replaces_that_of_the_chart(self):
        for _, template in pod_templates(render(CASES["everything"])):
            for container in containers(template["spec"]):
                names = [entry["name"] for entry in container["env"]]
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual(environment(container)["AWS_REGION"], "us-east-1")

    def test_secrets_are_files_and_each_command_has_its_own(self):
        for name, template in pod_templates(render(CASES["everything"])):
            secrets = {v["name"]: v["secret"]["secretName"] for v in template["spec"]["volumes"] if "secret" in v}
            for container in containers(template["spec"]):
                mounted = {secrets.get(mount["name"]) for mount in container.get("volumeMounts", [])}
                wanted = {"setup": "opensearch-admin", "prune": "opensearch-prune", "serve": "opensearch-search", "export": None}
                self.assertIn(wanted.get(container["name"], "opensearch"), mounted, name)

    def test_empty_values_mean_unset(self):
        def emptied(value):
            if isinstance(value, dict):
                return {key: emptied(inner) for key, inner in value.items()}
            return type(value)() if isinstance(value, (str, list)) else value

        kept = ("usernameKey", "passwordKey", "certKey", "keyKey", "key", "existingKind", "mode", "schedule", "type", "metricType")
        everything = joined(yaml.safe_load((FOLDER / "values.yaml").read_text()), {})
        empty = emptied(everything)

        def restore(target, source):
            for key, value in source.items():
                if isinstance(value, dict):
                    restore(target[key], value)
                elif key in kept:
                    target[key] = value

        restore(empty, everything)
        for component in ("podSecurityContext", "containerSecurityContext"):
            empty[component] = everything[component]
        for component in ("worker", "export", "prune", "serve"):
            empty[component]["resources"] = everything[component]["resources"]
        empty["worker"]["strategy"] = everything["worker"]["strategy"]
        empty["export"]["config"]["every"] = everything["export"]["config"]["every"]
        self.assertEqual(render(joined(empty, BASE)), render({}))

    def test_defaults_of_the_templates_are_those_of_the_flags(self):
        text = "".join(file.read_text() for file in (FOLDER / "templates").iterdir())
        flags = documented_flags("configuration.md")
        self.assertIn(f'default "{flags["--drain-timeout"]}" .Values.worker.config.drainTimeout', text)
        self.assertIn(f'default "{flags["--memory"]}" $v.worker.config.memory', text)

    def test_notes_warn_of_what_is_missing(self):
        self.assertIn("NOTE: without worker.config.deadLetters", notes({}))
        everything = notes(CASES["everything"])
        self.assertNotIn("NOTE: ", everything)
        self.assertIn("0 to 8, by KEDA: one for each 200 messages", notes(CASES["keda"]))
        for values in CASES.values():
            self.assertNotRegex(notes(values), r"<no value>|%!")


if __name__ == "__main__":
    unittest.main()
