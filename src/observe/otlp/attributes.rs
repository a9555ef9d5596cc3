/*! Names and values go in; attributes of OTLP come out. */

use crate::observe::otlp::messages::{AnyValue, KeyValue, Value};

pub(super) fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
    }
}

pub(super) fn text(key: &str, value: String) -> KeyValue {
    attribute(key, Value::Text(value))
}
