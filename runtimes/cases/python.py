from cases import BOTH, NO_LEVEL, PLAIN, REQUEST, Rest, Run, bare, each, error, line

LEVELS = [
    ("DEBUG", "cache is empty"),
    ("INFO", "order 17 accepted"),
    ("WARN", "stock is low"),
    ("ERROR", "payment failed"),
    ("FATAL", "database is gone"),
]
STRUCTLOG = [
    ("DEBUG", "cache is empty"),
    ("INFO", "order accepted"),
    ("WARN", "stock is low"),
    ("ERROR", "payment failed"),
    ("FATAL", "database is gone"),
]
LOGURU = [
    ("TRACE", "every step"),
    ("DEBUG", "cache is empty"),
    ("INFO", "order 17 accepted"),
    (None, "order 17 delivered"),
    ("WARN", "stock is low"),
    ("ERROR", "payment failed"),
    ("FATAL", "database is gone"),
]
SEVEN = "invalid literal for int() with base 10: 'seven'"


def printed():
    return {
        "printed": [NO_LEVEL, PLAIN, NO_LEVEL, NO_LEVEL],
        "printed_json": [bare("ERROR", "from a print", is_json=True)],
        "printed_nan": [bare("WARN", "a mean of nothing", is_json=True)],
        "printed_traceback": [NO_LEVEL] * 5 + [PLAIN],
        "exits": [],
        "killed": [NO_LEVEL],
    }


def standard(json):
    more = {"is_json": json} | ({"logger": "shop.orders"} if json else {})

    def shop(level, message):
        return line(level, message, **more)

    def raised(kind, message, part=None):
        stack = {"stack_trace_part": part} if part else {}
        return [error(kind, message, is_json=json, **stack) | ({"request_id": REQUEST} if json else {})]

    module = "" if json else "standard."
    return printed() | {
        "init": [],
        "levels": each(shop, *LEVELS),
        # The client's JSON says INFO and WARNING for these two; its text has a name that is no level of ours.
        "own_level": (
            [shop("INFO", "between INFO and WARNING"), shop("WARN", "a level with a name of its own")]
            if json
            else [{"request_id": REQUEST}] * 2
        ),
        "misleading": [
            shop("INFO", "ERROR is what the customer wrote"),
            shop("ERROR", "INFO was what the supplier answered"),
        ],
        "multiline": [shop("INFO", "first line\nsecond line\n  third line")],
        "logged_exception": [
            {
                **error(module + "PaymentFailed", "card 4 was declined", stack_trace_part="charge(4)"),
                "request_id": REQUEST,
                "message_start": "order 17 failed",
            }
        ],
        "warned_exception": [
            {
                **error(module + "PaymentFailed", "card 5 was declined", stack_trace_part="charge(5)"),
                "level": "WARN",
                "request_id": REQUEST,
                "message_start": "a retry follows",
            }
        ],
        "chained": raised("RuntimeError", "order 18 failed", "in chained"),
        "group": raised("ExceptionGroup", "two orders failed (2 sub-exceptions)", "in raise_group"),
        "raised": raised("PaymentFailed", "card 7 was declined", "charge(7)"),
        "raised_empty": [{"level": "ERROR", "error_type": "KeyError", "stack_trace_part": "in raised_empty"}],
        "raised_multiline": raised("ValueError", "bad input:\n  line 2\n  line 3", "in raised_multiline"),
        "unserializable": raised(
            "Runtime.MarshalError", "Unable to marshal response: Object of type object is not JSON serializable"
        ),
        "warned": [PLAIN, PLAIN],
        "logged_dict": [
            (
                {"level": "INFO", "request_id": REQUEST, "is_json": True}
                if json
                else shop("INFO", "{'order': 17, 'total': 9.5}")
            )
        ],
        "logged_json": [{"request_id": REQUEST, "is_json": True} if json else line("ERROR", "inner", is_json=True)],
        "extra": [shop("INFO", "with more")],
        "extra_nan": [shop("INFO", "mean is unknown")],
        "extra_level": [shop("ERROR", "the level of water is low")],
    }


