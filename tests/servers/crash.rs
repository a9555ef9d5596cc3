/*! Workers that are killed, terminated, or race each other: no document is lost, none is doubled. */

use crate::support::{NODE, Stage, Watched, export, export_key, finish, gzip, signal};

const OBJECTS: u32 = 40;
const INVOCATIONS: u32 = 200;

async fn upload_all(stage: &Stage) {
    for seed in 0..OBJECTS {
        stage
            .upload(&export_key(seed), gzip(&export(seed, INVOCATIONS)))
            .await;
    }
}

/// Four events and a summary for each invocation.
const DOCUMENTS: usize = (OBJECTS * INVOCATIONS * 5) as usize;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn killed_in_the_middle_and_restarted_nothing_is_lost_or_double() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("kill", 5).await;
    upload_all(&stage).await;
    // As few objects at once as possible, so that at the kill some are settled, some in work, and some waiting.
    for settled_before in [1, 8] {
        let mut command = stage.worker();
        command.args(["--objects-in-flight", "2", "--bulk-size", "200kB"]);
        let mut worker = Watched::start(&mut command);
        for _ in 0..settled_before {
            worker.until("\"message\":\"settled\"");
        }
        signal(worker.pid(), "KILL");
        let (_, code) = worker.finish();
        assert_eq!(code, None, "killed");
    }
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    assert_eq!(stage.documents().await.len(), DOCUMENTS);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    assert_eq!(stage.depth(&stage.dead_url).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn sent_twice_to_two_workers_it_is_there_once() {
    let _node = NODE.read().await;
    let stage = Stage::new("twice").await;
    upload_all(&stage).await;
    for seed in 0..OBJECTS {
        stage
            .send(&crate::support::direct(&stage.bucket, &[&export_key(seed)]))
            .await;
    }
    let workers = [(); 2].map(|()| stage.worker().spawn().unwrap());
    let logs = workers.map(finish);
    assert!(logs.iter().all(|l| l.success));
    let sum = |field| logs.iter().map(|l| l.sum(field)).sum::<u64>() as usize;
    assert_eq!(sum("indexed"), DOCUMENTS);
    assert_eq!(sum("already_there"), DOCUMENTS);
    assert_eq!(stage.documents().await.len(), DOCUMENTS);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn sigterm_drains_and_releases_what_is_left() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("drain", 600).await;
    upload_all(&stage).await;
    let mut command = stage.worker();
    // Without time for the drain, held messages must be visible again at once, long before the visibility timeout.
    command.args(["--drain-timeout", "0s", "--objects-in-flight", "2"]);
    let mut worker = Watched::start(&mut command);
    worker.until("\"message\":\"settled\"");
    signal(worker.pid(), "TERM");
    let (_, code) = worker.finish();
    assert_eq!(code, Some(0));
    assert_eq!(
        stage.depth(&stage.queue_url).await.1,
        0,
        "nothing stays invisible"
    );
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    assert_eq!(stage.documents().await.len(), DOCUMENTS);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn sigterm_lets_what_is_held_come_to_its_end() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("finish", 600).await;
    upload_all(&stage).await;
    let mut worker = Watched::start(stage.worker().args(["--objects-in-flight", "4"]));
    worker.until("\"message\":\"settled\"");
    signal(worker.pid(), "TERM");
    let (log, code) = worker.finish();
    assert_eq!(code, Some(0));
    assert!(
        log.with_message("released unfinished").is_empty(),
        "{}",
        log.text
    );
    let settled = log.with_message("settled").len();
    assert_eq!(
        stage.documents().await.len(),
        settled * INVOCATIONS as usize * 5
    );
    assert_eq!(
        stage.depth(&stage.queue_url).await,
        (OBJECTS - settled as u32, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_second_signal_ends_it_at_once() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("second", 600).await;
    stage.upload(&export_key(1), gzip(&export(1, 1))).await;
    // The store accepts connections and never answers, so that the drain would last until its timeout.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut worker = Watched::start(stage.worker().env("AWS_ENDPOINT_URL_S3", url));
    let accepted = tokio::task::spawn_blocking(move || silent.accept().unwrap());
    let _connection = accepted.await.unwrap();
    signal(worker.pid(), "TERM");
    worker.until("stopping");
    signal(worker.pid(), "TERM");
    let (log, code) = worker.finish();
    assert_eq!(code, Some(130), "{}", log.text);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_lease_lasts_as_long_as_the_work() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("lease", 4).await;
    stage.upload(&export_key(1), gzip(&export(1, 10))).await;
    // The bulk waits for three visibility timeouts.
    let worker = Watched::start(stage.worker().args(["--bulk-linger", "12s"]));
    let (log, _) = worker.finish();
    assert!(log.success, "{}", log.text);
    let settled = log.with_message("settled");
    assert_eq!(settled.len(), 1, "delivered once");
    assert!(settled[0]["seconds"].as_f64().unwrap() > 11.0);
    assert_eq!((log.sum("indexed"), log.sum("already_there")), (50, 0));
}
