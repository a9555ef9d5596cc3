#!/usr/bin/env python3
"""Writes fixtures/demo: the log objects of five imaginary functions, in the layout of CreateExportTask.

    python3 demo/make_fixtures.py           writes the files again (always the same bytes)
    python3 demo/make_fixtures.py --check   fails if the committed files differ

    exports/<function>/<export task>/<log stream, "/" as "-">/NNNNNN.log     (in S3: gzip, NNNNNN.gz)
    exports/<function>/aws-logs-write-test                                  (CloudWatch's write test)

All lines are invented. They have the shapes of Lambda's and its runtimes' lines.
"""

import calendar
import datetime
import math
import pathlib
import random
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "demo"
NBSP = "\u00a0"


def stamp(time, form="%Y-%m-%dT%H:%M:%S"):
    return f"{time.strftime(form)}.{time.microsecond // 1000:03d}Z"


def arn(runtime, region="eu-central-1"):
    digest = random.Random(runtime).getrandbits(256)
    return f"arn:aws:lambda:{region}::runtime:{digest:064x}"


class Stream:
    """One log stream: a clock, and the events written so far."""

    def __init__(self, function, day, index, clock, version="$LATEST", label=None):
        self.random = random.Random(f"{function.name} {day} {index} {label}")
        self.function, self.day, self.version = function, day, version
        self.name = f"2026/11/{day}/[{version}]{self.random.getrandbits(128):032x}"
        self.time = datetime.datetime.fromisoformat(f"2026-11-{day}T{clock}")
        self.wait(0, 900)
        self.events = []
        self.cuts = []

    def wait(self, low, high):
        """Advances the clock by milliseconds."""
        self.time += datetime.timedelta(milliseconds=self.random.randint(low, high))

    def log(self, text):
        """Adds one event. In an export its own final line break and the exporter's follow it."""
        self.events.append(f"{stamp(self.time)} {text}\n")

    def cut(self):
        """Sends the following events to the next chunk (000001, …)."""
        self.cuts.append(len(self.events))

    def chunks(self):
        edges = [0, *self.cuts, len(self.events)]
        return ["".join(self.events[a:b]) for a, b in zip(edges, edges[1:])]

    def id(self):
        r = self.random
        return f"{r.getrandbits(32):08x}-{r.getrandbits(16):04x}-4{r.getrandbits(12):03x}-a{r.getrandbits(12):03x}-{r.getrandbits(48):012x}"

    # -- platform lines, text format --

    def init(self):
        self.log(f"INIT_START Runtime Version: {self.function.runtime}\tRuntime Version ARN: {arn(self.function.runtime)}\n")
        self.wait(*self.function.init)

    def start(self, request):
        self.log(f"START RequestId: {request} Version: {self.version}\n")
        self.began = self.time

    def end(self, request, cold=None, restore=None, duration=None, memory=None, status=""):
        took = (self.time - self.began).total_seconds() * 1000
        duration = duration or took + self.random.randint(1, 99) / 100
        billed = math.ceil(duration + (cold or 0) + (restore or 0) * 0.4)
        used = memory or self.random.randint(*self.function.used)
        fields = [
            f"REPORT RequestId: {request}", f"Duration: {duration:.2f} ms", f"Billed Duration: {billed} ms",
            f"Memory Size: {self.function.memory} MB", f"Max Memory Used: {used} MB",
        ]
        if cold:
            fields.append(f"Init Duration: {cold:.2f} ms")
        if restore:
            fields += [f"Restore Duration: {restore:.2f} ms", f"Billed Restore Duration: {math.ceil(restore * 0.4)} ms"]
        self.log(f"END RequestId: {request}\n")
        report = "\t".join(fields) + "\t" + status
        if self.function.xray:
            r = self.random
            report += f"\nXRAY TraceId: 1-{calendar.timegm(self.began.timetuple()):08x}-{r.getrandbits(96):024x}\tSegmentId: {r.getrandbits(64):016x}\tSampled: true\t"
        self.log(report + "\n")

    def cold(self):
        return self.random.randint(self.function.init[0] * 100, self.function.init[1] * 100) / 100

    # -- lines of the runtimes --

    def node(self, request, level, text):
        self.log(f"{stamp(self.time)}\t{request}\t{level}\t{text}\n")

    def python(self, request, level, text):
        self.log(f"[{level}]\t{stamp(self.time)}\t{request}\t{text}\n")

    def java(self, request, level, logger, text):
        self.log(f"{self.time:%Y-%m-%d %H:%M:%S} {request} {level:<5} {logger} - {text}\n")

    def json(self, text):
        self.log(text + "\n")


