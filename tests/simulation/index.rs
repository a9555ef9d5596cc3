/*!
A simulated OpenSearch: `_bulk` with `create` and conditional `index`, `_mget`. It reads the request's bytes and answers
JSON, which the worker's client reads by the worker's own `bulk::read`.
*/

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use logferry::error_class::ErrorClass;
use logferry::sink::{Index, IndexError, Stored};
use logferry_core::bulk;
use logferry_core::bulk::{Bulk, Verdict};
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::history::What;
use crate::sim::{Sim, Wire, lock};

const LATENCY: Duration = Duration::from_millis(120);
/// The request timeout of the worker's client.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Errors by which OpenSearch refuses every document after a mistake of an operator.
const SLIPS: [(&str, &str); 3] = [
    (
        "mapper_parsing_exception",
        "failed to parse field [@timestamp] of type [long]",
    ),
    (
        "invalid_alias_name_exception",
        "Invalid alias name [logs]: an index exists with the same name as the alias",
    ),
    (
        "illegal_argument_exception",
        "pipeline with id [ours] does not exist",
    ),
];

/// Index name and `_id`.
pub type Place = (String, String);

#[derive(Default)]
struct State {
    documents: BTreeMap<Place, Stored>,
    /// Last sequence number of each index.
    seq_nos: BTreeMap<String, u64>,
    primary_term: u64,
    /// Bytes of the bulks that are being answered.
    in_flight: usize,
    most_in_flight: usize,
}

/// Which documents an index refuses for good.
pub type Curse = Box<dyn Fn(&Place) -> bool + Send + Sync>;

pub struct IndexServer {
    sim: Arc<Sim>,
    state: Mutex<State>,
    cursed: Mutex<Option<Curse>>,
    /// The workers that received an answer that a document is stored.
    told: Mutex<BTreeMap<Place, Vec<u32>>>,
}

enum Action {
    Create,
    /// With `if_seq_no` and `if_primary_term`, if they are there.
    Index(Option<(u64, u64)>),
}

impl IndexServer {
    pub fn new(sim: &Arc<Sim>) -> Arc<Self> {
        Arc::new(Self {
            sim: sim.clone(),
            state: Mutex::new(State {
                primary_term: 1,
                ..State::default()
            }),
            cursed: Mutex::default(),
            told: Mutex::default(),
        })
    }

    pub fn curse(&self, curse: Curse) {
        *lock(&self.cursed) = Some(curse);
    }

    pub fn is_cursed(&self, place: &Place) -> bool {
        // A curse is about the content of one document, and a sample has the plain content that any index takes.
        place.1 != "logferry-probe"
            && lock(&self.cursed)
                .as_ref()
                .is_some_and(|curse| curse(place))
    }

    pub fn document(&self, place: &Place) -> Option<Stored> {
        lock(&self.state).documents.get(place).cloned()
    }

    pub fn documents(&self) -> BTreeMap<Place, Stored> {
        lock(&self.state).documents.clone()
    }

    pub fn most_in_flight(&self) -> usize {
        lock(&self.state).most_in_flight
    }

    /// Whether this worker had an answer that this document is there.
    pub fn was_told(&self, place: &Place, worker: u32) -> bool {
        lock(&self.told)
            .get(place)
            .is_some_and(|workers| workers.contains(&worker))
    }

    /// `_bulk`: the answer's text. Of the documents only the first `applied` reach the index.
    pub fn bulk(&self, worker: u32, body: &[u8], applied: usize) -> String {
        let mut lines = body.split(|b| *b == b'\n');
        assert_eq!(body.last(), Some(&b'\n'), "a bulk ends with a line break");
        let mut items = Vec::new();
        while let Some(action) = lines.next().filter(|line| !line.is_empty()) {
            if items.len() == applied {
                break;
            }
            let source = lines.next().expect("an action without a source");
            let action: Value = serde_json::from_slice(action).expect("an action line is JSON");
            let (name, entry) = action
                .as_object()
                .and_then(|a| a.iter().next())
                .expect("an action has a name");
            let text = |field: &str| {
                entry[field]
                    .as_str()
                    .expect("index and id are given")
                    .to_owned()
            };
            let place = (text("_index"), text("_id"));
            let action = match name.as_str() {
                "create" => Action::Create,
                "index" => Action::Index(
                    entry["if_seq_no"]
                        .as_u64()
                        .zip(entry["if_primary_term"].as_u64()),
                ),
                other => panic!("nobody sends {other}"),
            };
            let (status, error) = self.apply(worker, &place, &action, source);
            let mut item = json!({ "status": status });
            if let Some((kind, reason)) = error {
                item["error"] = json!({ "type": kind, "reason": reason });
            }
            items.push(json!({ name.as_str(): item }));
        }
        json!({ "items": items }).to_string()
    }

