/*! The inner objects of a JSON log (`log`, `span`, `mdc`, `aws` …) go in; the record is completed with their request
id, trace and logger. Each object is read once, and only if the record lacks one of its values. */

use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::json::keys::{Fields, Slot, Slots, slot_of};
use crate::parse::json::typed_values;
use crate::parse::record::{IdSource, Record};

const IDS: [Slot; 4] = [
    Slot::AwsRequestId,
    Slot::FunctionRequestId,
    Slot::LambdaRequestId,
    Slot::RequestId,
];

/// The keys of an inner object that hold the function's request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    None,
    /// The keys that name AWS, Lambda or the function.
    Named,
    All,
    /// All, if the object has the function's ARN too.
    WithFunction,
}

/// The inner objects, the most certain first.
const OBJECTS: [(Slot, Ids); 7] = [
    (Slot::Aws, Ids::All),
    (Slot::Span, Ids::All),
    (Slot::Mdc, Ids::Named),
    (Slot::Context, Ids::Named),
    (Slot::Properties, Ids::Named),
    (Slot::Record, Ids::WithFunction),
    (Slot::Log, Ids::None),
];

const ALL: Slots = Slots::of(&[
    Slot::Aws,
    Slot::Span,
    Slot::Mdc,
    Slot::Context,
    Slot::Properties,
    Slot::Record,
    Slot::Log,
    Slot::Spans,
]);

/// Completes `record` with the values of the inner objects that it lacks.
pub fn complete<'a>(record: &mut Record<'a>, fields: &Fields<'a>) {
    if !fields.has(ALL) {
        return;
    }
    for (slot, ids) in OBJECTS {
        if let Some(raw) = fields.get(slot)
            && is_needed(record, slot)
        {
            read_object(record, raw, slot, ids);
        }
    }
    if let Some(spans) = fields.get(Slot::Spans)
        && is_needed(record, Slot::Spans)
    {
        values::each_item(spans.text(), |span| {
            read_object(record, span, Slot::Spans, Ids::All)
        });
    }
}

/// Whether `record` lacks a value that the inner object at `slot` may have.
fn is_needed(record: &Record<'_>, slot: Slot) -> bool {
    match slot {
        Slot::Log => record.logger.is_none(),
        Slot::Properties => record.request_id.is_none() || record.logger.is_none(),
        Slot::Span | Slot::Spans | Slot::Mdc => {
            record.request_id.is_none() || record.xray.is_none()
        }
        _ => record.request_id.is_none(),
    }
}

/// Completes `record` from one inner object.
fn read_object<'a>(record: &mut Record<'a>, object: RawValue<'a>, slot: Slot, ids: Ids) {
    let mut found_ids = [None; IDS.len()];
    let mut snake = None;
    let mut traces = [None; 2];
    let (mut logger, mut function) = (None, false);
    values::each_member(object.text(), &mut (), |key, value| {
        let Some(known) = slot_of(key) else { return };
        let value = Some(value.raw());
        match known {
            Slot::SnakeRequestId => snake = value,
            Slot::XrayTraceId => traces[0] = value,
            Slot::TraceId => traces[1] = value,
            Slot::Logger => logger = value,
            Slot::FunctionArn => function = true,
            _ => {
                if let Some(at) = IDS.iter().position(|id| *id == known) {
                    found_ids[at] = value;
                }
            }
        }
    });
    let all = ids == Ids::All || ids == Ids::WithFunction && function;
    let named = match ids {
        _ if all => IDS.len(),
        Ids::Named => IDS.len() - 1,
        _ => 0,
    };
    if record.request_id.is_none() {
        record.request_id = found_ids[..named]
            .iter()
            .flatten()
            .find_map(|raw| typed_values::request_id(*raw))
            .or_else(|| snake.filter(|_| all).and_then(typed_values::uuid));
        if record.request_id.is_some() {
            record.id_source = IdSource::Logger;
        }
    }
    if record.xray.is_none() && matches!(slot, Slot::Span | Slot::Spans | Slot::Mdc) {
        record.xray = traces
            .iter()
            .flatten()
            .find_map(|raw| typed_values::trace(*raw))
            .map(Box::new);
    }
    if record.logger.is_none() && matches!(slot, Slot::Properties | Slot::Log) {
        record.logger = logger.and_then(values::filled);
    }
}
