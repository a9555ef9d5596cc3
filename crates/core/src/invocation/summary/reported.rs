/*! Platform lines go in; their fields come out as values with a total order that JSON keeps exactly. */

use memchr::memmem;
use serde::Deserialize;

use crate::invocation::summary::line_role;
use crate::invocation::summary::line_role::LineRole;
use crate::json;
use crate::parse::{Platform, Record};

/// A field of a platform line, in the order of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ReportedField {
    Duration,
    BilledDuration,
    MemorySize,
    MaxMemoryUsed,
    InitDuration,
    RestoreDuration,
    BilledRestoreDuration,
    ProducedBytes,
    Timeout,
    Status,
    ErrorType,
    Phase,
    InitializationType,
    RuntimeVersion,
    RuntimeVersionArn,
    FunctionArn,
    TenantId,
    TraceId,
    SegmentId,
    Sampled,
    /// The process was killed from outside, for example when memory ran out. No document shows this field.
    Killed,
}

use ReportedField::*;

impl ReportedField {
    /// The fields in order, each with its JSON key in the document (`"name":`): under `lambda`, from
    /// [`ReportedField::TraceId`] on under `aws.xray`.
    const TABLE: [(ReportedField, &str); 21] = [
        (Duration, "\"duration_ms\":"),
        (BilledDuration, "\"billed_duration_ms\":"),
        (MemorySize, "\"memory_size_mb\":"),
        (MaxMemoryUsed, "\"max_memory_used_mb\":"),
        (InitDuration, "\"init_duration_ms\":"),
        (RestoreDuration, "\"restore_duration_ms\":"),
        (BilledRestoreDuration, "\"billed_restore_duration_ms\":"),
        (ProducedBytes, "\"produced_bytes\":"),
        (Timeout, "\"timeout_seconds\":"),
        (Status, "\"status\":"),
        (ErrorType, "\"error_type\":"),
        (Phase, "\"phase\":"),
        (InitializationType, "\"initialization_type\":"),
        (RuntimeVersion, "\"runtime_version\":"),
        (RuntimeVersionArn, "\"runtime_version_arn\":"),
        (FunctionArn, "\"function_arn\":"),
        (TenantId, "\"tenant_id\":"),
        (TraceId, "\"trace_id\":"),
        (SegmentId, "\"segment_id\":"),
        (Sampled, "\"sampled\":"),
        (Killed, "\"killed\":"),
    ];

    pub const ALL: [ReportedField; ReportedField::TABLE.len()] = {
        let mut all = [Duration; ReportedField::TABLE.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = ReportedField::TABLE[index].0;
            index += 1;
        }
        all
    };

    /// JSON key of the field: `"name":`.
    #[inline]
    pub fn key(self) -> &'static str {
        ReportedField::TABLE[self as usize].1
    }

    pub fn name(self) -> &'static str {
        self.key().trim_matches(['"', ':'])
    }

    pub fn named(name: &str) -> Option<ReportedField> {
        ReportedField::ALL
            .into_iter()
            .find(|field| field.name() == name)
    }

    /// Code letter of the field in a stored state: `a` for the first field.
    pub fn letter(self) -> u8 {
        b'a' + self as u8
    }

    pub fn of_letter(letter: u8) -> Option<ReportedField> {
        let index = letter.checked_sub(b'a')?;
        ReportedField::ALL.get(usize::from(index)).copied()
    }
}

/// The value of a field in a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
pub(crate) enum ReportedValue {
    /// A number in thousandths of the line's unit, so that it is exact and equal again after writing. Flags are 0 and
    /// 1.
    Number(i64),
    Text(Box<str>),
}

/// Fields of one line: sorted, each field once. Nearly all lines have none, a REPORT has five.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReportedFields(Vec<(ReportedField, ReportedValue)>);

/// Number of fields in the REPORT of a cold start.
const USUAL: usize = 5;

