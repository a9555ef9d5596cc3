/*! Panels go in; the dashboard that shows them comes out. Panels fill the grid from left to right, row by row. */

use serde_json::{Map, Value, json};

use crate::dashboards::panel::Panel;
use crate::dashboards::saved_object::{ObjectKind, Reference, SavedObject};

/// Columns of Dashboards' grid.
const COLUMNS: u32 = 48;
/// The form of a panel's place and options: that of Dashboards 1.0 and all later ones.
const PANEL_VERSION: &str = "7.9.3";

/// What a dashboard is, beside its panels.
pub(crate) struct Heading {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: &'static str,
    /// How far back it looks when it is opened, in Dashboards' notation.
    pub(crate) from: &'static str,
}

pub(crate) fn dashboard(prefix: &str, heading: Heading, panels: &[Panel]) -> SavedObject {
    let (mut x, mut y, mut row) = (0, 0, 0);
    let mut places = Vec::new();
    let mut references = Vec::new();
    for (number, panel) in panels.iter().enumerate() {
        if x + panel.width > COLUMNS {
            (x, y, row) = (0, y + row, 0);
        }
        let index = (number + 1).to_string();
        let name = format!("panel_{number}");
        places.push(json!({
            "version": PANEL_VERSION, "panelIndex": index, "panelRefName": name, "embeddableConfig": {},
            "gridData": {"x": x, "y": y, "w": panel.width, "h": panel.height, "i": index},
        }));
        references.push(Reference {
            name,
            kind: panel.kind(),
            id: panel.id(prefix),
        });
        x += panel.width;
        row = row.max(panel.height);
    }
    let options = json!({"useMargins": true, "hidePanelTitles": false});
    let search = json!({"query": {"query": "", "language": "kuery"}, "filter": []});
    let mut attributes = Map::new();
    for (name, value) in [
        ("hits", json!(0)),
        ("version", json!(1)),
        ("panelsJSON", Value::from(places).to_string().into()),
        ("optionsJSON", options.to_string().into()),
        ("timeRestore", json!(true)),
        ("timeFrom", json!(heading.from)),
        ("timeTo", json!("now")),
        ("refreshInterval", json!({"pause": true, "value": 0})),
        (
            "kibanaSavedObjectMeta",
            json!({"searchSourceJSON": search.to_string()}),
        ),
    ] {
        attributes.insert(name.to_owned(), value);
    }
    SavedObject::new(
        ObjectKind::Dashboard,
        heading.id,
        heading.title,
        heading.description,
        attributes,
        references,
    )
}
