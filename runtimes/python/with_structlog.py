import logging
import sys

import structlog

console = structlog.wrap_logger(structlog.PrintLogger(), processors=[
    structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), structlog.dev.ConsoleRenderer(colors=True)])
plain = structlog.wrap_logger(structlog.PrintLogger(), processors=[
    structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), structlog.dev.ConsoleRenderer(colors=False)])
as_json = structlog.wrap_logger(structlog.PrintLogger(), processors=[
    structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), structlog.processors.dict_tracebacks,
    structlog.processors.JSONRenderer()])
as_logfmt = structlog.wrap_logger(structlog.PrintLogger(), processors=[
    structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), structlog.processors.LogfmtRenderer()])
standard = structlog.wrap_logger(logging.getLogger("shop.orders"), processors=[
    structlog.stdlib.add_log_level, structlog.processors.JSONRenderer()])
logging.getLogger().setLevel(logging.DEBUG)


def handler(event, context):
    return globals()[event["case"]]()


def all_levels(log):
    log.debug("cache is empty")
    log.info("order accepted", order=17)
    log.warning("stock is low", left=1)
    log.error("payment failed", card="visa")
    log.critical("database is gone")


def console_levels():
    all_levels(console)


def plain_levels():
    all_levels(plain)


def json_levels():
    all_levels(as_json)


def logfmt_levels():
    all_levels(as_logfmt)


def over_logging():
    all_levels(standard)


def json_exception():
    try:
        int("seven")
    except ValueError:
        as_json.exception("order failed", order=17)


def nan():
    as_json.info("mean is unknown", mean=float("nan"))
