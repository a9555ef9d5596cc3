/*! SIGKILL at random moments. */

use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::crew::Crew;
use crate::judge::Run;
use crate::reference::{Reference, refuse_levels};
use crate::{either, seed};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn killed_at_random_moments() {
    let reference = Reference::get().await;
    let started = Instant::now();
    let mut rng = Rng::with_seed(seed() ^ 1);
    let stage = reference.stage("kills", 3).await;
    refuse_levels(&stage).await;
    let messages = reference.messages(&mut rng);
    for message in &messages {
        stage.send(message).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let to = format!("file://{}", folder.path().display());
    let mut command = stage.endless_worker();
    // Few objects at once, so that at a kill some are settled, some in work, and some waiting.
    command
        .args(["--objects-in-flight", "3", "--messages-in-flight", "12"])
        .args(["--bulk-size", "100kB", "--dead-letters", &to]);
    let mut crew = Crew::new(command);
    for _ in 0..3 {
        crew.hire();
    }
    let kills = either(8, 50);
    // How many objects are settled at each kill.
    let objects = reference.objects.len();
    let mut moments: Vec<usize> = (0..kills).map(|_| rng.usize(1..objects * 9 / 10)).collect();
    moments.sort_unstable();
    for moment in moments {
        crew.until(|logs| logs.settled.len() >= moment).await;
        // A random delay: a kill must not always follow a log line.
        tokio::time::sleep(Duration::from_millis(rng.u64(..40))).await;
        let victim = rng.choice(&crew.workers).unwrap().number;
        crew.kill(victim);
        crew.hire();
    }
    // The others are killed too: their messages are redelivered to the last worker.
    let rest: Vec<usize> = crew.workers.iter().map(|w| w.number).collect();
    for number in &rest {
        crew.kill(*number);
    }
    crew.until_empty();
    crew.hire();
    let logs = crew.ended().await;
    let already_there = logs.sum("already_there");
    let effects = format!("{already_there} already there");
    let run = Run {
        name: "workers killed",
        stage: &stage,
        letters: folder.path(),
        messages: messages.len(),
        faults: kills + rest.len(),
        effects,
        started,
    };
    run.judge(reference).await;
    assert!(already_there > 0, "no kill between bulk and delete");
}