class Function:
    def __init__(self, name, runtime, memory, used, init, xray=False, task=None):
        self.name, self.runtime, self.memory, self.used = name, runtime, memory, used
        self.init, self.xray, self.task = init, xray, task
        self.streams = []

    def stream(self, *arguments, **named):
        stream = Stream(self, *arguments, **named)
        self.streams.append(stream)
        return stream


def days_and_clocks(name, per_day):
    """(day, index, clock) of a function's ordinary streams on three days."""
    r = random.Random(name)
    for day in (21, 22, 23):
        for index in range(per_day):
            yield day, index, f"{r.randint(0, 22):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}"


# ---- checkout: Node.js 22 behind an HTTP API, traced by X-Ray ----

def checkout():
    f = Function("checkout", "nodejs:22.mainline.v122", 512, (88, 131), (310, 520), xray=True,
                 task="0d3e4a52-7b1c-4f7e-9d6a-1c52e0f8a917")
    for day, index, clock in days_and_clocks("checkout", 4):
        s = f.stream(day, index, clock)
        s.init()
        for n in range(s.random.randint(3, 6)):
            checkout_order(s, s.cold() if n == 0 else None, failed=(day, index, n) == (22, 1, 2), cut=(day, index, n) == (23, 0, 1))
            s.wait(2000, 240000)
    return f


def checkout_order(s, cold, failed, cut):
    request, order = s.id(), f"A-{s.random.randint(10000, 99999)}"
    s.start(request)
    s.wait(1, 9)
    s.node(request, "INFO", f"POST /orders from {s.random.choice(['web', 'ios', 'android', 'kiosk'])}")
    s.wait(8, 60)
    total = s.random.randint(490, 18900) / 100
    s.node(request, "INFO", "cart {\n"
           f"  order: '{order}',\n  items: {s.random.randint(1, 7)},\n  total: {total},\n  currency: 'EUR',\n"
           f"  shipping: {{ country: '{s.random.choice(['DE', 'AT', 'FR', 'NL'])}', express: {s.random.choice(['true', 'false'])} }}\n}}")
    if cut:
        s.cut()  # splits this request's lines between two objects
    s.wait(40, 320)
    if failed:
        s.node(request, "ERROR", 'Invoke Error \t{"errorType":"TypeError","errorMessage":"Cannot read properties of undefined (reading \'iban\')",'
               '"stack":["TypeError: Cannot read properties of undefined (reading \'iban\')",'
               '"    at chargeAccount (/var/task/payment.js:41:27)","    at async placeOrder (/var/task/orders.js:18:5)",'
               '"    at async Runtime.handler (/var/task/index.js:9:10)"]}')
    else:
        if s.random.random() < 0.2:
            s.node(request, "WARN", f"payment provider answered in {s.random.randint(900, 1900)} ms, retrying once")
            s.wait(400, 900)
        s.node(request, "INFO", '{"event":"order_placed","order":"%s","total":%s,"currency":"EUR"}' % (order, total))
    s.wait(1, 12)
    s.end(request, cold)


# ---- thumbnails: Node.js 20 on uploads; runs out of memory and out of time ----

