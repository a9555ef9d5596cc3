/*! Killed, terminated, raced: nothing lost, nothing double. */

use std::io::{BufRead, BufReader};

use crate::support::{NODE, Stage, export, export_key, finish, gzip, signal};

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
    // As few objects at once as possible, so that the kill meets work that is done, under way and to come.
    let mut killed = 0;
    for settled_before in [1, 8] {
        let mut child = stage
            .worker()
            .args(["--objects-in-flight", "2", "--bulk-size", "200kB"])
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut settled = 0;
        for line in stderr.lines() {
            settled += u32::from(line.unwrap().contains("\"message\":\"settled\""));
            if settled == settled_before {
                signal(child.id(), "KILL");
                killed += 1;
                break;
            }
        }
        child.wait().unwrap();
    }
    assert_eq!(killed, 2);
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
    // No time to finish anything: what is held must be visible again at once, long before the visibility timeout.
    command.args(["--drain-timeout", "0s", "--objects-in-flight", "2"]);
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(stderr.any(|l| l.unwrap().contains("\"message\":\"settled\"")));
    signal(child.id(), "TERM");
    let _rest: Vec<_> = stderr.collect();
    assert!(child.wait().unwrap().success());
    assert_eq!(
        stage.depth(&stage.queue_url).await.1,
        0,
        "nothing stays invisible"
    );
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    assert_eq!(stage.documents().await.len(), DOCUMENTS);
}
