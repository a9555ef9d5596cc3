//! Indices that are closed, blocked or behind a proxy that takes nothing, and documents that come again.

use super::*;

/// An answer about one document of each of these objects.
async fn one_each(
    refusals: &IndexHealth,
    index: &dyn Index,
    target: &str,
    objects: std::ops::Range<usize>,
    status: &Verdict,
    history: &mut BulkHistory,
) -> Vec<String> {
    let parcels = objects.clone().map(|n| {
        let mut parcel = Parcel::default();
        let action = format!(r#"{{"create":{{"_index":"{target}","_id":"{n}"}}}}"#);
        parcel.push(&action, "{}", 0);
        parcel
    });
    let bulk = Bulk::pack(parcels);
    let names: Vec<ObjectName> = objects.map(object).collect();
    let statuses = vec![status.clone(); names.len()];
    let waits = refusals.judge(index, &bulk, &statuses, history, |parcel| &names[parcel]);
    waits.await.into_keys().collect()
}

/// As [`one_each`], for a bulk that was not judged before.
async fn one_each_anew(
    refusals: &IndexHealth,
    index: &dyn Index,
    target: &str,
    objects: std::ops::Range<usize>,
    status: &Verdict,
) -> Vec<String> {
    let mut history = BulkHistory::default();
    one_each(refusals, index, target, objects, status, &mut history).await
}

fn closed() -> Verdict {
    Verdict::Unavailable {
        status: 400,
        reason: "index_closed_exception: closed".to_owned(),
    }
}

const OLD: &str = "logferry-logs-2026.01.02";

#[tokio::test(start_paused = true)]
async fn documents_that_get_in_nowhere_hold_the_worker_whatever_the_reason() {
    let failing = Verdict::Retryable {
        status: 500,
        reason: "fail_processor_exception: no".to_owned(),
    };
    for status in [closed(), failing] {
        let (refusals, index) = (refusals(), asked(Takes::Yes));
        one_each_anew(&refusals, &index, INDEX, 0..OBJECTS, &status).await;
        assert_eq!(refusals.hold().unwrap().rejected.len(), OBJECTS);
        refusals.metrics.readiness.receiving(true);
        let why = refusals.metrics.readiness.why_not().unwrap();
        assert!(
            why.starts_with(TOO_MANY) && why.contains("exception"),
            "{why}"
        );
        refusals.record_would_be_taken(OBJECTS, OBJECTS);
        assert_eq!(refusals.hold(), None);
    }
    let overload = Verdict::Retryable {
        status: 429,
        reason: String::new(),
    };
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    one_each_anew(&refusals, &index, INDEX, 0..9, &overload).await;
    assert_eq!(refusals.hold(), None);
}

#[tokio::test(start_paused = true)]
async fn a_closed_day_is_left_out_where_a_newer_index_takes_documents() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    one_each_anew(&refusals, &index, INDEX, 0..1, &Verdict::Indexed).await;
    one_each_anew(&refusals, &index, OLD, 1..9, &closed()).await;
    assert_eq!(refusals.hold(), None);
    // The newest index is no day of before.
    one_each_anew(&refusals, &index, INDEX, 9..15, &closed()).await;
    assert!(refusals.hold().is_some());
}

#[tokio::test(start_paused = true)]
async fn one_bad_document_beside_a_closed_day_does_not_hold() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    one_each_anew(&refusals, &index, OLD, 0..5, &closed()).await;
    let held = refusals.hold().unwrap();
    let today = held.concerned.iter().find(|name| *name != OLD).unwrap();
    // Today's index takes the sample: what else is in the queue is tried after half a minute.
    refusals.record_sample_taken(today);
    assert!(refusals.hold().is_some());
    tokio::time::advance(HALF_A_MINUTE).await;
    assert_eq!(refusals.hold(), None);
    one_each_anew(&refusals, &index, OLD, 0..2, &closed()).await;
    assert!(
        one_each(
            &refusals,
            &index,
            INDEX,
            9..10,
            &rejected(),
            &mut once_more()
        )
        .await
        .is_empty()
    );
    assert_eq!(refusals.hold(), None);
}

#[tokio::test(start_paused = true)]
async fn a_document_is_counted_once_whatever_the_attempts() {
    let (refusals, index) = (refusals(), asked(Takes::Yes));
    let mut history = BulkHistory::default();
    for _ in 0..5 {
        one_each(&refusals, &index, INDEX, 0..2, &closed(), &mut history).await;
    }
    one_each_anew(&refusals, &index, INDEX, 5..8, &Verdict::Indexed).await;
    one_each(
        &refusals,
        &index,
        INDEX,
        8..9,
        &rejected(),
        &mut once_more(),
    )
    .await;
    assert_eq!(refusals.hold(), None, "three of six");
    one_each(
        &refusals,
        &index,
        INDEX,
        9..10,
        &rejected(),
        &mut once_more(),
    )
    .await;
    assert!(refusals.hold().is_some(), "four of seven");
    one_each(
        &refusals,
        &index,
        INDEX,
        0..2,
        &Verdict::Indexed,
        &mut history,
    )
    .await;
    assert_eq!(refusals.hold(), None, "two of them got in");
}

/// A proxy that takes no request, however small.
struct TooSmall;

#[async_trait]
impl Index for TooSmall {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("too small".to_owned())
    }

    async fn bulk(&self, _: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        Err(IndexError::TooLarge)
    }

    async fn fetch(&self, _: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_proxy_that_takes_no_request_holds_the_worker_and_taken_documents_end_it() {
    let refusals = refusals();
    let status = Verdict::Rejected {
        status: 413,
        reason: IndexError::TooLarge.to_string(),
    };
    let waits = one_each(&refusals, &TooSmall, INDEX, 0..1, &status, &mut once_more()).await;
    assert_eq!(waits, [INDEX]);
    refusals.metrics.readiness.receiving(true);
    let why = refusals.metrics.readiness.why_not().unwrap();
    assert!(why.contains("too large for the index (HTTP 413)"), "{why}");
    one_each(
        &refusals,
        &TooSmall,
        INDEX,
        0..1,
        &Verdict::Indexed,
        &mut once_more(),
    )
    .await;
    assert_eq!(refusals.metrics.readiness.why_not(), None);
}
