import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

public class BrokenInit implements RequestHandler<Object, Object> {
    public BrokenInit() {
        throw new IllegalStateException("TABLE is not set");
    }

    @Override
    public Object handleRequest(Object event, Context context) {
        return null;
    }
}
