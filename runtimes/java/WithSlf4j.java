import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The provider behind SLF4J is the process's: -Dslf4j.provider. */
public class WithSlf4j implements RequestHandler<Map<String, Object>, Object> {
    static final Logger LOG = LoggerFactory.getLogger("shop.Orders");

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        switch ((String) event.get("case")) {
            case "levels" -> {
                LOG.trace("every step");
                LOG.debug("cache is empty");
                LOG.info("order {} accepted", 17);
                LOG.warn("stock is low");
                LOG.error("payment failed");
            }
            case "exception" -> LOG.error("order 17 failed", new IllegalStateException("card was declined"));
            case "warned_exception" -> LOG.warn("a retry follows", new IllegalStateException("card was declined"));
            case "multiline" -> LOG.info("first line\nsecond line");
            default -> throw new IllegalArgumentException("no such case");
        }
        return null;
    }
}