def unframed(json):
    cases = {
        name: standard(json)[name]
        for name in ("levels", "multiline", "logged_exception", "chained", "raised_multiline")
    }
    if not json:
        cases["multiline"] = [line("INFO", "first line"), NO_LEVEL, NO_LEVEL]
        cases["logged_exception"] = [line("ERROR", "order 17 failed")] + [NO_LEVEL] * 5 + [PLAIN]
        cases["raised_multiline"] = [{"level": "ERROR", "error_type": "ValueError"}, NO_LEVEL, PLAIN]
    return cases


def structlog(level, message):
    return {"level": level, "request_id": None, "message_part": message, "message_without": "\x1b["}


STRUCTLOG_CASES = {
    "console_levels": each(structlog, *STRUCTLOG),
    "plain_levels": each(structlog, *STRUCTLOG),
    "json_levels": each(bare, *STRUCTLOG, is_json=True),
    "logfmt_levels": each(structlog, *STRUCTLOG),
    "over_logging": each(line, *STRUCTLOG, is_json=True),
    "json_exception": [error("ValueError", SEVEN, message="order failed", is_json=True)],
    "nan": [bare("INFO", "mean is unknown", is_json=True)],
}


def loguru(level, message):
    known = {} if level is None else {"level": level}
    return {**known, "request_id": None, "message_part": message, "message_without": "\x1b["}


LOGURU_CASES = {
    "plain_levels": each(loguru, *LOGURU),
    "plain_exception": [loguru("ERROR", "order 17 failed"), Rest(PLAIN)],
    "colour_levels": each(loguru, *LOGURU),
    "json_levels": each(loguru, *LOGURU),
    "json_exception": [error("ValueError", SEVEN, message_start="order 17 failed", is_json=True)],
}


def powertools(json):
    return {
        "levels": each(line, *LEVELS, is_json=True),
        "exception": [error("ValueError", SEVEN, message="order 17 failed", request_id=REQUEST, is_json=True)],
        "dict_message": [{"level": "ERROR", "request_id": REQUEST, "is_json": True}],
        "nan": [line("INFO", "mean is unknown", is_json=True)],
        "raised": [error("ValueError", "no such order", is_json=json)],
        "metric": [{"level": None, "is_json": True, "is_emf": True, "emf_namespaces": ["shop"]}],
    }


def init(kind, message):
    """The client's own sentence, then the error; no request is known yet."""
    return {"init": [{"level": "WARN", "request_id": None}, error(kind, message, request_id=None)]}


BROKEN = {
    "broken_import.handler": (
        "Runtime.ImportModuleError",
        "Unable to import module 'broken_import': No module named 'no_such_module'",
    ),
    "broken_syntax.handler": (
        "Runtime.UserCodeSyntaxError",
        "Syntax error in module 'broken_syntax': expected ':' (broken_syntax.py, line 1)",
    ),
    "broken_init.handler": ("KeyError", "'TABLE_THAT_IS_NOT_SET'"),
    "standard.missing": ("Runtime.HandlerNotFound", "Handler 'missing' missing on module 'standard'"),
}

RUNS = [Run("standard", "standard.handler", standard(f == "json"), format=f) for f in BOTH]
RUNS += [Run("unframed", "standard.handler", unframed(f == "json"), format=f, framed=False) for f in BOTH]
RUNS += [Run("structlog", "with_structlog.handler", STRUCTLOG_CASES, package="structlog")]
RUNS += [Run("loguru", "with_loguru.handler", LOGURU_CASES, package="loguru")]
RUNS += [
    Run("powertools", "with_powertools.handler", powertools(f == "json"), package="aws-lambda-powertools", format=f)
    for f in BOTH
]
RUNS += [
    Run(handler.replace(".handler", ""), handler, init(*expected), format=f)
    for handler, expected in BROKEN.items()
    for f in BOTH
]
