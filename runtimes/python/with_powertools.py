from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service="shop", level="DEBUG")
metrics = Metrics(namespace="shop", service="orders")


@logger.inject_lambda_context(log_event=False)
def handler(event, context):
    return globals()[event["case"]]()


def levels():
    logger.debug("cache is empty")
    logger.info("order 17 accepted", order=17)
    logger.warning("stock is low")
    logger.error("payment failed")
    logger.critical("database is gone")


def exception():
    try:
        int("seven")
    except ValueError:
        logger.exception("order 17 failed")


def dict_message():
    logger.error({"order": 17, "reason": "declined"})


def nan():
    logger.info("mean is unknown", mean=float("nan"))


def raised():
    raise ValueError("no such order")


def metric():
    metrics.add_metric(name="Orders", unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
