import bunyan from "bunyan";
import pino from "pino";
import { lambdaRequestTracker, pinoLambdaDestination, PinoLogFormatter } from "pino-lambda";
import winston from "winston";

const { combine, colorize, errors, json, simple, timestamp } = winston.format;
const winstonWith = (...formats) =>
  winston.createLogger({ level: "silly", format: combine(...formats), transports: [new winston.transports.Console()] });

const loggers = {
  pino: pino({ level: "trace" }),
  pino_label: pino({
    level: "trace",
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  }),
  pino_lambda: pino({ level: "trace" }, pinoLambdaDestination()),
  pino_lambda_plain: pino({ level: "trace" }, pinoLambdaDestination({ formatter: new PinoLogFormatter() })),
  winston_json: winstonWith(errors({ stack: true }), timestamp(), json()),
  winston_simple: winstonWith(errors({ stack: true }), simple()),
  winston_colour: winstonWith(colorize(), simple()),
  bunyan: bunyan.createLogger({ name: "shop", level: "trace", serializers: bunyan.stdSerializers }),
};
const withRequest = lambdaRequestTracker();

const levels = {
  npm: ["silly", "debug", "verbose", "http", "info", "warn", "error"],
  numbers: ["trace", "debug", "info", "warn", "error", "fatal"],
};

// pino writes at once on `fatal`, before what it has still to write.
const written = () => new Promise((resolve) => setTimeout(resolve, 20));

const actions = {
  async levels(log, kind) {
    for (const level of kind.startsWith("winston") ? levels.npm : levels.numbers) {
      log[level](`it is ${level}`);
      await written();
    }
  },
  fields(log, kind) {
    if (kind.startsWith("winston")) log.error("payment failed", { order: 17, requestId: "mine-1" });
    else log.error({ order: 17, requestId: "mine-1" }, "payment failed");
  },
  error(log, kind) {
    const error = new RangeError("card was declined");
    if (kind.startsWith("winston")) log.error(error);
    else log.error(error, "order 17 failed");
  },
  err(log) {
    log.warn({ err: new RangeError("card was declined") }, "a retry follows");
  },
};

// A case is the logger's name and the action's: "pino.levels".
export async function handler(event, context) {
  const [kind, action] = event.case.split(".");
  withRequest(event, context);
  await actions[action](loggers[kind], kind);
  await written();
}
