import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;

public class Standard implements RequestHandler<Map<String, Object>, Object> {
    static class PaymentFailed extends RuntimeException {
        PaymentFailed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static void charge(int card) {
        throw new PaymentFailed("card " + card + " was declined", null);
    }

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        LambdaLogger log = context.getLogger();
        switch ((String) event.get("case")) {
            case "levels" -> {
                log.log("every step", LogLevel.TRACE);
                log.log("cache is empty", LogLevel.DEBUG);
                log.log("order 17 accepted", LogLevel.INFO);
                log.log("stock is low", LogLevel.WARN);
                log.log("payment failed", LogLevel.ERROR);
                log.log("database is gone", LogLevel.FATAL);
                log.log("without a level");
            }
            case "misleading" -> {
                log.log("ERROR is what the customer wrote", LogLevel.INFO);
                log.log("INFO was what the supplier answered", LogLevel.ERROR);
            }
            case "multiline" -> log.log("first line\nsecond line\n\tthird line", LogLevel.INFO);
            case "logged_json" -> log.log("{\"level\":\"error\",\"message\":\"payment failed\",\"order\":17}");
            case "logged_json_with_level" ->
                log.log("{\"level\":\"error\",\"message\":\"payment failed\",\"order\":17}", LogLevel.INFO);
            case "printed" -> {
                System.out.println("plain words");
                System.out.println("two\nlines");
                System.err.println("words on standard error");
            }
            case "printed_json" -> System.out.println("{\"level\":\"error\",\"message\":\"from a print\",\"order\":17}");
            case "printed_trace" -> {
                try {
                    charge(4);
                } catch (PaymentFailed e) {
                    e.printStackTrace();
                }
            }
            case "util_logging" -> {
                Logger logger = Logger.getLogger("shop.Orders");
                logger.setLevel(Level.ALL);
                logger.info("order 17 accepted");
                logger.warning("stock is low");
                logger.severe("payment failed");
            }
            case "system_logger" -> System.getLogger("shop.Orders").log(System.Logger.Level.ERROR, "payment failed");
            case "raised" -> charge(5);
            case "raised_cause" -> {
                try {
                    charge(6);
                } catch (PaymentFailed e) {
                    throw new IllegalStateException("order 18 failed", e);
                }
            }
            case "raised_without_message" -> throw new NullPointerException();
            case "raised_multiline" -> throw new IllegalArgumentException("bad input:\n  line 2\n  line 3");
            case "raised_suppressed" -> {
                IllegalStateException e = new IllegalStateException("order 19 failed");
                e.addSuppressed(new PaymentFailed("card 7 was declined", null));
                throw e;
            }
            case "stack_overflow" -> deeper(1);
            case "out_of_memory" -> throw new OutOfMemoryError("Java heap space");
            case "exits" -> System.exit(3);
            default -> throw new IllegalArgumentException("no such case");
        }
        return null;
    }

    static int deeper(int depth) {
        return deeper(depth + 1) + 1;
    }
}
