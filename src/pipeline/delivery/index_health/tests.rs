mod unavailable;

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::pipeline::delivery::index_health::rejected_share::OBJECTS;
use crate::pipeline::delivery::index_health::*;
use crate::sink::{IndexError, Stored};
use logferry_core::bulk::Parcel;

/// Takes samples or not, and counts how often it is asked.
struct Asked {
    takes: Takes,
    times: AtomicUsize,
}

#[async_trait]
impl Index for Asked {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("asked".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        self.times.fetch_add(1, Ordering::Relaxed);
        assert_eq!(bulk.documents().len(), 1, "one sample");
        let action = String::from_utf8_lossy(bulk.action(&bulk.documents()[0])).into_owned();
        assert!(
            action.contains("if_seq_no"),
            "it must not be written: {action}"
        );
        let reason = "mapper_parsing_exception: failed to parse".to_owned();
        Ok(vec![match self.takes {
            Takes::Yes => Verdict::AlreadyThere,
            Takes::No(_) => Verdict::Rejected {
                status: 400,
                reason,
            },
            Takes::NotNow(_) => Verdict::Retryable {
                status: 429,
                reason,
            },
            Takes::Unknown(_) => Verdict::AppendOnly {
                status: 400,
                reason,
            },
        }])
    }

    async fn fetch(&self, _: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(Vec::new())
    }
}

fn asked(takes: Takes) -> Asked {
    Asked {
        takes,
        times: AtomicUsize::new(0),
    }
}

fn refusals() -> IndexHealth {
    IndexHealth::new("logferry".to_owned(), Arc::new(Metrics::new()))
}

const INDEX: &str = "logferry-logs-2026.11.27";

fn rejected() -> Verdict {
    Verdict::Rejected {
        status: 400,
        reason: "mapper_parsing_exception: failed to parse".to_owned(),
    }
}

fn object(n: usize) -> ObjectName {
    ObjectName {
        bucket: "b".to_owned(),
        key: n.to_string(),
        etag: None,
        version_id: None,
    }
}

/// Of a bulk that was sent once more and is not counted yet.
fn once_more() -> BulkHistory {
    BulkHistory {
        resent: true,
        ..BulkHistory::default()
    }
}

/// An answer: of each object, how many documents were taken and how many rejected.
async fn answer(refusals: &IndexHealth, index: &Asked, objects: &[(usize, usize)]) -> Vec<String> {
    let mut statuses = Vec::new();
    let parcels = objects.iter().map(|(taken, refused)| {
        let mut parcel = Parcel::default();
        for n in 0..taken + refused {
            let action = format!(r#"{{"create":{{"_index":"{INDEX}","_id":"{n}"}}}}"#);
            parcel.push(&action, "{}", n as u64);
        }
        parcel
    });
    let bulk = Bulk::pack(parcels);
    for (taken, refused) in objects {
        statuses.extend(vec![Verdict::Indexed; *taken]);
        statuses.extend(vec![rejected(); *refused]);
    }
    let names: Vec<ObjectName> = (0..objects.len()).map(object).collect();
    let mut history = once_more();
    let waits = refusals.judge(index, &bulk, &statuses, &mut history, |parcel| {
        &names[parcel]
    });
    waits.await.into_keys().collect()
}

/// An index may be mended between an answer and the question about it.
#[tokio::test]
async fn most_of_an_answer_is_sent_once_more_before_it_is_given_up() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    let mut parcel = Parcel::default();
    let action = format!(r#"{{"create":{{"_index":"{INDEX}","_id":"1"}}}}"#);
    parcel.push(&action, "{}", 0);
    let bulk = Bulk::pack([parcel]);
    let name = object(0);
    let statuses = [rejected()];
    let mut history = BulkHistory::default();
    let first = refusals.judge(&index, &bulk, &statuses, &mut history, |_| &name);
    assert_eq!(first.await.into_keys().collect::<Vec<_>>(), [INDEX]);
    let second = refusals.judge(&index, &bulk, &statuses, &mut history, |_| &name);
    assert!(second.await.is_empty());
}

#[tokio::test]
async fn a_few_among_many_are_refused_without_a_question() {
    let (refusals, index) = (refusals(), asked(Takes::No(String::new())));
    assert!(
        answer(&refusals, &index, &[(9, 1), (5, 0)])
            .await
            .is_empty()
    );
    assert!(
        answer(&refusals, &index, &[(10, 0), (0, 5)])
            .await
            .is_empty()
    );
    assert_eq!(index.times.load(Ordering::Relaxed), 0);
    assert_eq!(refusals.hold(), None);
}

#[tokio::test]
async fn an_index_that_refuses_a_sample_too_holds_the_worker_until_it_takes_one() {
    let (refusals, index) = (refusals(), asked(Takes::No(String::new())));
    for refused in [1, 1000] {
        assert_eq!(answer(&refusals, &index, &[(0, refused)]).await, [INDEX]);
    }
    assert_eq!(index.times.load(Ordering::Relaxed), 1, "asked once");
    let held = refusals.hold().unwrap();
    assert_eq!(held.indices, [INDEX]);
    refusals.metrics.readiness.receiving(true);
    let why = refusals.metrics.readiness.why_not().unwrap();
    assert_eq!(
        why,
        "the index logferry-logs-2026.11.27 refuses every document: mapper_parsing_exception: failed to parse"
    );
    refusals.record_answer(INDEX, &Takes::No("still".to_owned()));
    refusals.record_answer(INDEX, &Takes::NotNow("overloaded".to_owned()));
    assert!(refusals.hold().is_some());
    refusals.record_answer(INDEX, &Takes::Yes);
    assert_eq!(refusals.hold(), None);
    assert_eq!(refusals.metrics.readiness.why_not(), None);
}

#[tokio::test]
async fn an_object_that_is_refused_whole_is_given_up_where_its_index_takes_a_sample() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    for refused in [1, 1000] {
        assert!(answer(&refusals, &index, &[(0, refused)]).await.is_empty());
    }
    assert_eq!(refusals.hold(), None);
}

