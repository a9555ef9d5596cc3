import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

public class WithLog4j implements RequestHandler<Map<String, Object>, Object> {
    static final Logger LOG = LogManager.getLogger("shop.Orders");

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        switch ((String) event.get("case")) {
            case "levels" -> {
                LOG.trace("every step");
                LOG.debug("cache is empty");
                LOG.info("order {} accepted", 17);
                LOG.warn("stock is low");
                LOG.error("payment failed");
                LOG.fatal("database is gone");
            }
            case "exception" -> LOG.error("order 17 failed", new IllegalStateException("card was declined"));
            case "warned_exception" -> LOG.warn("a retry follows", new IllegalStateException("card was declined"));
            case "multiline" -> LOG.info("first line\nsecond line");
            default -> throw new IllegalArgumentException("no such case");
        }
        return null;
    }
}
