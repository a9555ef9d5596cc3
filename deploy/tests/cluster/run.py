"""The chart on a real API server: validation, install, two bursts, upgrade, rollback, uninstall."""

import base64
import json
import os
import signal
import sys
import time

import helm_python as helm

import burst
import chart
from api import API, DEPLOYMENT, NAMESPACE, SCALED, kubectl, replicas, until
from node import Node

OBJECTS = int(os.environ["BURST"])
MOST = 4  # replicas
CHART = helm.Chart.load(chart.FOLDER)
NODE = Node()
BEGAN = time.monotonic()


def say(text):
    print(f"{time.monotonic() - BEGAN:6.1f} s  {text}", flush=True)


def values(queue_url):
    """What a newcomer gives for these servers; KEDA asks more often than by default, so that the test is short."""
    endpoints = {"AWS_ENDPOINT_URL_SQS": os.environ["CLUSTER_SQS"], "AWS_ENDPOINT_URL_S3": os.environ["CLUSTER_S3"]}
    return {
        "image": {"repository": "registry.example/logferry"},
        "aws": {"region": "us-east-1", "existingSecret": "aws-keys"},
        "queue": {"url": queue_url, "visibilityTimeout": burst.VISIBILITY},
        "opensearch": {"urls": [burst.OPENSEARCH]},
        "setup": {"config": {"replicas": 0}},
        "worker": {
            "config": {"logGroupPattern": ["exports/{function}/"], "allowBucket": [burst.BUCKET]},
            "pod": {"extraEnv": [{"name": name, "value": value} for name, value in endpoints.items()]},
        },
        "autoscaling": {
            "mode": "keda",
            "maxReplicas": MOST,
            "keda": {
                # Half of the burst asks for all replicas, so that they come before a fast machine has drained it.
                "messagesPerReplica": OBJECTS // (2 * MOST),
                "pollingInterval": 2,
                "cooldownPeriod": burst.VISIBILITY,
                "awsEndpoint": os.environ["CLUSTER_SQS"],
            },
        },
    }


