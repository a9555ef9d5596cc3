import { Logger } from "@aws-lambda-powertools/logger";

const logger = new Logger({ serviceName: "shop", logLevel: "TRACE" });

const cases = {
  levels() {
    logger.trace("every step");
    logger.debug("cache is empty");
    logger.info("order 17 accepted", { order: 17 });
    logger.warn("stock is low");
    logger.error("payment failed");
    logger.critical("database is gone");
  },
  error() {
    logger.error("order 17 failed", new RangeError("card was declined"));
  },
  error_key() {
    logger.warn("a retry follows", { error: new RangeError("card was declined") });
  },
};

export async function handler(event, context) {
  logger.addContext(context);
  cases[event.case]();
}
