/*! Spans of `tracing` go in; finished spans of OTLP come out at the other end of a bounded queue.

Nothing waits here: a span that finds the queue full is dropped and counted. */

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::observe::otlp::attributes::attribute;
use crate::observe::otlp::ids::Ids;
use crate::observe::otlp::messages::{KeyValue, Span, SpanEvent, Status, Value};
use crate::observe::otlp::settings::{Sampler, TraceSettings};

/// Events of a span that are kept, and bytes of a text: a span in the queue is bounded.
const MOST_EVENTS: usize = 32;
const LONGEST_TEXT: usize = 1024;
/// The field of a span that says how its work ended, and the ends that are no error.
const OUTCOME: &str = "outcome";
const GOOD_OUTCOMES: [&str; 3] = ["deleted", "settled", "skipped"];

/// The end of the queue from which spans are exported.
pub(super) struct SpanQueue {
    pub(super) spans: mpsc::Receiver<Span>,
    /// Spans that found the queue full.
    pub(super) dropped: Arc<AtomicU64>,
}

pub(super) struct SpanLayer {
    ids: Ids,
    sampler: Sampler,
    queue: mpsc::Sender<Span>,
    dropped: Arc<AtomicU64>,
}

pub(super) fn span_layer(settings: &TraceSettings) -> (SpanLayer, SpanQueue) {
    let (queue, spans) = mpsc::channel(settings.queue);
    let dropped = Arc::new(AtomicU64::new(0));
    let layer = SpanLayer {
        ids: Ids::default(),
        sampler: settings.sampler,
        queue,
        dropped: dropped.clone(),
    };
    (layer, SpanQueue { spans, dropped })
}

/// What the layer sees, whatever the log shows: logferry's own spans, and events of what happened in them. Libraries,
/// those that send the spans among them, are left out.
pub(super) fn filter() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    let is_ours: fn(&Metadata<'_>) -> bool = |metadata| {
        let least = match metadata.is_span() {
            true => Level::DEBUG,
            false => Level::INFO,
        };
        metadata.target().starts_with("logferry") && *metadata.level() <= least
    };
    filter_fn(is_ours).with_max_level_hint(LevelFilter::DEBUG)
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(entered) = context.span(id) else {
            return;
        };
        let mut span = Span {
            span_id: self.ids.span().to_be_bytes().to_vec(),
            name: attributes.metadata().name().to_owned(),
            start_time_unix_nano: now(),
            flags: Span::FLAGS,
            ..Span::default()
        };
        match entered.parent() {
            Some(parent) => {
                let extensions = parent.extensions();
                // A parent without a span was not sampled, and neither are its children.
                let Some(parent) = extensions.get::<Span>() else {
                    return;
                };
                span.trace_id.clone_from(&parent.trace_id);
                span.parent_span_id.clone_from(&parent.span_id);
                span.kind = Span::INTERNAL;
            }
            None => {
                let trace_id = self.ids.trace();
                if !self.sampler.takes(trace_id) {
                    return;
                }
                span.trace_id = trace_id.to_be_bytes().to_vec();
                span.kind = Span::CONSUMER;
            }
        }
        attributes.record(&mut Fields::of_span(&mut span));
        entered.extensions_mut().insert(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(entered) = context.span(id)
            && let Some(span) = entered.extensions_mut().get_mut::<Span>()
        {
            values.record(&mut Fields::of_span(span));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(entered) = context.event_span(event) else {
            return;
        };
        let mut extensions = entered.extensions_mut();
        let Some(span) = extensions.get_mut::<Span>() else {
            return;
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        if *event.metadata().level() == Level::ERROR {
            span.status = Some(failed(fields.message.clone()));
        }
        if span.events.len() == MOST_EVENTS {
            span.dropped_events_count += 1;
            return;
        }
        span.events.push(SpanEvent {
            time_unix_nano: now(),
            name: fields.message,
            attributes: fields.attributes,
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(entered) = context.span(&id) else {
            return;
        };
        let Some(mut span) = entered.extensions_mut().remove::<Span>() else {
            return;
        };
        span.end_time_unix_nano = now();
        if self.queue.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Nanoseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.unwrap_or_default().as_nanos();
    u64::try_from(nanoseconds).unwrap_or(u64::MAX)
}

fn failed(message: String) -> Status {
    Status {
        message,
        code: Status::ERROR,
    }
}

/// The fields of a span or an event as attributes.
#[derive(Default)]
struct Fields<'a> {
    /// `None`: an event.
    span: Option<&'a mut Span>,
    message: String,
    attributes: Vec<KeyValue>,
}

impl<'a> Fields<'a> {
    fn of_span(span: &'a mut Span) -> Self {
        Self {
            span: Some(span),
            ..Self::default()
        }
    }

    fn add(&mut self, field: &Field, value: Value) {
        let name = field.name();
        match &mut self.span {
            Some(span) => {
                if name == OUTCOME
                    && let Value::Text(outcome) = &value
                    && !GOOD_OUTCOMES.contains(&outcome.as_str())
                {
                    span.status = Some(failed(outcome.clone()));
                }
                span.attributes.push(attribute(standard(name), value));
            }
            None => self.attributes.push(attribute(standard(name), value)),
        }
    }
}

/// The name of OpenTelemetry's semantic conventions for a field, where there is one.
fn standard(field: &str) -> &str {
    match field {
        "id" | "message_id" => "messaging.message.id",
        "bucket" => "aws.s3.bucket",
        "key" => "aws.s3.key",
        other => other,
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST_TEXT)].to_owned()
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(cut(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, Value::Int(value)),
            Err(_) => self.add(field, Value::Text(value.to_string())),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::Double(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bool(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let text = cut(&format!("{value:?}"));
        match field.name() {
            "message" => self.message = text,
            _ => self.add(field, Value::Text(text)),
        }
    }
}
