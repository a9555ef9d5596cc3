import json
import logging
import os
import sys
import traceback
import warnings

logger = logging.getLogger()
logger.setLevel(logging.DEBUG)
orders = logging.getLogger("shop.orders")


class PaymentFailed(Exception):
    pass


def charge(card):
    raise PaymentFailed(f"card {card} was declined")


def handler(event, context):
    return globals()[event["case"]](context)


def levels(_):
    orders.debug("cache is empty")
    orders.info("order 17 accepted")
    orders.warning("stock is low")
    orders.error("payment failed")
    orders.critical("database is gone")


def own_level(_):
    orders.log(25, "between INFO and WARNING")
    logging.addLevelName(35, "NOTICE")
    orders.log(35, "a level with a name of its own")


def misleading(_):
    orders.info("ERROR is what the customer wrote")
    orders.error("INFO was what the supplier answered")


def multiline(_):
    orders.info("first line\nsecond line\n  third line")


def logged_exception(_):
    try:
        charge(4)
    except PaymentFailed:
        orders.exception("order 17 failed")


def warned_exception(_):
    try:
        charge(5)
    except PaymentFailed as e:
        orders.warning("a retry follows", exc_info=e)


def chained(_):
    try:
        charge(6)
    except PaymentFailed as e:
        raise RuntimeError("order 18 failed") from e


def group(_):
    raise_group([ValueError("first"), TypeError("second")])


def raise_group(errors):
    raise ExceptionGroup("two orders failed", errors)


def raised(_):
    charge(7)


def raised_empty(_):
    raise KeyError()


def raised_multiline(_):
    raise ValueError("bad input:\n  line 2\n  line 3")


def unserializable(_):
    return {"when": object()}


def printed(_):
    print("plain words")
    print("[INFO] in brackets")
    print("two\nlines")


def printed_json(_):
    print(json.dumps({"level": "error", "message": "from a print", "order": 17}))


def printed_nan(_):
    print(json.dumps({"level": "warning", "message": "a mean of nothing", "mean": float("nan")}))


def printed_traceback(_):
    try:
        charge(8)
    except PaymentFailed:
        traceback.print_exc()


def warned(_):
    warnings.warn("this call is old", stacklevel=1)


def logged_dict(_):
    orders.info({"order": 17, "total": 9.5})


def logged_json(_):
    orders.info(json.dumps({"order": 17, "level": "error", "message": "inner"}))


def extra(_):
    orders.info("with more", extra={"order": 17, "customer": {"id": "c1"}})


def extra_nan(_):
    orders.info("mean is unknown", extra={"mean": float("nan"), "most": float("inf")})


def extra_level(_):
    orders.error("the level of water is low", extra={"level": "INFO", "request_id": "mine-1"})


def exits(_):
    sys.exit(3)


def killed(_):
    print("going down", flush=True)
    os._exit(137)
