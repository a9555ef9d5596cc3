from cases import BOTH, NO_LEVEL, PLAIN, REQUEST, Rest, Run, bare, each, error, line

LEVELS = [
    ("TRACE", "every step"),
    ("DEBUG", "cache is empty"),
    ("INFO", "order 17 accepted"),
    ("INFO", "order delivered"),
    ("WARN", "stock is low"),
    ("ERROR", "payment failed"),
    ("FATAL", "database is gone"),
]
NUMBERS = [(name.upper(), f"it is {name}") for name in ("trace", "debug", "info", "warn", "error", "fatal")]
CRASHED = [PLAIN] * 3


def standard(json):
    def console(level, message):
        return line(level, message, is_json=json)

    def failed(kind, message, **more):
        return error(kind, message, request_id=REQUEST, **more)

    return {
        "init": [],
        "levels": each(console, *LEVELS),
        "misleading": [
            console("INFO", "ERROR is what the customer wrote"),
            console("ERROR", "INFO was what the supplier answered"),
        ],
        "multiline": [console("INFO", "first line\nsecond line\n  third line")],
        "objects": [{"level": "INFO", "request_id": REQUEST}, console("INFO", "order { id: 17 }")],
        "empty": [{"level": "INFO", "request_id": REQUEST}] * 3,
        "nan": [{"level": "INFO", "request_id": REQUEST}, console("INFO", "mean is NaN")],
        # The logger's own word counts, before the runtime's.
        "logged_json": (
            [{"request_id": REQUEST, "is_json": True}] * 2
            if json
            else [line("ERROR", "payment failed", is_json=True), line("INFO", "all is well", is_json=True)]
        ),
        "logged_error": [
            failed("PaymentFailed", "card 4 was declined"),
            failed("TypeError", "no price", message_start="order 17 failed"),
            failed("PaymentFailed", "card 5 was declined", message_start="a retry follows") | {"level": "WARN"},
        ],
        "logged_cause": [failed("Error", "could not charge", message_start="order 17 failed")],
        "raised": [failed("PaymentFailed", "card 7 was declined", stack_trace_part="Object.raised")],
        "raised_builtin": [failed("TypeError", "Cannot read properties of undefined (reading 'price')")],
        "raised_multiline": [failed("Error", "bad input:\n  line 2\n  line 3")],
        "raised_text": [{"level": "ERROR", "request_id": REQUEST, "error_message": "only a text"}],
        "raised_cause": [failed("Error", "could not charge")],
        "raised_aggregate": [failed("AggregateError", "two orders failed")],
        "stdout_line": [NO_LEVEL] * 3,
        "stdout_json": [bare("ERROR", "written by hand", is_json=True)],
        "exits": [],
        # Node.js itself reports these, a line an event. The client has no part in it. Only frames in the same event
        # would tell that `PaymentFailed: card 9 was declined` is an error.
        "rejected_elsewhere": CRASHED + [PLAIN, Rest(PLAIN)],
        "thrown_elsewhere": CRASHED + [PLAIN, Rest(PLAIN)],
    }


def unframed(json):
    return {name: standard(json)[name] for name in ("levels", "multiline", "logged_error", "raised", "raised_cause")}


def by_number(name, request=None, **more):
    """pino and bunyan. The id in `requestId` is the function's own word."""
    record = line if request else bare

    def failed(level, message):
        return {**error("RangeError", "card was declined"), **record(level, message, is_json=True, **more)}

    known = {"request_id": REQUEST} if request else {}
    return {
        f"{name}.levels": each(record, *NUMBERS, is_json=True, **more),
        f"{name}.fields": [{"level": "ERROR", "message": "payment failed", "is_json": True, **known}],
        f"{name}.error": [failed("ERROR", "order 17 failed")],
        f"{name}.err": [failed("WARN", "a retry follows")],
    }


