/*! The `_aws` object of a JSON log in the embedded metric format (EMF) goes in; its namespaces and time come out. */

use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::record::Emf;

/// The namespaces and time of an `_aws` object; `None` if it has no array `CloudWatchMetrics`.
pub fn read(raw: RawValue<'_>) -> Option<Emf<'_>> {
    let mut emf = Emf::default();
    let mut has_metrics = false;
    values::each_field(raw.text(), |key, value| match key {
        b"Timestamp" => emf.timestamp = values::number(value).map(|millis| millis as i64),
        b"CloudWatchMetrics" => {
            has_metrics = value.starts_with('[');
            values::each_item(value.text(), |directive| {
                values::each_field(directive.text(), |key, value| {
                    if key == b"Namespace"
                        && let Some(namespace) = values::filled(value)
                        && !emf.namespaces.contains(&namespace)
                    {
                        emf.namespaces.push(namespace);
                    }
                });
            });
        }
        _ => {}
    });
    has_metrics.then_some(emf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_is_listed_once() {
        let emf = read(
            r#"{"Timestamp":1656689267834,"CloudWatchMetrics":[{"Namespace":"A"},{"Namespace":"B"},{"Namespace":"A"}]}"#.into(),
        )
        .expect("metrics");
        assert_eq!(emf.namespaces, ["A", "B"]);
        assert_eq!(emf.timestamp, Some(1_656_689_267_834));
        assert_eq!(read(r#"{"Timestamp":1}"#.into()), None);
    }
}
