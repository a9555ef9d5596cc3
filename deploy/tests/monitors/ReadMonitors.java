import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.commons.alerting.model.BucketLevelTrigger;
import org.opensearch.commons.alerting.model.Monitor;
import org.opensearch.commons.alerting.model.QueryLevelTrigger;
import org.opensearch.commons.alerting.model.SearchInput;
import org.opensearch.commons.alerting.model.Trigger;
import org.opensearch.core.xcontent.DeprecationHandler;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.search.SearchModule;

/** Reads monitors as the Alerting plugin does; ends with 1 and the reason at the first that it refuses. */
public class ReadMonitors {
    public static void main(String[] files) throws Exception {
        var entries = new ArrayList<>(new SearchModule(Settings.EMPTY, List.of()).getNamedXContents());
        entries.add(Monitor.Companion.getXCONTENT_REGISTRY());
        entries.add(SearchInput.Companion.getXCONTENT_REGISTRY());
        entries.add(QueryLevelTrigger.Companion.getXCONTENT_REGISTRY());
        entries.add(BucketLevelTrigger.Companion.getXCONTENT_REGISTRY());
        var registry = new NamedXContentRegistry(entries);
        for (String file : files) {
            try (var parser = JsonXContent.jsonXContent.createParser(
                    registry, DeprecationHandler.THROW_UNSUPPORTED_OPERATION, Files.readString(Path.of(file)))) {
                parser.nextToken();
                var monitor = Monitor.Companion.parse(parser, Monitor.NO_ID, Monitor.NO_VERSION);
                if (parser.nextToken() != null) throw new IllegalArgumentException("more after the monitor");
                if (monitor.getTriggers().size() != 1) throw new IllegalArgumentException("no trigger");
                for (Trigger trigger : monitor.getTriggers()) {
                    String kind = monitor.getMonitorType();
                    boolean fits = kind.equals("bucket_level_monitor") ? trigger instanceof BucketLevelTrigger
                        : trigger instanceof QueryLevelTrigger;
                    if (!fits) throw new IllegalArgumentException(kind + " with a " + trigger.getClass());
                    if (trigger.getActions().size() != 1) throw new IllegalArgumentException("no action");
                }
                System.out.println(file + ": " + monitor.getName() + ", every " + monitor.getSchedule());
            } catch (Exception error) {
                System.err.println(file + ": " + error);
                System.exit(1);
            }
        }
    }
}
