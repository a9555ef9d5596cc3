/*! Headings of the groups of flags in `--help`. */

pub const CHECK: &str = "Check";
pub const REPLAY: &str = "Replay";
pub const QUEUE: &str = "Queue";
pub const OBJECTS: &str = "Objects";
pub const GROUPS: &str = "Log groups";
pub const EXPORT: &str = "Export";
pub const COVERAGE: &str = "Coverage";
pub const OPENSEARCH: &str = "OpenSearch";
pub const DASHBOARDS: &str = "OpenSearch Dashboards";
pub const LIMITS: &str = "Limits";
pub const SERVING: &str = "Serving";
pub const REPORT: &str = "Report";
pub const PAGE: &str = "Page";
pub const SEARCH: &str = "Search";
pub const OUTPUT: &str = "Output";
pub const LETTERS: &str = "Dead letters";
