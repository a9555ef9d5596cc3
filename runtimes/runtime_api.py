"""A Runtime API on loopback and one function process: each case is an invocation, and what it writes is kept."""

import hashlib
import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAGIC = 0xA55A0000
# What Lambda sets, as far as clients and loggers read it.
ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "checkout",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/checkout",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]3f9c",
    "AWS_REGION": "eu-central-1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
}
TRACE = "Root=1-6563a1b2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0"
QUIET_SECONDS = 0.15
LIMIT_SECONDS = 60


def request_id(run, case):
    """The same id in each regeneration."""
    h = hashlib.sha256(f"{run} {case}".encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:32]}"


def frames(data):
    """Messages of the frames that a runtime writes to _LAMBDA_TELEMETRY_LOG_FD: type, length, microseconds, message."""
    messages = []
    while data:
        kind, length = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
        if kind & 0xFFFF0000 != MAGIC or len(data) < 16 + length:
            raise ValueError(f"no frame: {data[:60]!r}")
        messages.append(data[16 : 16 + length].decode())
        data = data[16 + length :]
    return messages


def lines(data):
    """Lambda makes an event of each line on standard output and standard error."""
    return [line + "\n" for line in data.decode().split("\n") if line]


class Pipe:
    """Collects what arrives at a pipe, until it is taken."""

    def __init__(self):
        read, self.write_end = os.pipe()
        self.data, self.last, self.lock = b"", time.monotonic(), threading.Lock()
        self.thread = threading.Thread(target=self.collect, args=(read,), daemon=True)
        self.thread.start()

    def collect(self, read):
        while chunk := os.read(read, 65536):
            with self.lock:
                self.data, self.last = self.data + chunk, time.monotonic()
        os.close(read)

    def take(self):
        with self.lock:
            data, self.data = self.data, b""
        return data


class Function:
    """Runs one command; `events` gets what it wrote for each case, "init" included."""

    def __init__(self, run, command, env, cases, framed, cwd):
        self.run, self.command, self.env, self.framed, self.cwd = run, command, env, framed, cwd
        self.waiting, self.current, self.events = list(cases), "init", {}
        self.lock, self.done = threading.Lock(), threading.Event()

    def settle(self):
        """What was written up to now belongs to the current case."""
        start = time.monotonic()
        while time.monotonic() - max(start, *(pipe.last for pipe in self.pipes)) < QUIET_SECONDS:
            time.sleep(0.02)
        framed, output = (pipe.take() for pipe in self.pipes)
        found = frames(framed) + lines(output)
        # A process that was started again after a crash repeats its initialisation.
        self.events.setdefault(self.current, found)

    def next(self):
        with self.lock:
            self.settle()
            if self.waiting:
                self.current, self.deadline = self.waiting.pop(0), time.monotonic() + LIMIT_SECONDS
                return self.current
        self.done.set()
        return None

    def start(self, port):
        self.pipes = Pipe(), Pipe()
        env = {**os.environ, **ENVIRONMENT, **self.env, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
        if self.framed:
            env["_LAMBDA_TELEMETRY_LOG_FD"] = str(self.pipes[0].write_end)
        output = self.pipes[1].write_end
        process = subprocess.Popen(
            self.command,
            env=env,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[self.pipes[0].write_end] if self.framed else [],
        )
        for pipe in self.pipes:
            os.close(pipe.write_end)
        return process

    def invoke_all(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            self.run_once(server.server_port)
            # As Lambda does: a new process after a crash, but not after one in the initialisation.
            while not self.done.is_set() and self.waiting and self.current != "init":
                self.run_once(server.server_port)
            return self.events
        finally:
            server.shutdown()
            server.server_close()

    def run_once(self, port):
        """Runs the process until it ends or every case is done."""
        self.current, self.deadline = "init", time.monotonic() + LIMIT_SECONDS
        process = self.start(port)
        try:
            while process.poll() is None and not self.done.is_set():
                if time.monotonic() > self.deadline:
                    raise TimeoutError(f"{self.run}: no answer to {self.current}")
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
            for pipe in self.pipes:
                pipe.thread.join()
        with self.lock:
            self.settle()


def handler_of(function):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            case = function.next() if self.path.endswith("/invocation/next") else None
            if case is None:
                time.sleep(LIMIT_SECONDS)  # nothing more to do: the process is ended meanwhile
                return
            self.answer(
                200,
                json.dumps({"case": case}).encode(),
                {
                    "Lambda-Runtime-Aws-Request-Id": request_id(function.run, case),
                    "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:checkout",
                    "Lambda-Runtime-Trace-Id": TRACE,
                },
            )

        def do_POST(self):
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                while size := int(self.rfile.readline().strip() or b"0", 16):
                    self.rfile.read(size + 2)
                self.rfile.readline()
            else:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(202, b'{"status":"OK"}', {})

        def answer(self, status, body, headers):
            self.send_response(status)
            for name, value in {
                **headers,
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
