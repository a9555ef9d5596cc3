/*! The headers of envelopes and their elements go in; the origin of each event comes out. */

use std::sync::Arc;

use crate::decode::event::Origin;
use crate::decode::json_structure::members::{members, string};
use crate::decode::log_group::function_of_group;
use crate::decode::subscription::envelope_start::EnvelopeHeader;
use crate::decode::{log_group, log_stream};

/// Most bytes of `extractedFields` that are kept. Origins are held in memory, and a filter pattern may extract the
/// whole message.
const MAX_EXTRACTED: usize = 16 * 1024;

/// What an element states about its origin, beside its envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ElementOrigin {
    pub account: Option<String>,
    pub region: Option<String>,
    /// The log group of the source, from a central group.
    pub group: Option<String>,
    pub stream: Option<String>,
    /// `extractedFields` without account and region: one JSON object.
    pub extracted: Option<String>,
}

impl ElementOrigin {
    /// Reads `extractedFields`: those that CloudWatch adds (`emitSystemFields`) and those of a filter pattern.
    pub fn read_extracted(&mut self, fields: &[u8]) {
        let field = |at| string(&fields[at]).map(|text| text.into_owned());
        let (mut others, mut omitted) = (String::new(), 0);
        for (key, at) in members(fields) {
            match key {
                b"@aws.account" => self.account = field(at),
                b"@aws.region" => self.region = field(at),
                _ => {
                    if key == b"@source.log" {
                        self.group = field(at.clone());
                    }
                    let value = &fields[at];
                    if others.len() + key.len() + value.len() > MAX_EXTRACTED {
                        omitted += value.len();
                        continue;
                    }
                    others.push(if others.is_empty() { '{' } else { ',' });
                    others.push('"');
                    others.push_str(&String::from_utf8_lossy(key));
                    others.push_str("\":");
                    others.push_str(&String::from_utf8_lossy(value));
                }
            }
        }
        if omitted > 0 {
            let before = if others.is_empty() { "{" } else { "," };
            others.push_str(&format!("{before}\"omitted_bytes\":{omitted}"));
        }
        if !others.is_empty() {
            others.push('}');
            self.extracted = Some(others);
        }
    }

    fn is_empty(&self) -> bool {
        self.account.is_none()
            && self.region.is_none()
            && self.stream.is_none()
            && self.extracted.is_none()
    }

    /// Changes an envelope's origin to that of the element's event. The fields that CloudWatch adds are more certain
    /// than the names of group and stream.
    fn apply(&self, origin: &mut Origin) {
        if let Some(stream) = &self.stream {
            origin.set_stream(stream);
        }
        let stream = origin.log_stream.as_deref().and_then(log_stream::parse);
        let is_in_stream = stream.is_some_and(|stream| stream.function_name.is_some());
        let group = self.group.as_deref().filter(|_| !is_in_stream);
        if let Some(function) = group.and_then(function_of_group) {
            origin.function_name = Some(function.to_owned());
        }
        if let Some(account) = &self.account {
            origin.account = Some(account.clone());
            origin.subscription.id_account = Some(account.clone());
        }
        if let Some(region) = &self.region {
            origin.region = Some(region.clone());
        }
        origin.subscription.extracted.clone_from(&self.extracted);
    }
}

/// The origins of a subscription file.
#[derive(Debug)]
pub(crate) struct Origins {
    /// The origin of events outside of envelopes, from the object's key.
    base: Origin,
    /// The origin of the current envelope.
    envelope: Origin,
    /// The element that changed the origin of the last event.
    element: ElementOrigin,
    /// Whether `envelope` is new since the last event.
    is_new: bool,
    /// The origin of the last event: its envelope's, changed by its element.
    current: Arc<Origin>,
}

impl Origins {
    pub fn new(base: Origin) -> Self {
        Origins {
            envelope: base.clone(),
            element: ElementOrigin::default(),
            is_new: false,
            current: Arc::new(base.clone()),
            base,
        }
    }

    pub fn base(&self) -> &Origin {
        &self.base
    }

    /// The origin of the last event.
    pub fn current(&self) -> &Arc<Origin> {
        &self.current
    }

    /// Enters an envelope.
    pub fn enter(&mut self, header: &EnvelopeHeader, data: &[u8]) {
        // Account and group are a part of ids, so the values of an operator's pattern must not replace missing ones.
        let mut origin = Origin {
            account: None,
            log_group: None,
            ..self.base.clone()
        };
        if let Some(owner) = header.string(data, &header.owner) {
            // The owner is the account of the group: a central account, if the events were copied into it.
            origin.subscription.id_account = Some(owner.clone().into_owned());
            origin.account = Some(owner.into_owned());
        }
        if let Some(group) = header.string(data, &header.log_group) {
            origin.set_group(&group);
        }
        if let Some(stream) = header.string(data, &header.log_stream) {
            origin.set_stream(&stream);
        }
        self.envelope = origin;
        self.is_new = true;
    }

    /// Whether the envelope's group is the local copy of a Web Function's group.
    pub fn is_in_local_copy(&self) -> bool {
        let group = self.envelope.log_group.as_deref();
        group.is_some_and(|group| log_group::read(group).is_local_copy)
    }

    /// Leaves the envelope, for an event outside of envelopes.
    pub fn leave(&mut self) {
        self.envelope = self.base.clone();
        self.is_new = true;
        self.set(&ElementOrigin::default());
    }

    /// Sets the origin of an event.
    pub fn set(&mut self, element: &ElementOrigin) {
        let is_same = self.element == *element;
        if is_same && !self.is_new {
            return;
        }
        self.is_new = false;
        if !is_same {
            self.element = element.clone();
        }
        if element.is_empty() {
            if *self.current != self.envelope {
                self.current = Arc::new(self.envelope.clone());
            }
            return;
        }
        let mut origin = self.envelope.clone();
        element.apply(&mut origin);
        if *self.current != origin {
            self.current = Arc::new(origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracted_fields_are_kept_as_they_are_written() {
        let read = |fields: &str| {
            let mut element = ElementOrigin::default();
            element.read_extracted(fields.as_bytes());
            element
        };
        let element = read(
            r#"{"@aws.account":"123456789012","@source.log":"/aws/lambda/x","@aws.region":"us-east-1","@aws.tag.a\"b":"c\nd","$.n":1}"#,
        );
        assert_eq!(element.account.as_deref(), Some("123456789012"));
        assert_eq!(element.region.as_deref(), Some("us-east-1"));
        assert_eq!(element.group.as_deref(), Some("/aws/lambda/x"));
        assert_eq!(
            element.extracted.as_deref(),
            Some(r#"{"@source.log":"/aws/lambda/x","@aws.tag.a\"b":"c\nd","$.n":1}"#)
        );
        for none in ["{}", "null", r#""x""#, r#"{"@aws.account":"123456789012"}"#] {
            assert_eq!(read(none).extracted, None, "{none}");
        }
    }

    #[test]
    fn too_many_extracted_fields_are_omitted_and_counted() {
        let long = "x".repeat(MAX_EXTRACTED);
        for (fields, kept) in [
            (format!(r#"{{"a":"{long}"}}"#), r#"{"omitted_bytes":16386}"#),
            (
                format!(r#"{{"a":"{long}","b":"c"}}"#),
                r#"{"b":"c","omitted_bytes":16386}"#,
            ),
        ] {
            let mut element = ElementOrigin::default();
            element.read_extracted(fields.as_bytes());
            assert_eq!(element.extracted.as_deref(), Some(kept));
        }
    }
}