#[tokio::test]
async fn refused_documents_wait_where_the_index_cannot_be_asked_but_the_worker_goes_on() {
    for takes in [Takes::Unknown(String::new()), Takes::NotNow(String::new())] {
        let (refusals, index) = (refusals(), asked(takes));
        assert_eq!(answer(&refusals, &index, &[(0, 1)]).await, [INDEX]);
        assert_eq!(refusals.hold(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_half_of_a_minutes_documents_hold_the_worker_until_they_would_be_taken() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    let few = answer(&refusals, &index, &[(3, 0), (1, 2), (1, 2)]).await;
    assert!(few.is_empty());
    assert_eq!(answer(&refusals, &index, &[(1, 4); OBJECTS]).await, [INDEX]);
    let held = refusals.hold().unwrap();
    assert_eq!(held.rejected.len(), OBJECTS, "one of each object");
    assert_eq!(held.rejected[0].index, INDEX);
    refusals.record_would_be_taken(OBJECTS / 2, OBJECTS);
    assert!(refusals.hold().is_some());
    refusals.record_would_be_taken(OBJECTS, OBJECTS);
    assert_eq!(refusals.hold(), None);
    assert!(answer(&refusals, &index, &[(1, 2)]).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hold_by_share_ends_when_documents_get_in_and_at_last_by_itself() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    answer(&refusals, &index, &[(0, 2); OBJECTS]).await;
    assert!(refusals.hold().is_some());
    answer(&refusals, &index, &[(2, 0); OBJECTS]).await;
    assert_eq!(refusals.hold(), None);
    tokio::time::advance(Duration::from_secs(60)).await;
    answer(&refusals, &index, &[(0, 2); OBJECTS]).await;
    tokio::time::advance(LONGEST_HOLD - Duration::from_millis(1)).await;
    assert!(refusals.hold().is_some());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(refusals.hold(), None);
}

/// Half a minute is enough to forget half of it; a minute forgets all.
#[tokio::test(start_paused = true)]
async fn the_share_is_that_of_the_last_minute() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    assert!(
        answer(&refusals, &index, &[(0, 100); OBJECTS - 1])
            .await
            .is_empty()
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    let other = [(1, 0), (1, 0), (0, 3)];
    assert!(answer(&refusals, &index, &other).await.is_empty());
    tokio::time::advance(Duration::from_secs(30)).await;
    let more = [(0, 3), (0, 3)];
    assert_eq!(answer(&refusals, &index, &more).await, [INDEX]);
}

/// Two sick objects are no share, whatever their number of documents.
#[tokio::test(start_paused = true)]
async fn a_share_needs_many_objects() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    assert!(
        answer(&refusals, &index, &[(0, 100); OBJECTS - 1])
            .await
            .is_empty()
    );
    assert!(
        answer(&refusals, &index, &[(0, 100); OBJECTS - 1])
            .await
            .is_empty()
    );
    assert_eq!(refusals.hold(), None);
}

#[tokio::test]
async fn a_missing_index_names_the_setting_that_may_forbid_it() {
    let refusals = refusals();
    refusals.at_fault(INDEX, "index_not_found_exception: no such index [x]");
    refusals.metrics.readiness.receiving(true);
    let why = refusals.metrics.readiness.why_not().unwrap();
    assert!(
        why.contains("action.auto_create_index") && why.contains("+logferry-*"),
        "{why}"
    );
}