def thumbnails():
    f = Function("thumbnails", "nodejs:20.mainline.v96", 256, (97, 188), (240, 410), task="a7c1d0b8-52f3-4b60-8e0f-9f6d2c4b7e31")
    for day, index, clock in days_and_clocks("thumbnails", 4):
        s = f.stream(day, index, clock)
        s.init()
        cold = True
        for n in range(s.random.randint(4, 7)):
            kind = {(22, 2, 1): "memory", (23, 1, 2): "timeout"}.get((day, index, n))
            thumbnail(s, s.cold() if cold else None, kind)
            if (day, index) == (21, 0) and n in (1, 3):
                s.cut()
            cold = kind is not None  # after a kill the next request gets a new environment
            s.wait(500, 90000)
            if cold:
                s.init()
    return f


def thumbnail(s, cold, kind):
    request, photo = s.id(), f"uploads/{s.random.randint(100000, 999999)}.jpg"
    s.start(request)
    s.wait(1, 6)
    s.node(request, "INFO", f"resize {photo}")
    s.wait(30, 200)
    if kind == "memory":
        s.node(request, "INFO", f"decoded {photo} 11648 x 8736, 407 MB in memory")
        s.wait(900, 1800)
        s.end(request, cold, memory=256, status="Status: error\tError Type: Runtime.OutOfMemory")
        s.log(f"RequestId: {request} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n")
        return
    if kind == "timeout":
        s.node(request, "WARN", f"{photo}: the colour profile is broken, converting pixel by pixel")
        s.time = s.began + datetime.timedelta(milliseconds=3002)
        s.log(f"{stamp(s.time)} {request} Task timed out after 3.00 seconds\n\n")
        s.end(request, cold, duration=3000.0, status="Status: timeout")
        return
    s.node(request, "INFO", f"decoded {photo} {s.random.randint(900, 6000)} x {s.random.randint(700, 4500)}")
    for width in (160, 480, 1280):
        s.wait(20, 160)
        s.node(request, "INFO", f"wrote {photo.replace('uploads', f'w{width}')} {s.random.randint(6, 240)} kB")
    s.wait(1, 8)
    s.end(request, cold)


# ---- invoices: Python 3.12, invoked asynchronously: a failure is retried under the same request id ----

RETRIED = "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64"


def invoices():
    f = Function("invoices", "python:3.12.mainlinev2.v7", 384, (79, 142), (280, 640), task="3b9f6c1e-8d24-4a57-b0c3-6e5d4f2a1b08")
    for day, index, clock in days_and_clocks("invoices", 4):
        s = f.stream(day, index, clock)
        s.init()
        for n in range(s.random.randint(3, 6)):
            if (day, index, n) == (23, 2, 1):
                invoice(s, None, RETRIED, failed=True)
                s.wait(58000, 66000)
                invoice(s, None, RETRIED, failed=False)
            else:
                invoice(s, s.cold() if n == 0 else None, s.id(), failed=False)
            if (day, index, n) == (22, 0, 1):
                s.cut()
            s.wait(4000, 400000)
    return f


def invoice(s, cold, request, failed):
    number = 204711 if request == RETRIED else s.random.randint(200000, 209999)
    s.start(request)
    s.wait(1, 8)
    s.python(request, "INFO", f"invoice {number}: rendering {s.random.randint(1, 4)} pages")
    s.wait(90, 700)
    if failed:
        trace = ["[ERROR] KeyError: 'vat_rate'", "Traceback (most recent call last):",
                 f'{NBSP}{NBSP}File "/var/task/app.py", line 31, in handler', f"{NBSP}{NBSP}{NBSP}{NBSP}document = render(order, customer)",
                 f'{NBSP}{NBSP}File "/var/task/render.py", line 88, in render', f"{NBSP}{NBSP}{NBSP}{NBSP}rate = customer['vat_rate']"]
        s.log("\r".join(trace) + "\n")
    else:
        if s.random.random() < 0.3:
            s.python(request, "WARNING", f"invoice {number}: no logo for tenant, using the default")
            s.wait(1, 20)
        s.log(f"pdf: {s.random.randint(40, 310)} kB, fonts embedded\n")  # print(), without level or request id
        s.wait(20, 140)
        s.python(request, "INFO", f"invoice {number}: stored s3://invoices-prod/2026/11/{number}.pdf")
    s.wait(1, 9)
    s.end(request, cold)


