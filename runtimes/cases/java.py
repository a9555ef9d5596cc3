from cases import BOTH, FRAMES, NO_LEVEL, PLAIN, REQUEST, Rest, Run, bare, each, error, line

LEVELS = [
    ("TRACE", "every step"),
    ("DEBUG", "cache is empty"),
    ("INFO", "order 17 accepted"),
    ("WARN", "stock is low"),
    ("ERROR", "payment failed"),
    ("FATAL", "database is gone"),
]
ILLEGAL = "java.lang.IllegalStateException"
PROVIDERS = {
    "logback": "ch.qos.logback.classic.spi.LogbackServiceProvider",
    "simple": "org.slf4j.simple.SimpleServiceProvider",
    "log4j": "org.apache.logging.slf4j.SLF4JServiceProvider",
}
# SLF4J reports on standard error that a provider was named.
PROVIDER_NAMED = {"init": [PLAIN]}


def printed():
    """Standard output and standard error: the same in both log formats."""
    util = {"request_id": None, "message_part": "Standard handleRequest"}
    return {
        "printed": [NO_LEVEL] * 4,
        "printed_json": [bare("ERROR", "from a print", is_json=True)],
        # The frames are further events. Without them nothing tells that `Standard$PaymentFailed: …` is an error.
        "printed_trace": [PLAIN, FRAMES],
        "util_logging": [util, {"level": "INFO"}, util, {"level": "WARN"}, util, {"level": "ERROR"}],
        "system_logger": [util, {"level": "ERROR"}],
        "exits": [],
    }


def standard(json):
    known = {"request_id": REQUEST if json else None, "is_json": json}

    def logged(level, message):
        return {"level": level, "message_part": message, **known}

    def raised(kind, message, part):
        return [{"error_type": kind, "error_message": message, "stack_trace_part": part, **known}]

    body = {"request_id": REQUEST, "is_json": True} if json else bare("ERROR", "payment failed", is_json=True)
    return printed() | {
        "init": [],
        "levels": each(logged, *LEVELS, (None, "without a level")),
        "misleading": [
            logged("INFO", "ERROR is what the customer wrote"),
            logged("ERROR", "INFO was what the supplier answered"),
        ],
        "multiline": [logged("INFO", "first line\nsecond line\n\tthird line")],
        "logged_json": [body],
        "logged_json_with_level": [{"request_id": known["request_id"]}],
        "raised": raised("Standard$PaymentFailed", "card 5 was declined", "Standard.charge"),
        "raised_cause": raised(ILLEGAL, "order 18 failed", "Caused by: Standard$PaymentFailed: card 6 was declined"),
        "raised_without_message": [
            {"error_type": "java.lang.NullPointerException", "stack_trace_part": "Standard.handleRequest", **known}
        ],
        "raised_multiline": [
            {"error_type": "java.lang.IllegalArgumentException", "stack_trace_part": "Standard.handleRequest", **known}
        ],
        "raised_suppressed": raised(ILLEGAL, "order 19 failed", "Suppressed: Standard$PaymentFailed"),
        "stack_overflow": [
            {"error_type": "java.lang.StackOverflowError", "stack_trace_part": "Standard.deeper", **known}
        ],
        "out_of_memory": raised("java.lang.OutOfMemoryError", "Java heap space", "Standard.handleRequest"),
    }


def unframed(json):
    if json:
        return {name: standard(json)[name] for name in ("levels", "multiline", "raised_cause")}
    # Seven records, and no line break between them.
    return {
        "levels": [PLAIN],
        "multiline": [{"level": "INFO", **PLAIN}, NO_LEVEL, NO_LEVEL],
        "raised_cause": [PLAIN, {"error_type": ILLEGAL, "error_message": "order 18 failed"}, Rest(PLAIN)],
    }


def logger(first, last, make, exceptions, multiline):
    return {"levels": each(make, *LEVELS[first:last]), **exceptions, "multiline": multiline}


def failed(level, message, **more):
    return {
        **error(ILLEGAL, "card was declined", message_start=message, stack_trace_part="handleRequest"),
        "level": level,
        **more,
    }


def framed_text(level, message):
    return {"level": level, "request_id": REQUEST, "message_part": message}


def console(level, message):
    return {"level": level, "request_id": None, "message_part": message}


LAMBDA_TEXT = logger(
    0,
    6,
    framed_text,
    {
        "exception": [error(ILLEGAL, "card was declined", request_id=REQUEST, message_part="order 17 failed")],
        "warned_exception": [
            error(ILLEGAL, "card was declined", request_id=REQUEST, message_part="a retry follows") | {"level": "WARN"}
        ],
    },
    [framed_text("INFO", "first line\nsecond line")],
)


