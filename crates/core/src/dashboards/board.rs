/*! The four dashboards. */

use crate::dashboards::index_pattern::{Source, index_pattern};
use crate::dashboards::layout::{Heading, dashboard};
use crate::dashboards::panel::Panel;
use crate::dashboards::saved_object::{ObjectKind, SavedObject};
use crate::dashboards::{errors, one_invocation, overview, pipeline};

/// One dashboard with everything that it needs: index patterns, panels, itself.
pub struct Board {
    /// The name of its file in `deploy/dashboards`.
    pub name: &'static str,
    pub objects: Vec<SavedObject>,
}

impl Board {
    /// The file that Dashboards imports: one object a line.
    pub fn to_ndjson(&self) -> String {
        self.objects
            .iter()
            .map(|object| object.to_line() + "\n")
            .collect()
    }
}

/// The four dashboards over the indices of `prefix`. Each can be imported alone.
pub fn boards(prefix: &str) -> Vec<Board> {
    [
        (
            "lambda-overview",
            "Lambda overview",
            "All functions: invocations, failures, durations, cold starts, memory and cost.",
            "now-24h",
            overview::panels(prefix),
        ),
        (
            "errors",
            "Errors",
            "What fails where, since when, and one line of each.",
            "now-24h",
            errors::panels(),
        ),
        (
            one_invocation::NAME,
            "One invocation",
            "One request from start to end. Filter by faas.invocation_id, or click a request id anywhere.",
            "now-7d",
            one_invocation::panels(prefix),
        ),
        (
            "pipeline",
            "Pipeline",
            "The logs' own way: how fresh they are, how many came, what was dropped, flagged or refused.",
            "now-24h",
            pipeline::panels(prefix),
        ),
    ]
    .map(|(name, title, description, from, panels)| {
        let heading = Heading {
            id: format!("{prefix}-{name}"),
            title: format!("[{prefix}] {title}"),
            description,
            from,
        };
        board(prefix, name, heading, &panels)
    })
    .into()
}

fn board(prefix: &str, name: &'static str, heading: Heading, panels: &[Panel]) -> Board {
    let invocation_board = format!("{prefix}-{}", one_invocation::NAME);
    let panel_objects: Vec<SavedObject> = panels.iter().map(|p| p.saved_object(prefix)).collect();
    let needed = |source: Source| {
        let id = source.id(prefix);
        let mut references = panel_objects.iter().flat_map(|object| &object.references);
        references.any(|reference| reference.id == id)
    };
    let sources = Source::ALL.into_iter().filter(|source| needed(*source));
    let mut objects: Vec<SavedObject> = sources
        .map(|source| index_pattern(prefix, source, &invocation_board))
        .collect();
    objects.extend(panel_objects);
    objects.push(dashboard(prefix, heading, panels));
    Board { name, objects }
}

/// Every object of all dashboards once: index patterns first, dashboards last.
pub fn saved_objects(prefix: &str) -> Vec<SavedObject> {
    let mut all: Vec<SavedObject> = Vec::new();
    for object in boards(prefix).into_iter().flat_map(|board| board.objects) {
        let key = |object: &SavedObject| (object.kind, object.id.clone());
        if !all.iter().any(|known| key(known) == key(&object)) {
            all.push(object);
        }
    }
    all.sort_by_key(|object| match object.kind {
        ObjectKind::IndexPattern => 0,
        ObjectKind::Visualization | ObjectKind::Search => 1,
        ObjectKind::Dashboard => 2,
    });
    all
}