# ---- orders: Python 3.13 on a queue; its log format changes to JSON on the last day ----

def orders():
    f = Function("orders", "python:3.13.v41", 256, (64, 101), (180, 390), task="c5e8f7a1-0b92-4d36-a4e8-2f71b3c9d650")
    for day, index, clock in days_and_clocks("orders", 4):
        if (day, index) != (23, 3):
            s = f.stream(day, index, clock)
            s.init()
            s.log("EXTENSION\tName: metrics-forwarder\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n")
            for n in range(s.random.randint(3, 5)):
                order_batch(s, s.cold() if n == 0 else None)
                s.wait(1000, 120000)
    s = f.stream(23, 0, "21:40:07", label="json")
    order_batches_json(s, 6)
    return f


def order_batch(s, cold):
    request = s.id()
    s.start(request)
    for _ in range(s.random.randint(2, 5)):
        s.wait(3, 45)
        s.python(request, "INFO", f"order A-{s.random.randint(10000, 99999)} {s.random.choice(['packed', 'shipped', 'paid', 'returned'])}")
    if s.random.random() < 0.15:
        s.wait(5, 30)
        s.python(request, "WARNING", "stock service throttled us, waiting 200 ms")
        s.wait(200, 260)
    s.wait(1, 9)
    s.end(request, cold)


def order_batches_json(s, count):
    f, instance = s.function, s.name.replace("/[", "/orders[")
    s.json('{"time":"%s","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"%s",'
           '"runtimeVersionArn":"%s","functionName":"orders","functionVersion":"$LATEST","instanceId":"%s","instanceMaxMemory":268435456}}'
           % (stamp(s.time), f.runtime, arn(f.runtime), instance))
    s.wait(*f.init)
    for n in range(count):
        request, began = s.id(), s.time
        s.json('{"time":"%s","type":"platform.start","record":{"requestId":"%s",'
               '"functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:orders","version":"$LATEST"}}' % (stamp(s.time), request))
        for _ in range(s.random.randint(2, 4)):
            s.wait(3, 45)
            s.json('{"timestamp":"%s","level":"INFO","message":"order A-%d packed","logger":"orders","requestId":"%s"}'
                   % (stamp(s.time), s.random.randint(10000, 99999), request))
        failed = n == 3
        if failed:
            s.wait(3, 45)
            s.json('{"timestamp":"%s","log_level":"ERROR","errorMessage":"stock service refused reservation 77","errorType":"ReservationRefused",'
                   '"requestId":"%s","stackTrace":["  File \\"/var/task/orders.py\\", line 52, in handler\\n    reserve(order)\\n",'
                   '"  File \\"/var/task/stock.py\\", line 19, in reserve\\n    raise ReservationRefused(answer.text)\\n"],"location":"/var/task/stock.py:reserve:19"}'
                   % (stamp(s.time), request))
        s.wait(1, 9)
        took = (s.time - began).total_seconds() * 1000 + s.random.randint(1, 999) / 1000
        cold = s.cold() if n == 0 else None
        s.json('{"time":"%s","type":"platform.report","record":{"requestId":"%s","metrics":{"durationMs":%.3f,"billedDurationMs":%d,'
               '"memorySizeMB":256,"maxMemoryUsedMB":%d%s},"status":"%s"%s}}'
               % (stamp(s.time), request, took, math.ceil(took + (cold or 0)), s.random.randint(64, 101),
                  f',"initDurationMs":{cold:.3f}' if cold else "", "error" if failed else "success",
                  ',"errorType":"Function.ReservationRefused"' if failed else ""))
        s.wait(1000, 120000)


