/*! A stored document goes in; the summary's state comes out, as
[`state_writer`](crate::invocation::codec::state_writer) wrote it. */

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Error, Map};

use crate::base64_url;
use crate::decode::{Origin, SubscriptionFields};
use crate::invocation::codec::folded_lines;
use crate::invocation::codec::folded_lines::{ShownFaas, StoredLine, StoredObjects};
use crate::invocation::codec::state_writer::implied_runs;
use crate::invocation::summary::durable_execution::DurableExecution;
use crate::invocation::summary::line_role::{LineKey, LineRole};
use crate::invocation::summary::line_set::LineSet;
use crate::invocation::summary::reported::{ReportedField, ReportedFields, ReportedValue};
use crate::invocation::summary::request_summary;
use crate::invocation::summary::request_summary::{
    ERRORS, FirstError, LINES, LatestLine, Summary, ended,
};
use crate::invocation::summary::runs::{Attempt, Attempts};
use crate::json;

/// The fields of a document that its state refers to.
#[derive(Deserialize)]
pub(crate) struct Document {
    invocation: Invocation,
    faas: Faas,
    #[serde(default)]
    aws: Aws,
    #[serde(default)]
    lambda: Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Invocation {
    first_error: Option<Box<str>>,
    #[serde(default)]
    platform_lines: Vec<StoredLine>,
    merge: Merge,
}

#[derive(Deserialize)]
struct Merge {
    v: i64,
    state: SummaryState,
}

#[derive(Deserialize)]
struct Faas {
    name: Option<Box<str>>,
    invocation_id: Box<str>,
    version: Option<Box<str>>,
    coldstart: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Aws {
    log: Log,
    s3: StoredObjects,
    xray: Map<String, serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Log {
    group: Named,
    stream: Named,
}

#[derive(Default, Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
struct SummaryState {
    origin: StoredOrigin,
    name: Option<Box<str>>,
    /// Whether the version that the document shows is the request's own, and not its stream's.
    #[serde(default = "usual")]
    own_version: bool,
    stream_name: Option<Box<str>>,
    trace: Option<Box<str>>,
    first: i64,
    last: Option<i64>,
    #[serde(default)]
    cold: bool,
    starts: Option<Vec<Entry>>,
    reports: Option<Vec<Entry>>,
    latest: BTreeMap<LineRole, Entry>,
    first_error: Option<Entry>,
    init_error: Option<Entry>,
    #[serde(default)]
    lines: LineSet<LINES>,
    #[serde(default)]
    errors: LineSet<ERRORS>,
}

fn usual() -> bool {
    true
}

#[derive(Deserialize)]
struct StoredOrigin {
    account: Option<String>,
    region: Option<String>,
    name: Option<String>,
    version: Option<String>,
    day: Option<i32>,
}

/// The key of a line, and the values of the line.
#[derive(Deserialize)]
struct Entry {
    at: i64,
    line: Option<usize>,
    hash: Option<Box<str>>,
    #[serde(default)]
    json: bool,
    billed: Option<i64>,
    #[serde(default)]
    shown: Box<str>,
    #[serde(default)]
    told: BTreeMap<ReportedField, ReportedValue>,
    text: Option<Box<str>>,
}

impl Document {
    /// Version of the state's format.
    pub fn version(&self) -> i64 {
        self.invocation.merge.v
    }

    /// The state, exactly as it was.
    pub fn summary(self) -> Result<Summary, Error> {
        let Document {
            invocation,
            faas,
            aws,
            lambda,
        } = self;
        let state = invocation.merge.state;
        let durable = DurableExecution::read(&lambda).map(Box::new);
        let reader = Reader {
            first: state.first,
            first_error: invocation.first_error,
            lambda,
            xray: aws.xray,
            lines: state.lines,
            errors: state.errors,
        };
        let each = state.latest.into_iter();
        let latest: Vec<LatestLine> = each
            .map(|(role, entry)| reader.latest(role, entry))
            .collect::<Result<_, _>>()?;
        let [start, report] = implied_runs(&latest);
        let shown = ShownFaas {
            name: faas.name.as_deref(),
            version: faas.version.as_deref(),
            cold: faas.coldstart,
        };
        let folded = folded_lines::read(invocation.platform_lines, &aws.s3, &shown)?;
        let version = faas.version.map(Arc::from);
        let last = match state.last {
            Some(last) => Some(state.first.wrapping_add(last)),
            None => ended(&latest),
        };
        Ok(Summary::from(request_summary::SummaryState {
            request_id: faas.invocation_id.into(),
            origin: Arc::new(Origin {
                account: state.origin.account,
                region: state.origin.region,
                log_group: aws.log.group.name,
                log_stream: aws.log.stream.name,
                function_name: state.origin.name,
                function_version: state.origin.version,
                stream_day: state.origin.day,
                subscription: SubscriptionFields::default(),
            }),
            name: state.name.map(Arc::from),
            version: match state.own_version {
                true => Some(version.ok_or_else(|| Error::custom("state's version is not shown"))?),
                false => None,
            },
            stream_name: state.stream_name.map(Arc::from),
            trace: state.trace.map(Arc::from),
            durable,
            first: state.first,
            last: last.ok_or_else(|| Error::custom("state tells of no last line"))?,
            cold: state.cold,
            starts: match state.starts {
                Some(starts) => reader.runs(starts)?,
                None => start.into_iter().collect(),
            },
            reports: match state.reports {
                Some(reports) => reader.runs(reports)?,
                None => report.into_iter().collect(),
            },
            first_error: reader.error(state.first_error)?,
            init_error: reader.error(state.init_error)?,
            latest,
            lines: reader.lines,
            errors: reader.errors,
            folded,
        }))
    }
}

/// The parts of the state that entries refer to.
struct Reader {
    first: i64,
    first_error: Option<Box<str>>,
    lambda: Map<String, serde_json::Value>,
    xray: Map<String, serde_json::Value>,
    lines: LineSet<LINES>,
    errors: LineSet<ERRORS>,
}

impl Reader {
    fn line_key(&self, entry: &Entry) -> Result<LineKey, Error> {
        let hash = match (entry.line, &entry.hash) {
            (Some(index), _) => match index.checked_sub(self.lines.held()) {
                Some(index) => self.errors.hash(index),
                None => self.lines.hash(index),
            },
            (None, Some(digits)) if digits.len() == 6 => base64_url::decode(digits.as_bytes()),
            (None, _) => None,
        };
        Ok(LineKey {
            at: self.first.wrapping_add(entry.at),
            hash: hash.ok_or_else(|| Error::custom("state names a line that it does not have"))?,
        })
    }

    fn runs(&self, entries: Vec<Entry>) -> Result<Attempts, Error> {
        let run = |entry: Entry| {
            Ok(Attempt {
                line_key: self.line_key(&entry)?,
                json: entry.json,
                billed: entry.billed,
            })
        };
        entries.into_iter().map(run).collect()
    }

    fn latest(&self, role: LineRole, entry: Entry) -> Result<LatestLine, Error> {
        let line_key = self.line_key(&entry)?;
        let mut reported: Vec<(ReportedField, ReportedValue)> = entry.told.into_iter().collect();
        for letter in entry.shown.bytes() {
            let shown = ReportedField::of_letter(letter)
                .and_then(|field| Some((field, self.shown(field)?)));
            reported
                .push(shown.ok_or_else(|| Error::custom("state names a field that is not shown"))?);
        }
        Ok(LatestLine {
            role,
            line_key,
            reported: ReportedFields::of_list(reported),
        })
    }

    /// The value of a field in the document.
    fn shown(&self, field: ReportedField) -> Option<ReportedValue> {
        let fields = match field < ReportedField::TraceId {
            true => &self.lambda,
            false => &self.xray,
        };
        Some(match fields.get(field.name())? {
            serde_json::Value::Bool(flag) => ReportedValue::Number(i64::from(*flag)),
            serde_json::Value::String(text) => ReportedValue::Text(text.as_str().into()),
            number => ReportedValue::Number(json::to_thousandths(number.as_f64()?)),
        })
    }

    fn error(&self, entry: Option<Entry>) -> Result<FirstError, Error> {
        let Some(entry) = entry else {
            return Ok(None);
        };
        let line_key = self.line_key(&entry)?;
        let text = entry.text.or_else(|| self.first_error.clone());
        let text = text.ok_or_else(|| Error::custom("state has an error without a text"))?;
        Ok(Some((line_key, text)))
    }
}

impl<'de> Deserialize<'de> for ReportedField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Box::<str>::deserialize(deserializer)?;
        ReportedField::named(&name)
            .ok_or_else(|| D::Error::custom(format!("unknown field `{name}`")))
    }
}
