from cases import NO_LEVEL, PLAIN, REQUEST, Rest, Run, bare, each, error

ALL = [
    ("DEBUG", "cache is empty"),
    ("INFO", "order accepted"),
    ("INFO", "between INFO and WARN"),
    ("WARN", "stock is low"),
    ("ERROR", "payment failed"),
    # slog.Level(12), by the distances that OpenTelemetry gives to slog's numbers.
    ("FATAL", "database is gone"),
]
LEVELS = [
    ("TRACE", "every step"),
    ("DEBUG", "cache is empty"),
    ("INFO", "order accepted"),
    ("WARN", "stock is low"),
    ("ERROR", "payment failed"),
    ("FATAL", "database is gone"),
]


def text(level, message):
    return {"level": level, "request_id": None, "message_part": message, "message_without": "\x1b["}


def with_id(level, message):
    return {"level": level, "request_id": REQUEST, "message_part": message}


def returned(kind, message):
    """The client prints the error that it sends to the Runtime API behind the time of package log."""
    return {"request_id": None, "error_type": kind, "error_message": message}


def panicked(kind, message):
    return [returned(kind, message), PLAIN]


PANIC = panicked("string", "order 18 is broken")
STANDARD = {
    "init": [],
    "log": [PLAIN, PLAIN],
    "printed": [NO_LEVEL] * 3,
    "slog_default": each(text, *ALL),
    "slog_text": each(text, *ALL),
    "slog_json": each(bare, *ALL, is_json=True),
    # Without AWS_LAMBDA_LOG_LEVEL its least level is INFO.
    "slog_lambda": each(with_id, *ALL[1:]),
    "returned": [returned("errorString", "no such order")],
    "returned_type": [returned("paymentFailed", "card 4 was declined")],
    "returned_wrapped": [returned("wrapError", "order 17 failed: card 5 was declined")],
    "returned_pointer": [returned("PathError", "open /tmp/orders: file does not exist")],
    "returned_message": [returned("Shop.Declined", "card 6 was declined")],
    "panics": PANIC,
    "panics_with_error": panicked("paymentFailed", "card 7 was declined"),
    "nil_map": panicked("plainError", "assignment to entry in nil map"),
    "panics_elsewhere": [{"request_id": None, "error_message": "card 8 was declined"}, Rest(NO_LEVEL)],
    "fatal": [PLAIN],
    "exits": [],
}
JSON = {"slog_lambda": each(with_id, *ALL[1:]), "returned": STANDARD["returned"], "panics": PANIC}


def logger(make, first, last, failed, rest=()):
    return {"levels": each(make, *LEVELS[first:last]), "error": [{**failed, "request_id": None}, *rest]}


FAILED = {"level": "ERROR", "message": "order 17 failed", "is_json": True, "error_message": "card was declined"}
FAILED_TEXT = {"level": "ERROR", "message_part": "order 17 failed", "message_without": "\x1b["}


def record(level, message):
    return bare(level, message, is_json=True)


LOGGERS = {
    "zap": logger(record, 1, 5, FAILED),
    "zap_development": logger(text, 1, 5, FAILED_TEXT, [Rest(PLAIN)]),
    "zap_iso": logger(record, 2, 5, FAILED),
    "zerolog": logger(record, 0, 6, FAILED),
    "zerolog_console": logger(text, 0, 6, FAILED_TEXT),
    "zerolog_colour": logger(text, 0, 6, FAILED_TEXT),
    "logrus": logger(text, 0, 5, FAILED_TEXT),
    "logrus_json": logger(record, 0, 5, FAILED),
    "logrus_colour": logger(text, 0, 5, FAILED_TEXT),
}
PACKAGES = {"zap": "go.uber.org/zap", "zerolog": "github.com/rs/zerolog", "logrus": "github.com/sirupsen/logrus"}

RUNS = [Run("standard", "standard", STANDARD), Run("standard", "standard", JSON, format="json")]
RUNS += [
    Run(
        name,
        "loggers",
        {f"{name}.{case}": wanted for case, wanted in cases.items()},
        package=PACKAGES[name.split("_")[0]],
    )
    for name, cases in LOGGERS.items()
]