# ---- inventory: Java 21, with a second version that uses SnapStart ----

def inventory():
    f = Function("inventory", "java:21.mainline.v82", 1024, (161, 238), (1900, 3400), task="e2d7b3f4-6a18-4c95-b7d1-8a0c5e9f3b26")
    for day, index, clock in days_and_clocks("inventory", 3):
        s = f.stream(day, index, clock)
        s.init()
        for n in range(s.random.randint(3, 6)):
            reservation(s, cold=s.cold() if n == 0 else None, failed=(day, index, n) == (23, 1, 1))
            if (day, index, n) == (21, 1, 1):
                s.cut()
            s.wait(1500, 300000)
    for index, clock in enumerate(("06:12:40", "14:51:03")):
        s = f.stream(23, index, clock, version="12", label="snapstart")
        s.log(f"RESTORE_START Runtime Version: {f.runtime}\tRuntime Version ARN: {arn(f.runtime)}\n")
        restore = s.random.randint(31000, 58000) / 100
        s.wait(310, 580)
        s.log(f"RESTORE_REPORT Restore Duration: {restore:.2f} ms\n")
        for n in range(3):
            reservation(s, restore=restore if n == 0 else None)
            s.wait(1500, 300000)
    return f


def reservation(s, cold=None, restore=None, failed=False):
    request, sku = s.id(), f"SKU-{s.random.randint(1000, 9999)}"
    s.start(request)
    s.wait(2, 14)
    s.java(request, "INFO", "ReserveHandler", f"reserve {s.random.randint(1, 9)} of {sku}")
    s.wait(10, 130)
    if failed:
        s.log(f"stock of {sku} would become negative: java.lang.IllegalStateException\n"
              f"java.lang.IllegalStateException: stock of {sku} would become negative\n"
              "\tat com.example.inventory.Stock.take(Stock.java:57)\n"
              "\tat com.example.inventory.ReserveHandler.handleRequest(ReserveHandler.java:33)\n"
              "\tat com.example.inventory.ReserveHandler.handleRequest(ReserveHandler.java:14)\n"
              "\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(Unknown Source)\n"
              "Caused by: java.sql.SQLException: check constraint stock_not_negative violated\n"
              "\tat com.example.inventory.Database.update(Database.java:120)\n"
              "\t... 3 more\n")
    else:
        if s.random.random() < 0.25:
            s.java(request, "WARN", "Database", f"slow query: {s.random.randint(210, 900)} ms")
            s.wait(200, 900)
        s.java(request, "INFO", "ReserveHandler", f"reserved, {s.random.randint(0, 400)} left")
    s.wait(2, 15)
    s.end(request, cold, restore)


def files():
    """All files, as a map from path to bytes."""
    made = {}
    for function in (checkout(), thumbnails(), invoices(), orders(), inventory()):
        prefix = f"exports/{function.name}"
        made[f"{prefix}/aws-logs-write-test"] = b"Permission Check Successful"
        for stream in function.streams:
            for number, text in enumerate(stream.chunks()):
                made[f"{prefix}/{function.task}/{stream.name.replace('/', '-')}/{number:06d}.log"] = text.encode()
    return made


def main():
    made = files()
    there = {str(p.relative_to(ROOT)): p.read_bytes() for p in ROOT.glob("**/*") if p.is_file()}
    if sys.argv[1:] == ["--check"]:
        differing = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        sys.exit(f"fixtures/demo differs from its generator: {', '.join(differing)}" if differing else 0)
    shutil.rmtree(ROOT, ignore_errors=True)
    for name, body in made.items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_bytes(body)
    print(f"{len(made)} objects, {sum(map(len, made.values()))} bytes in {ROOT}")


if __name__ == "__main__":
    main()
