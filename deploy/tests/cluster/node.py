"""What a kubelet does for the pods of the chart: it starts real processes with the pods' own arguments, variables and
secrets, asks their readiness probe, restarts what ended, and gives SIGTERM and the pod's grace period to what is deleted."""

import base64
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from api import API, NAMESPACE, PODS, STRATEGIC, Refused

BINARY = os.environ["LOGFERRY_BIN"]
LOGS = pathlib.Path(os.environ["CLUSTER_PODS"])
FIRST_PORT = int(os.environ["CLUSTER_PORTS"])
SLOTS = 7
NAME = "test-node"


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def variables(container):
    """The environment of a container, secrets fetched from the API server."""
    found = {}
    for entry in container.get("env", []):
        source = entry.get("valueFrom", {}).get("secretKeyRef")
        if source:
            secret = API.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/{source['name']}")
            if source["key"] in secret["data"]:
                found[entry["name"]] = base64.b64decode(secret["data"][source["key"]]).decode()
            elif not source.get("optional"):
                raise AssertionError(f"the secret {source['name']} has no key {source['key']}")
        else:
            found[entry["name"]] = entry.get("value", "")
    return found


class Pod(threading.Thread):
    """One pod, from its binding to its removal."""

    def __init__(self, node, pod):
        super().__init__(name=pod["metadata"]["name"], daemon=True)
        self.node = node
        self.port = None
        self.path = f"{PODS}/{self.name}"
        self.spec = pod["spec"]
        self.deleted = threading.Event()
        self.process = None
        self.ready = False
        self.restarts = 0
        self.peak_kb = 0
        self.exit_codes = []
        self.drain_seconds = None

    def run(self):
        self.port = self.node.ports.get()  # waits while the node is full
        try:
            target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
            body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": self.name}, "target": target}
            API.call("POST", f"{self.path}/binding", body)
            for container in self.spec.get("initContainers", []):
                self.start_process(container)
                if self.process.wait() != 0 and not self.deleted.is_set():
                    raise AssertionError(f"{container['name']} ended with {self.process.returncode}: see {self.log()}")
            while not self.deleted.is_set():
                self.start_process(self.spec["containers"][0])
                self.look_after()
            self.end()
            API.call("DELETE", f"{self.path}?gracePeriodSeconds=0")
        except Refused as refused:
            if refused.status not in (404, 409):  # the pod was deleted before it was bound, or is gone
                self.node.failures.append(refused)
        except Exception as failure:  # kept for the test, which fails by it
            self.node.failures.append(failure)
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
            self.node.ports.put(self.port)
            self.node.forget(self)

    def log(self):
        return LOGS / f"{self.name}.log"

    def start_process(self, container):
        # On one host each pod needs a port of its own; nothing else of the container is changed.
        environment = {**variables(container), "LOGFERRY_LISTEN": f"127.0.0.1:{self.port}"}
        with open(self.log(), "a") as log:
            command = [BINARY, *container["args"]]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=3) as answer:
            return answer.read().decode()

    def execute(self, *arguments):
        """What `kubectl exec` prints: logferry with the variables of the container."""
        environment = variables(self.spec["containers"][0])
        return subprocess.run([BINARY, *arguments], env=environment, capture_output=True, text=True).stdout

    def look_after(self):
        """Probes, until the process ends or the pod is deleted."""
        while self.process.poll() is None and not self.deleted.wait(0.2):
            try:
                ready = bool(self.ask("/readyz"))
            except (urllib.error.URLError, OSError):
                ready = False
            self.measure()
            if ready != self.ready:
                self.ready = ready
                self.report()
        if self.process.poll() is not None:
            self.exit_codes.append(self.process.returncode)
            self.ready = False
            self.restarts += 1

    def measure(self):
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak_kb = max(self.peak_kb, int(line.split()[1]))

    def report(self):
        value = "True" if self.ready else "False"
        conditions = [{"type": kind, "status": value} for kind in ("Ready", "ContainersReady")]
        container = self.spec["containers"][0]
        state = {"name": container["name"], "image": container["image"], "imageID": "", "ready": self.ready,
                 "restartCount": self.restarts, "state": {"running": {"startedAt": now()}}}
        status = {"phase": "Running", "startTime": now(), "conditions": conditions, "containerStatuses": [state]}
        API.call("PATCH", f"{self.path}/status", {"status": status}, STRATEGIC)

    def end(self):
        began = time.monotonic()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(self.spec["terminationGracePeriodSeconds"])
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            if self.ready:  # before, not even the handlers of signals need be there
                self.exit_codes.append(self.process.returncode)
        self.drain_seconds = time.monotonic() - began


class Node(threading.Thread):
    """Follows the pods of the namespace."""

    def __init__(self):
        super().__init__(name="node", daemon=True)
        self.pods, self.ended, self.failures = {}, [], []
        self.lock = threading.Lock()
        self.ports = queue.Queue()
        for slot in range(SLOTS):
            self.ports.put(FIRST_PORT + slot)
        LOGS.mkdir(parents=True, exist_ok=True)

    def run(self):
        try:
            for change, pod in API.watch(PODS):
                name = pod["metadata"]["name"]
                if change == "ADDED" and "deletionTimestamp" not in pod["metadata"]:
                    self.add(pod)
                with self.lock:
                    known = self.pods.get(name)
                if known and (change == "DELETED" or "deletionTimestamp" in pod["metadata"]):
                    known.deleted.set()
        except Exception as failure:  # kept for the test, which fails by it
            self.failures.append(failure)

    def add(self, pod):
        running = Pod(self, pod)
        with self.lock:
            self.pods[running.name] = running
        running.start()

    def forget(self, pod):
        with self.lock:
            self.pods.pop(pod.name, None)
            self.ended.append(pod)

    def workers(self):
        """The pods whose worker is ready."""
        with self.lock:
            return [pod for pod in self.pods.values() if pod.ready]

    def count(self):
        with self.lock:
            return len(self.pods)

    def gauge(self, name):
        """The sum of a metric over all workers."""
        total = 0
        for pod in self.workers():
            try:
                lines = pod.ask("/metrics").splitlines()
            except (urllib.error.URLError, OSError):
                continue
            total += sum(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))
        return int(total)
