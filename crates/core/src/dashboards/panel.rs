/*! A panel of a dashboard goes in; its saved object comes out: a visualization or a saved search. */

use serde_json::{Map, Value, json};

use crate::dashboards::aggregation::{Bucket, Labelled, Metric, lucene};
use crate::dashboards::index_pattern::{INDEX_REFERENCE, Source};
use crate::dashboards::saved_object::{ObjectKind, SavedObject};
use crate::dashboards::vis_state;
use crate::dashboards::vis_state::Drawing;

/// A panel and its place in the grid.
pub(crate) struct Panel {
    /// The last part of the id.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What it shows and how to read it.
    pub(crate) description: &'static str,
    /// Columns, of 48.
    pub(crate) width: u32,
    /// Rows.
    pub(crate) height: u32,
    pub(crate) view: View,
}

pub(crate) enum View {
    Aggregation {
        source: Source,
        /// In the syntax of query_string; empty for all documents.
        query: &'static str,
        drawing: Drawing,
        metrics: Vec<Labelled<Metric>>,
        buckets: Vec<Labelled<Bucket>>,
    },
    Documents {
        source: Source,
        query: &'static str,
        columns: &'static [&'static str],
        order: &'static str,
    },
    Vega(Value),
    Markdown(&'static str),
}

impl Panel {
    pub(crate) fn kind(&self) -> ObjectKind {
        match self.view {
            View::Documents { .. } => ObjectKind::Search,
            View::Aggregation { .. } | View::Vega(_) | View::Markdown(_) => {
                ObjectKind::Visualization
            }
        }
    }

    pub(crate) fn id(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.name)
    }

    pub(crate) fn saved_object(&self, prefix: &str) -> SavedObject {
        let title = format!("[{prefix}] {}", self.title);
        let (source, query) = match &self.view {
            View::Aggregation { source, query, .. } | View::Documents { source, query, .. } => {
                (Some(*source), *query)
            }
            View::Vega(_) | View::Markdown(_) => (None, ""),
        };
        let mut search = json!({"query": lucene(query), "filter": []});
        if source.is_some() {
            search["indexRefName"] = INDEX_REFERENCE.into();
        }
        let mut attributes = Map::new();
        attributes.insert("version".to_owned(), 1.into());
        let vis_state = match &self.view {
            View::Aggregation {
                drawing,
                metrics,
                buckets,
                ..
            } => vis_state::of_aggregation(&title, *drawing, metrics, buckets),
            View::Vega(spec) => vis_state::of_vega(&title, spec),
            View::Markdown(text) => vis_state::of_markdown(&title, text),
            View::Documents { columns, order, .. } => {
                search["highlightAll"] = true.into();
                search["version"] = true.into();
                attributes.insert("hits".to_owned(), 0.into());
                attributes.insert("columns".to_owned(), json!(columns));
                attributes.insert("sort".to_owned(), json!([["@timestamp", order]]));
                Value::Null
            }
        };
        if !vis_state.is_null() {
            attributes.insert("visState".to_owned(), vis_state.to_string().into());
            attributes.insert("uiStateJSON".to_owned(), "{}".into());
        }
        let meta = json!({"searchSourceJSON": search.to_string()});
        attributes.insert("kibanaSavedObjectMeta".to_owned(), meta);
        SavedObject::new(
            self.kind(),
            self.id(prefix),
            title,
            self.description,
            attributes,
            source
                .map(|source| source.reference(prefix))
                .into_iter()
                .collect(),
        )
    }
}
