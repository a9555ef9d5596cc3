"""The API server: requests, the stream of changes, and waiting for what must become true."""

import http.client
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.parse

KUBECONFIG = os.environ["CLUSTER_KUBECONFIG"]
NAMESPACE = "logs"
STRATEGIC = "application/strategic-merge-patch+json"


class Refused(Exception):
    """The API server's answer, when it is not the wanted one."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status = status


class Api:
    def __init__(self):
        with open(KUBECONFIG) as file:
            config = json.load(file)
        folder = os.path.dirname(KUBECONFIG)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.host = urllib.parse.urlparse(cluster["server"]).netloc
        self.tls = ssl.create_default_context(cafile=os.path.join(folder, cluster["certificate-authority"]))
        self.tls.load_cert_chain(os.path.join(folder, user["client-certificate"]), os.path.join(folder, user["client-key"]))

    def _answer(self, method, path, body, kind, timeout):
        connection = http.client.HTTPSConnection(self.host, context=self.tls, timeout=timeout)
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": kind})
        answer = connection.getresponse()
        if answer.status >= 300:
            raise Refused(answer.status, answer.read().decode())
        return answer

    def call(self, method, path, body=None, kind="application/json"):
        return json.loads(self._answer(method, path, body, kind, 30).read())

    def get(self, path):
        return self.call("GET", path)

    def watch(self, path):
        """The changes from now on, after one ADDED for each object that exists; ends with the connection."""
        for line in self._answer("GET", f"{path}?watch=true&resourceVersion=0", None, "application/json", None):
            change = json.loads(line)
            if change["type"] == "ERROR":
                raise Refused(change["object"].get("code"), change["object"])
            yield change["type"], change["object"]


API = Api()
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/logferry"
SCALED = f"/apis/keda.sh/v1alpha1/namespaces/{NAMESPACE}/scaledobjects/logferry"


def kubectl(*arguments, stdin=None):
    """Standard output and standard error; a failure is an exception with both."""
    done = subprocess.run(["kubectl", "--kubeconfig", KUBECONFIG, *arguments], input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def replicas():
    return API.get(DEPLOYMENT)["spec"].get("replicas", 1)


def until(what, seconds, condition, every=0.25):
    """Asks until the condition holds, and returns its answer. Too late is an error that names what was waited for."""
    ends = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"not within {seconds} s: {what}")
        threading.Event().wait(every)