def in_json(first, last, make):
    known = {key: value for key, value in make("INFO", "").items() if key in ("request_id", "is_json")}
    return logger(
        first,
        last,
        make,
        {
            "exception": [failed("ERROR", "order 17 failed", **known)],
            "warned_exception": [failed("WARN", "a retry follows", **known)],
        },
        [make("INFO", "first line\nsecond line")],
    )


def on_console(first, last):
    def trace(level, message):
        return [console(level, message), {**PLAIN, "error_type": ILLEGAL, "error_message": "card was declined"}, FRAMES]

    return logger(
        first,
        last,
        console,
        {"exception": trace("ERROR", "order 17 failed"), "warned_exception": trace("WARN", "a retry follows")},
        [console("INFO", "first line"), NO_LEVEL],
    )


def lambda_json(level, message):
    return line(level, message, is_json=True, logger="shop.Orders")


def logstash(level, message):
    return bare(level, message, is_json=True, logger="shop.Orders")


POWERTOOLS = PROVIDER_NAMED | {
    "levels": each(line, *LEVELS[1:5], is_json=True),
    "exception": [error(ILLEGAL, "card was declined", request_id=REQUEST, message="order 17 failed", is_json=True)],
}


def log4j(name):
    return (f"-Dlog4j2.configurationFile={name}.xml",)


def slf4j(provider, *options):
    return (f"-Dslf4j.provider={PROVIDERS[provider]}", *options)


WITH_LOG4J, WITH_SLF4J = "WithLog4j::handleRequest", "WithSlf4j::handleRequest"
LOG4J_LAMBDA, LOG4J = "com.amazonaws:aws-lambda-java-log4j2", "org.apache.logging.log4j:log4j-core"
LOGBACK, LOGSTASH = "ch.qos.logback:logback-classic", "net.logstash.logback:logstash-logback-encoder"

RUNS = [Run("standard", "Standard::handleRequest", standard(f == "json"), format=f) for f in BOTH]
RUNS += [Run("unframed", "Standard::handleRequest", unframed(f == "json"), format=f, framed=False) for f in BOTH]
RUNS += [
    Run("log4j2", WITH_LOG4J, LAMBDA_TEXT, package=LOG4J_LAMBDA, options=log4j("log4j2-lambda")),
    Run(
        "log4j2",
        WITH_LOG4J,
        in_json(0, 6, lambda_json),
        package=LOG4J_LAMBDA,
        format="json",
        options=log4j("log4j2-lambda"),
    ),
    Run("log4j2_console", WITH_LOG4J, on_console(0, 6), package=LOG4J, options=log4j("log4j2-console")),
    Run(
        "logback",
        WITH_SLF4J,
        PROVIDER_NAMED | on_console(0, 5),
        package=LOGBACK,
        options=slf4j("logback", "-Dlogback.configurationFile=logback-text.xml"),
    ),
    Run(
        "logback_json",
        WITH_SLF4J,
        PROVIDER_NAMED | in_json(0, 5, logstash),
        package=LOGSTASH,
        options=slf4j("logback", "-Dlogback.configurationFile=logback-json.xml"),
    ),
    Run(
        "slf4j_simple",
        WITH_SLF4J,
        PROVIDER_NAMED | on_console(0, 5),
        package="org.slf4j:slf4j-simple",
        options=slf4j("simple", "-Dorg.slf4j.simpleLogger.defaultLogLevel=trace"),
    ),
]
RUNS += [
    Run(
        "powertools",
        "WithPowertools::handleRequest",
        POWERTOOLS,
        package="software.amazon.lambda:powertools-logging-log4j",
        format=f,
        options=slf4j("log4j", *log4j("log4j2-powertools")),
    )
    for f in BOTH
]
RUNS += [
    Run(
        "broken_init",
        "BrokenInit::handleRequest",
        {
            "init": [
                {"error_type": ILLEGAL, "error_message": "TABLE is not set", "stack_trace_part": "BrokenInit.<init>"}
            ]
        },
        format=f,
    )
    for f in BOTH
]
# The client looks for the class at the first invocation.
NO_CLASS = error("java.lang.ClassNotFoundException", "Missing", stack_trace_part="loadClass")
del NO_CLASS["level"]
RUNS += [Run("no_class", "Missing::handleRequest", {"init": [], "once": [NO_CLASS]}, format=f) for f in BOTH]