    fn apply(
        &self,
        worker: u32,
        place: &Place,
        action: &Action,
        source: &[u8],
    ) -> (u16, Option<(&'static str, &'static str)>) {
        let (index, id) = place.clone();
        let refuse = |status, kind, reason| {
            self.sim.note(
                worker,
                What::Refused {
                    index: index.clone(),
                    id: id.clone(),
                    status,
                },
            );
            (status, Some((kind, reason)))
        };
        if self.sim.strikes(Fault::ItemThrottled) {
            return refuse(429, "es_rejected_execution_exception", "queue full");
        } else if self.sim.strikes(Fault::ItemUnavailable) {
            return refuse(
                503,
                "unavailable_shards_exception",
                "primary shard is not active",
            );
        } else if self.sim.strikes(Fault::ItemBlocked) {
            return refuse(
                403,
                "cluster_block_exception",
                "index read-only / allow delete (api)",
            );
        } else if self.sim.strikes(Fault::IndexMissing) {
            return refuse(404, "index_not_found_exception", "no such index");
        } else if self.is_cursed(place)
            || index.ends_with(['0', '2', '4', '6', '8'])
                && self.sim.strikes(Fault::MappingConflict)
        {
            return refuse(400, "mapper_parsing_exception", "failed to parse");
        } else if self.sim.strikes(Fault::AllRefused) {
            // A wrong alias in a template, a missing pipeline, or a wrong mapping: one kind of mistake in each seed.
            let (kind, reason) = SLIPS[self.sim.seed as usize % SLIPS.len()];
            return refuse(400, kind, reason);
        }
        let mut state = lock(&self.state);
        let state = &mut *state;
        let there = state.documents.get(place);
        let conflict = match action {
            Action::Create => there.is_some(),
            Action::Index(None) => {
                self.sim.note(
                    worker,
                    What::Broken(format!("{index}/{id} was written without a condition")),
                );
                false
            }
            Action::Index(Some(condition)) => {
                there.map(|s| (s.seq_no, s.primary_term)) != Some(*condition)
            }
        };
        if conflict {
            self.sim.note(worker, What::Conflict { index, id });
            return (
                409,
                Some((
                    "version_conflict_engine_exception",
                    "document already exists",
                )),
            );
        }
        let is_new = there.is_none();
        let seq_no = state.seq_nos.entry(index.clone()).or_default();
        *seq_no += 1;
        let stored = Stored {
            seq_no: *seq_no,
            primary_term: state.primary_term,
            source: source.to_vec(),
        };
        state.documents.insert(place.clone(), stored);
        let status = if is_new { 201 } else { 200 };
        self.sim.note(
            worker,
            match is_new {
                true => What::Created { index, id },
                false => What::Updated { index, id },
            },
        );
        (status, None)
    }
}

/// One worker's client of the index.
pub struct SimIndex {
    pub server: Arc<IndexServer>,
    pub wire: Wire,
}

/// Bytes that a worker holds while it waits for an answer.
struct Flight {
    server: Arc<IndexServer>,
    bytes: usize,
}

impl Flight {
    fn start(server: &Arc<IndexServer>, bytes: usize) -> Self {
        let mut state = lock(&server.state);
        state.in_flight += bytes;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        Self {
            server: server.clone(),
            bytes,
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        lock(&self.server.state).in_flight -= self.bytes;
    }
}

fn other(class: ErrorClass, reason: &str) -> IndexError {
    IndexError::Other {
        class,
        reason: format!("simulated: {reason}"),
    }
}

impl SimIndex {
    /// The text of an answer with HTTP 200, or what the client makes of anything else.
    pub async fn answer(&self, bulk: &Bulk) -> Result<String, IndexError> {
        let body = bulk.body().to_bytes();
        let flight = Flight::start(&self.server, body.len());
        let answer = self.exchange(&body, bulk.documents().len()).await;
        drop(flight);
        let result = match &answer {
            Ok(text) => format!("{} bytes", text.len()),
            Err(error) => error.to_string(),
        };
        self.wire.note(What::Answered { result });
        answer
    }