def before_json(level, message, **more):
    """The message, a tab, and the record as JSON."""
    return {"level": level, "request_id": REQUEST, "message_start": message, **more}


DECLINED = {"error_type": "RangeError", "error_message": "card was declined"}
PINO_LAMBDA = {
    "pino_lambda.levels": each(before_json, *NUMBERS),
    "pino_lambda.fields": [before_json("ERROR", "payment failed")],
    "pino_lambda.error": [before_json("ERROR", "order 17 failed", **DECLINED)],
    "pino_lambda.err": [before_json("WARN", "a retry follows", **DECLINED)],
}


def winston(name, json):
    def text(level, message):
        known = {} if level is None else {"level": level}
        return {**known, "request_id": None, "message_part": message, "message_without": "\x1b["}

    def record(level, message):
        return {**text(level, message), "is_json": json}

    levels = [
        (None, "it is silly"),
        ("DEBUG", "it is debug"),
        (None, "it is verbose"),
        (None, "it is http"),
        ("INFO", "it is info"),
        ("WARN", "it is warn"),
        ("ERROR", "it is error"),
    ]
    make = record if json else text
    return {
        f"{name}.levels": each(make, *levels),
        f"{name}.fields": [{"level": "ERROR", "message_part": "payment failed", "message_without": "\x1b["}],
        f"{name}.error": [make("ERROR", "card was declined") | ({"stack_trace_part": "Object.error"} if json else {})],
    }


POWERTOOLS = {
    "levels": each(
        line,
        ("TRACE", "every step"),
        ("DEBUG", "cache is empty"),
        ("INFO", "order 17 accepted"),
        ("WARN", "stock is low"),
        ("ERROR", "payment failed"),
        ("FATAL", "database is gone"),
        is_json=True,
    ),
    "error": [error("RangeError", "card was declined", request_id=REQUEST, message="order 17 failed")],
    "error_key": [
        error("RangeError", "card was declined", request_id=REQUEST, message="a retry follows") | {"level": "WARN"}
    ],
}

# In JSON, the client names some errors by the class instead of the name.
BROKEN = {
    "broken_import": (
        "Error",
        "Error",
        "Cannot find module '/var/task/no-such-module.mjs' imported from /var/task/broken_import.mjs",
    ),
    "broken_syntax": ("Runtime.UserCodeSyntaxError", "UserCodeSyntaxError", "SyntaxError: Unexpected token '=>'"),
    "broken_init": ("Error", "Error", "TABLE is not set"),
    "no_handler": (
        "Runtime.HandlerNotFound",
        "HandlerNotFoundError",
        "no_handler.handler is undefined or not exported",
    ),
}


def init(text, json, message, form):
    return {"init": [error(json if form == "json" else text, message, request_id=None), Rest(PLAIN)]}


RUNS = [Run("standard", "standard.handler", standard(f == "json"), format=f) for f in BOTH]
RUNS += [Run("unframed", "standard.handler", unframed(f == "json"), format=f, framed=False) for f in BOTH]
RUNS += [
    Run(name, "loggers.handler", by_number(name), package=package)
    for name, package in [("pino", "pino"), ("pino_label", "pino"), ("bunyan", "bunyan")]
]
RUNS += [
    Run("pino_lambda", "loggers.handler", PINO_LAMBDA, package="pino-lambda"),
    Run("pino_lambda_plain", "loggers.handler", by_number("pino_lambda_plain", REQUEST), package="pino-lambda"),
]
RUNS += [
    Run(name, "loggers.handler", winston(name, name == "winston_json"), package="winston")
    for name in ("winston_json", "winston_simple", "winston_colour")
]
RUNS += [
    Run("powertools", "powertools.handler", POWERTOOLS, package="@aws-lambda-powertools/logger", format=f) for f in BOTH
]
RUNS += [Run(name, f"{name}.handler", init(*expected, f), format=f) for name, expected in BROKEN.items() for f in BOTH]