impl ReportedFields {
    pub fn of(record: &Record<'_>, text: &[u8], role: LineRole) -> ReportedFields {
        let mut reported = ReportedFields::default();
        let platform = record.platform.as_deref();
        let is_failure = matches!(role, LineRole::Fault | LineRole::Failure);
        if platform.is_none() && record.xray.is_none() && !is_failure {
            return reported;
        }
        if let Some(platform) = platform {
            reported.add_numbers(platform);
            reported.text(Status, platform.status.as_deref());
        }
        let platform_type = platform.and_then(|platform| platform.error_type.as_deref());
        let record_type = (record.error.as_deref())
            .filter(|_| is_failure)
            .and_then(|error| error.kind.as_deref());
        reported.text(ErrorType, platform_type.or(record_type));
        if let Some(platform) = platform {
            reported.add_texts(platform);
        }
        if let Some(xray) = record.xray.as_deref() {
            reported.text(TraceId, xray.trace_id.as_deref());
            reported.text(SegmentId, xray.segment_id.as_deref());
            if let Some(sampled) = xray.sampled {
                reported
                    .0
                    .push((Sampled, ReportedValue::Number(i64::from(sampled))));
            }
        }
        if role == LineRole::Fault && memmem::find(text, b"signal: killed").is_some() {
            reported.0.push((Killed, ReportedValue::Number(1)));
        }
        reported
    }

    /// The fields of a list in any order. If a field is listed twice, its least value is kept.
    pub fn of_list(mut list: Vec<(ReportedField, ReportedValue)>) -> ReportedFields {
        list.sort_unstable();
        list.dedup_by_key(|(field, _)| *field);
        ReportedFields(list)
    }

    fn add_numbers(&mut self, platform: &Platform<'_>) {
        self.0 = Vec::with_capacity(USUAL);
        self.number(Duration, platform.duration_ms);
        self.number(BilledDuration, platform.billed_duration_ms);
        self.number(MemorySize, platform.memory_size_mb);
        self.number(MaxMemoryUsed, platform.max_memory_used_mb);
        self.number(InitDuration, platform.init_duration_ms);
        self.number(RestoreDuration, platform.restore_duration_ms);
        let billed = platform.billed_restore_duration_ms;
        self.number(BilledRestoreDuration, billed);
        self.number(ProducedBytes, platform.produced_bytes);
        self.number(Timeout, platform.timeout_seconds);
    }

    /// Adds the text fields that sort after the error type.
    fn add_texts(&mut self, platform: &Platform<'_>) {
        self.text(Phase, platform.phase.as_deref());
        let kind = platform.initialization_type.as_deref();
        self.text(InitializationType, kind);
        self.text(RuntimeVersion, platform.runtime_version.as_deref());
        let arn = platform.runtime_version_arn.as_deref();
        self.text(RuntimeVersionArn, arn);
        self.text(FunctionArn, platform.function_arn.as_deref());
        self.text(TenantId, platform.tenant_id.as_deref());
    }

    #[inline]
    fn number(&mut self, field: ReportedField, number: Option<f64>) {
        if let Some(number) = number.filter(|number| number.is_finite()) {
            self.0
                .push((field, ReportedValue::Number(json::to_thousandths(number))));
        }
    }

    #[inline]
    fn text(&mut self, field: ReportedField, text: Option<&str>) {
        if let Some(text) = text {
            self.push_text(field, text);
        }
    }

    fn push_text(&mut self, field: ReportedField, text: &str) {
        let text = line_role::cut(text, line_role::TEXT).into();
        self.0.push((field, ReportedValue::Text(text)));
    }

    pub fn iter(&self) -> impl Iterator<Item = (ReportedField, &ReportedValue)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, wanted: ReportedField) -> Option<&ReportedValue> {
        let mut all = self.iter();
        all.find_map(|(field, value)| (field == wanted).then_some(value))
    }

    pub fn number_of(&self, field: ReportedField) -> Option<i64> {
        match self.get(field) {
            Some(ReportedValue::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn text_of(&self, field: ReportedField) -> Option<&str> {
        match self.get(field) {
            Some(ReportedValue::Text(text)) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_index_letter_and_name() {
        for (index, field) in ReportedField::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, index);
            assert_eq!(ReportedField::of_letter(field.letter()), Some(field));
            assert_eq!(ReportedField::named(field.name()), Some(field));
        }
        assert_eq!(ReportedField::of_letter(b'Z'), None);
        assert_eq!(ReportedField::of_letter(b'z'), None);
        assert_eq!(ReportedField::named("name"), None);
    }
}