    async fn exchange(&self, body: &[u8], documents: usize) -> Result<String, IndexError> {
        let (sim, worker) = (&self.wire.sim, self.wire.worker);
        if sim.strikes(Fault::BulkUnreachable) {
            self.wire.there(LATENCY).await;
            return Err(other(ErrorClass::Retryable, "connection refused"));
        }
        let slow = sim.strikes(Fault::BulkSlow);
        self.wire.there(if slow { TIMEOUT } else { LATENCY }).await;
        if body.len() > sim.plan.max_body {
            self.wire.back(LATENCY).await;
            return Err(IndexError::TooLarge);
        }
        for (fault, class, reason) in [
            (Fault::BulkThrottled, ErrorClass::Retryable, "HTTP 429"),
            (Fault::BulkUnauthorised, ErrorClass::Fatal, "HTTP 401"),
        ] {
            if sim.strikes(fault) {
                self.wire.back(LATENCY).await;
                return Err(other(class, reason));
            }
        }
        if sim.strikes(Fault::BulkHtml) {
            self.wire.back(LATENCY).await;
            return Ok("<html><head><title>502 Bad Gateway</title></head></html>".to_owned());
        }
        if sim.strikes(Fault::BulkHangs) {
            tokio::time::sleep(TIMEOUT).await;
            return Err(other(ErrorClass::Retryable, "timeout"));
        }
        if sim.strikes(Fault::NewPrimary) {
            lock(&self.server.state).primary_term += 1;
        }
        let partly = sim.strikes(Fault::BulkPartlyApplied);
        let applied = if partly {
            sim.chance(|rng| rng.usize(0..=documents))
        } else {
            documents
        };
        self.wire.note(What::Bulk {
            documents: applied,
            bytes: body.len(),
        });
        let mut answer = self.server.bulk(worker, body, applied);
        if partly || sim.strikes(Fault::BulkUnanswered) {
            tokio::time::sleep(sim.delay(TIMEOUT)).await;
            return Err(other(
                ErrorClass::Retryable,
                "connection reset while waiting for the answer",
            ));
        }
        self.wire.back(LATENCY).await;
        if sim.strikes(Fault::BulkFewerItems) {
            let mut value: Value = serde_json::from_str(&answer).expect("we wrote it");
            let items = value["items"].as_array_mut().expect("we wrote it");
            items.pop();
            answer = value.to_string();
        }
        if sim.strikes(Fault::BulkTruncated) {
            answer.truncate(sim.chance(|rng| rng.usize(0..answer.len())));
        }
        Ok(answer)
    }

    /// Notes what the worker now knows.
    fn tell(&self, bulk: &Bulk, statuses: &[Verdict]) {
        let mut told = lock(&self.server.told);
        for (sent, status) in bulk.documents().iter().zip(statuses) {
            if matches!(status, Verdict::Indexed | Verdict::AlreadyThere) {
                let action: Value =
                    serde_json::from_slice(bulk.action(sent)).expect("an action line is JSON");
                let entry = action
                    .as_object()
                    .and_then(|a| a.values().next())
                    .expect("it has an entry");
                let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
                told.entry((text("_index"), text("_id")))
                    .or_default()
                    .push(self.wire.worker);
            }
        }
    }
}

#[async_trait]
impl Index for SimIndex {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("simulated".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        let answer = self.answer(bulk).await?;
        let statuses = bulk::read(answer.as_bytes(), bulk.documents().len())
            .map_err(|e| other(ErrorClass::Retryable, &e.to_string()))?;
        self.tell(bulk, &statuses);
        Ok(statuses)
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        let sim = &self.wire.sim;
        self.wire.there(LATENCY).await;
        if sim.strikes(Fault::FetchFails) {
            return Err(other(ErrorClass::Retryable, "HTTP 503"));
        }
        if sim.strikes(Fault::FetchHangs) {
            tokio::time::sleep(TIMEOUT).await;
            return Err(other(ErrorClass::Retryable, "timeout"));
        }
        self.wire.note(What::Fetched {
            documents: wanted.len(),
        });
        let found = wanted
            .iter()
            .map(|place| self.server.document(place))
            .collect();
        self.wire.back(LATENCY).await;
        Ok(found)
    }
}
