/*! Batches against a queue that remembers its calls, on a paused clock. */

use std::sync::Mutex;

use async_trait::async_trait;

use crate::pipeline::ack::*;
use crate::source::{Attributes, Depth, Message, QueueError};

#[derive(Debug, Clone, PartialEq)]
enum Call {
    Extended(usize),
    Released(usize),
    Deleted(usize),
}

/// A queue that remembers its calls, and since when it has been asked.
struct Noting {
    since: Instant,
    calls: Mutex<Vec<(Duration, Call)>>,
    /// Its extensions take so long.
    takes: Duration,
    delete: Option<(ErrorClass, Outcome)>,
}

impl Noting {
    fn note(&self, call: Call) {
        let at = self.since.elapsed();
        self.calls.lock().unwrap().push((at, call));
    }

    fn first(&self, is: impl Fn(&Call) -> bool) -> Duration {
        let calls = self.calls.lock().unwrap();
        let found = calls.iter().find(|(_, call)| is(call));
        found.unwrap_or_else(|| panic!("{calls:?}")).0
    }
}

#[async_trait]
impl Queue for Noting {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        unreachable!("not asked")
    }

    async fn receive(&self, _: usize) -> Result<Vec<Message>, QueueError> {
        unreachable!("not asked")
    }

    async fn extend(&self, handles: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
        tokio::time::sleep(self.takes).await;
        self.note(Call::Extended(handles.len()));
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn release(&self, handles: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
        self.note(Call::Released(handles.len()));
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        self.note(Call::Deleted(handles.len()));
        match &self.delete {
            None => Ok(vec![Outcome::Done; handles.len()]),
            Some((ErrorClass::Rejected, outcome)) => Ok(vec![outcome.clone(); handles.len()]),
            Some((class, _)) => Err(QueueError::new(
                *class,
                "DeleteMessageBatch",
                "AccessDenied",
            )),
        }
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        unreachable!("not asked")
    }
}

struct Stage {
    queue: Arc<Noting>,
    leases: Arc<Leases>,
    acks: Arc<Acks>,
    fatal_error: Arc<FatalErrorSlot>,
    stop: CancellationToken,
}

const VISIBILITY: Duration = Duration::from_secs(30);

fn stage(linger: Duration) -> Stage {
    stage_with(linger, Duration::ZERO, None)
}

fn stage_with(linger: Duration, takes: Duration, delete: Option<(ErrorClass, Outcome)>) -> Stage {
    let queue = Arc::new(Noting {
        since: Instant::now(),
        calls: Mutex::default(),
        takes,
        delete,
    });
    let metrics = Arc::new(Metrics::new());
    let background = CancellationToken::new();
    let stop = CancellationToken::new();
    let fatal_error = FatalErrorSlot::new(stop.clone());
    let attributes = Attributes {
        visibility: VISIBILITY,
        longest_visibility: Duration::from_secs(12 * 3600),
        max_receive_count: None,
    };
    let leases = Leases::start(
        queue.clone(),
        &attributes,
        metrics.clone(),
        fatal_error.clone(),
        background.clone(),
    );
    let acks = Acks::start(
        queue.clone(),
        leases.clone(),
        linger,
        metrics,
        fatal_error.clone(),
        background,
    );
    Stage {
        queue,
        leases,
        acks: Arc::new(acks),
        fatal_error,
        stop,
    }
}

impl Stage {
    fn held(&self, n: usize) -> Lease {
        let message = Message {
            id: n.to_string(),
            handle: Handle(n.to_string()),
            body: String::new(),
            receive_count: 1,
            sent: None,
            held_before: Duration::ZERO,
        };
        self.leases.hold(&message).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_goes_in_time_however_fast_deletes_come() {
    let stage = stage(LINGER);
    let acks = stage.acks.clone();
    let lease = stage.held(0);
    let released = tokio::spawn(async move { acks.release(lease, Duration::from_secs(4)).await });
    for n in 1..300 {
        let (acks, lease) = (stage.acks.clone(), stage.held(n));
        tokio::spawn(async move { acks.end(lease).await });
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    released.await.unwrap();
    let first = stage.queue.first(|call| *call == Call::Released(1));
    assert!(first <= LINGER + Duration::from_millis(2), "{first:?}");
    stage.queue.first(|call| *call == Call::Deleted(BATCH));
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_a_batch_is_held_until_the_call() {
    let linger = 2 * VISIBILITY;
    let stage = stage(linger);
    let lease = stage.held(0);
    assert_eq!(stage.acks.end(lease).await, Some(Outcome::Done));
    assert!(stage.queue.first(|call| *call == Call::Extended(1)) < VISIBILITY / 2);
    let (deleted, calls) = (
        stage.queue.first(|call| *call == Call::Deleted(1)),
        stage.queue.calls.lock().unwrap().len(),
    );
    assert!(deleted >= linger && calls > 4, "{calls} calls");
    tokio::time::sleep(2 * VISIBILITY).await;
    assert_eq!(
        stage.queue.calls.lock().unwrap().len(),
        calls,
        "and no longer"
    );
}

#[tokio::test(start_paused = true)]
async fn a_release_waits_for_the_extension_under_way() {
    let takes = Duration::from_secs(3);
    let stage = stage_with(LINGER, takes, None);
    let lease = stage.held(0);
    tokio::time::sleep(VISIBILITY / 3 + Duration::from_millis(500)).await;
    stage.acks.release(lease, Duration::ZERO).await;
    let calls = stage.queue.calls.lock().unwrap().clone();
    let calls: Vec<Call> = calls.into_iter().map(|(_, call)| call).collect();
    assert_eq!(calls, [Call::Extended(1), Call::Released(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_nobody_may_make_ends_the_worker() {
    let whole = (ErrorClass::Fatal, Outcome::Done);
    let entry = (
        ErrorClass::Rejected,
        Outcome::Fatal("AccessDenied".to_owned()),
    );
    for refused in [whole, entry] {
        let stage = stage_with(LINGER, Duration::ZERO, Some(refused));
        let outcome = stage.acks.end(stage.held(0)).await;
        assert!(matches!(outcome, Some(Outcome::Fatal(_))), "{outcome:?}");
        let reason = stage.fatal_error.get().unwrap();
        assert!(reason.contains("AccessDenied"), "{reason}");
        assert!(stage.stop.is_cancelled());
    }
}