def validate():
    """Each case of the matrix by the API server's own strict validation, in a namespace that enforces "restricted"."""
    labels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    kubectl("create", "namespace", NAMESPACE)
    kubectl("label", "namespace", NAMESPACE, *labels)

    def apply(*objects):
        """The warnings of the API server."""
        items = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        return kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=items)[1]

    # The server puts its schema together at the first question. On a busy machine that takes longer than the half minute
    # after which `apply` gives up; this question has no limit.
    kubectl("get", "--raw", "/openapi/v2")
    for name, case in chart.CASES.items():
        warnings = apply(*chart.render(case, namespace=NAMESPACE))
        assert "Warning" not in warnings, f"{name}: {warnings}"
    say(f"{len(chart.CASES)} cases of values: strict validation and Pod Security take every object")
    objects = chart.render(chart.CASES["keda"], namespace=NAMESPACE)
    for kind in ("Deployment", "ScaledObject"):
        wrong = chart.one(objects, kind)
        wrong["spec"]["replica"] = 1
        try:
            apply(wrong)
        except AssertionError as refusal:
            assert "replica" in str(refusal), refusal
        else:
            raise AssertionError(f"a misspelt field of a {kind} was taken")
        del wrong["spec"]["replica"]
    insecure = chart.one(objects, "Deployment")
    insecure["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] = False
    assert "Warning: would violate PodSecurity" in apply(insecure)
    say("a misspelt field and a pod that is not restricted are noticed")


def make_secret():
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    data = {name: base64.b64encode(value.encode()).decode() for name, value in keys.items()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "aws-keys"}, "data": data}
    API.call("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)


def install(given):
    release = helm.Config(kubeconfig_path=os.environ["CLUSTER_KUBECONFIG"], namespace=NAMESPACE)
    release.install(CHART, "logferry", given)
    say("helm install")
    return release


def ready(path=SCALED):
    """KEDA's word about a ScaledObject: "True", "False", or "Unknown" before it has looked."""
    conditions = API.get(path).get("status", {}).get("conditions", [])
    return next((c["status"] for c in conditions if c["type"] == "Ready"), "Unknown")


def slash_at_the_end(given):
    """KEDA itself refuses what the schema of the chart refuses; the same object without the slash it takes."""
    objects = chart.render(chart.joined(given, {"fullnameOverride": "slash"}), namespace=NAMESPACE)
    objects = [item for item in objects if item["kind"] in ("Deployment", "ScaledObject", "TriggerAuthentication")]
    chart.one(objects, "Deployment")["spec"]["replicas"] = 0
    trigger = chart.one(objects, "ScaledObject")["spec"]["triggers"][0]
    path = SCALED.replace("/logferry", "/slash")

    def apply(url):
        trigger["metadata"]["queueURL"] = url
        kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    url = given["queue"]["url"]
    apply(url + "/")
    until("KEDA's refusal of the slash", 60, lambda: ready(path) == "False")
    apply(url)
    until("KEDA's word without the slash", 60, lambda: ready(path) == "True")
    kubectl("delete", "-n", NAMESPACE, "scaledobject/slash", "triggerauthentication/slash", "deployment/slash")
    say("KEDA refuses a queue URL with a slash at its end, and takes it without")


def at_zero():
    return replicas() == 0 and NODE.count() == 0


class Timeline:
    """Watches replicas, workers and queue, prints each change, and keeps what the figures are made of."""

    def __init__(self, url):
        self.url, self.last, self.most = url, None, 0
        self.held = self.reading = 0

    def look(self):
        assert not NODE.failures, NODE.failures
        visible, in_flight = burst.depth(self.url)
        wanted, running = replicas(), len(NODE.workers())
        if running:
            self.held = max(self.held, NODE.gauge("logferry_messages_held") // running)
            self.reading = max(self.reading, NODE.gauge("logferry_objects_reading") // running)
        if (wanted, running) != self.last:
            self.last, self.most = (wanted, running), max(self.most, running)
            say(f"  replicas {wanted}, workers ready {running}, messages visible {visible}, in flight {in_flight}")
        return visible, in_flight

    def drained(self):
        return self.look() == (0, 0)


def check(wanted):
    found = burst.indexed()
    assert len(found) == len(set(found))
    missing, surplus = wanted - set(found), set(found) - wanted
    assert not missing and not surplus, f"{len(missing)} documents are missing, {len(surplus)} are too many"
    assert burst.depth(burst.SQS.get_queue_url(QueueName=burst.DEAD)["QueueUrl"]) == (0, 0), "there are dead letters"
    say(f"{len(found):,} documents: none lost, none twice; the dead-letter queue is empty")


def to_zero(timeline, since):
    until("0 replicas and no pod", 180, lambda: timeline.look() and at_zero())
    say(f"0 replicas {time.monotonic() - since:.1f} s after the last message")


def first_document(url):
    """Step 7 of the chart's README: an object of one line, found by the command that the README gives."""
    line = "ERROR the first log line, sent by hand"
    assert line in (chart.FOLDER / "README.md").read_text()
    bodies = {"first/hello.log": f"{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime())} {line}\n".encode()}
    burst.upload(bodies)
    began = time.monotonic()
    burst.notify(url, bodies)
    timeline = Timeline(url)
    worker = until("a first worker", 60, lambda: timeline.look() and NODE.workers())[0]
    until("the first document", 60, lambda: line in worker.execute("search", "--literal", "the first log line"))
    say(f"the first line is found {time.monotonic() - began:.1f} s after its notification, from 0 replicas")
    to_zero(timeline, time.monotonic())
    documents = set(burst.indexed())
    assert len(documents) == 1
    return documents


def plain_burst(url, before):
    """The figures: from the first message to an empty queue, to the last replica, and back to zero."""
    objects = burst.Burst("plain", OBJECTS)
    wanted = objects.documents()
    burst.upload(objects.bodies)
    timeline = Timeline(url)
    say(f"burst: {OBJECTS} objects, {objects.events:,} log lines, {len(wanted):,} documents")
    began = time.monotonic()
    burst.notify(url, objects.bodies)
    until("a first worker", 60, lambda: timeline.look() and NODE.workers())
    first = time.monotonic() - began
    until("an empty queue", 600, timeline.drained)
    drained = time.monotonic() - began
    assert timeline.most == MOST, f"{timeline.most} workers at most, not {MOST}"
    say(f"first worker ready after {first:.1f} s, queue empty after {drained:.1f} s, at most {timeline.most} workers; "
        f"{len(wanted) / (drained - first):,.0f} documents/s; a worker held up to {timeline.held} messages and read "
        f"up to {timeline.reading} objects")
    to_zero(timeline, began + drained)
    check(wanted | before)
    return wanted | before


def troubled_burst(url, release, given):
    """A worker is killed, and the chart is upgraded and rolled back, while workers work."""
    objects = burst.Burst("troubled", OBJECTS)
    wanted = objects.documents()
    burst.upload(objects.bodies)
    timeline = Timeline(url)
    say(f"burst with trouble: {OBJECTS} objects")
    burst.notify(url, objects.bodies)
    until("two workers", 120, lambda: timeline.look() and len(NODE.workers()) >= 2)
    victim = NODE.workers()[0]
    victim.process.send_signal(signal.SIGKILL)
    until("the restart of the killed worker", 60, lambda: victim.restarts == 1 and victim.ready)
    say(f"  SIGKILL for the worker of {victim.name}; it was started again")
    before = replicas()
    changed = chart.joined(given, {"worker": {"config": {"bulkLinger": "400ms"}}})
    release.upgrade(CHART, "logferry", changed)
    after = API.get(DEPLOYMENT)
    assert after["spec"]["replicas"] >= min(before, 2), "the upgrade has reset the replicas"
    environment = chart.environment(after["spec"]["template"]["spec"]["containers"][0])
    assert environment["LOGFERRY_BULK_LINGER"] == "400ms"
    say(f"  helm upgrade with {before} replicas: {after['spec']['replicas']} after it")

    def rolled_out():
        timeline.look()
        status = API.get(DEPLOYMENT)
        current = status["status"]
        return (current.get("observedGeneration") == status["metadata"]["generation"]
                and current.get("updatedReplicas", 0) == current.get("replicas", 0) == current.get("readyReplicas", 0))

    until("the end of the rolling update", 300, rolled_out)
    say("  all pods are of the new revision")
    release.rollback("logferry")
    history = [(entry["revision"], entry["status"]) for entry in release.history("logferry")]
    assert history == [(1, "superseded"), (2, "superseded"), (3, "deployed")], history
    environment = chart.environment(API.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0])
    assert "LOGFERRY_BULK_LINGER" not in environment
    say("  helm rollback: revision 3 is revision 1 again")
    until("an empty queue", 600, timeline.drained)
    to_zero(timeline, time.monotonic())
    return wanted


def uninstall(release):
    release.uninstall("logferry")
    kinds = "all,serviceaccounts,pdb,scaledobjects,triggerauthentications,hpa"
    until("no object of the release", 60, lambda: not kubectl("get", kinds, "-n", NAMESPACE, "-l", "app.kubernetes.io/instance=logferry", "-o", "name")[0])
    until("no horizontal pod autoscaler", 60, lambda: not kubectl("get", "hpa", "-n", NAMESPACE, "-o", "name")[0])
    say("helm uninstall: nothing is left")


def pods_ended_well():
    grace = 35
    slow = [pod.name for pod in NODE.ended if pod.drain_seconds is not None and pod.drain_seconds > grace]
    assert not slow, f"longer than their grace: {slow}"
    codes = [code for pod in NODE.ended for code in pod.exit_codes]
    assert sorted(set(codes)) in ([0], [-9, 0]) and codes.count(-9) == 1, codes
    drains = [pod.drain_seconds for pod in NODE.ended if pod.drain_seconds is not None]
    peak = max(pod.peak_kb for pod in NODE.ended) / 1000
    limit = 192 * 1.048576
    assert peak < limit, f"a worker had {peak:.0f} MB"
    say(f"{len(drains)} pods ended by SIGTERM, each with 0, the slowest after {max(drains):.1f} s of {grace}; "
        f"the largest worker had {peak:.0f} MB of {limit:.0f}")


def main():
    validate()
    NODE.start()
    url = burst.make_queue()
    given = values(url)
    make_secret()
    slash_at_the_end(given)
    release = install(given)
    until("KEDA's word that the ScaledObject is ready", 60, lambda: ready() == "True")
    until("templates, and 0 replicas", 120, at_zero)
    say("KEDA: 0 replicas, the queue is empty")
    documents = plain_burst(url, first_document(url))
    documents |= troubled_burst(url, release, given)
    check(documents)
    uninstall(release)
    until("no process", 60, lambda: NODE.count() == 0)
    pods_ended_well()
    say("passed")


def end_processes():
    with NODE.lock:
        running = [pod.process for pod in NODE.pods.values() if pod.process]
    for process in running:
        if process.poll() is None:
            process.kill()


if __name__ == "__main__":
    # A broken test ends with its reason, and no process outlives it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    finally:
        end_processes()
