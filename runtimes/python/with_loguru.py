import sys

from loguru import logger


def handler(event, context):
    logger.remove()
    case = event["case"]
    if case.startswith("json_"):
        logger.add(sys.stdout, level="TRACE", serialize=True, diagnose=False)
    else:
        logger.add(sys.stderr, level="TRACE", colorize=case.startswith("colour_"), diagnose=False)
    return globals()[case.split("_", 1)[1]]()


def levels():
    logger.trace("every step")
    logger.debug("cache is empty")
    logger.info("order 17 accepted")
    logger.success("order 17 delivered")
    logger.warning("stock is low")
    logger.error("payment failed")
    logger.critical("database is gone")


def exception():
    try:
        int("seven")
    except ValueError:
        logger.exception("order 17 failed")
