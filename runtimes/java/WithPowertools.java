import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.lambda.powertools.logging.PowertoolsLogging;

public class WithPowertools implements RequestHandler<Map<String, Object>, Object> {
    static final Logger LOG = LoggerFactory.getLogger("shop.Orders");

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        return PowertoolsLogging.withLogging(context, () -> {
            switch ((String) event.get("case")) {
                case "levels" -> {
                    LOG.debug("cache is empty");
                    LOG.info("order {} accepted", 17);
                    LOG.warn("stock is low");
                    LOG.error("payment failed");
                }
                case "exception" -> LOG.error("order 17 failed", new IllegalStateException("card was declined"));
                default -> throw new IllegalArgumentException("no such case");
            }
            return null;
        });
    }
}
