use super::*;

const MAY_PASS: KeyRefusal = KeyRefusal::MayPass { opened: false };

fn breakers() -> CircuitBreakers {
    CircuitBreakers::new(10)
}

/// Asks on a delivery of its own.
fn ask<'a>(breakers: &'a CircuitBreakers, bucket: &'a str, key: &'a str) -> BucketAttempt<'a> {
    let asked = breakers.admit(bucket, key, breakers.delivery());
    asked.unwrap_or_else(|pause| panic!("{bucket}/{key}: {pause:?}"))
}

fn pause_of(breakers: &CircuitBreakers, bucket: &str) -> Option<Duration> {
    breakers.admit(bucket, "any", breakers.delivery()).err()
}

fn open(breakers: &CircuitBreakers) {
    for n in 1..=KEYS {
        assert_eq!(ask(breakers, "sick", &n.to_string()).failed(), n == KEYS);
    }
}

#[tokio::test(start_paused = true)]
async fn it_opens_lets_one_try_through_and_closes_when_that_works() {
    let breakers = breakers();
    open(&breakers);
    assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE));
    assert_eq!(pause_of(&breakers, "well"), None, "its neighbours go on");
    tokio::time::advance(FIRST_PAUSE).await;
    let one = ask(&breakers, "sick", "x");
    assert!(pause_of(&breakers, "sick").is_some(), "and no second");
    one.failed();
    assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE * 2));
    tokio::time::advance(FIRST_PAUSE * 2).await;
    ask(&breakers, "sick", "x").given();
    assert_eq!(pause_of(&breakers, "sick"), None);
}

#[tokio::test(start_paused = true)]
async fn one_bad_key_opens_nothing() {
    let breakers = breakers();
    for _ in 0..100 {
        assert!(!ask(&breakers, "bucket", "denied").failed());
    }
    assert_eq!(pause_of(&breakers, "bucket"), None);
}

#[tokio::test(start_paused = true)]
async fn a_try_that_says_nothing_of_the_bucket_can_be_made_again() {
    let breakers = breakers();
    open(&breakers);
    tokio::time::advance(FIRST_PAUSE).await;
    // Gone, archived, or its task was ended before there was an answer.
    for _ in 0..3 {
        drop(ask(&breakers, "sick", "gone"));
    }
    let attempt = ask(&breakers, "sick", "throttled");
    assert!(pause_of(&breakers, "sick").is_some(), "it is still open");
    attempt.failed();
    assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE * 2));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_before_it_opened_does_not_close_it() {
    let breakers = breakers();
    let early = ask(&breakers, "sick", "early");
    open(&breakers);
    early.given();
    assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE));
}

#[tokio::test(start_paused = true)]
async fn several_keys_refused_in_a_row_open_it_whatever_happened_before() {
    let breakers = breakers();
    for n in 0..100 {
        ask(&breakers, "bucket", &n.to_string()).given();
    }
    for n in 1..=KEYS {
        let refused = ask(&breakers, "bucket", &format!("denied {n}")).refused();
        assert_eq!(refused, KeyRefusal::MayPass { opened: n == KEYS });
    }
    assert_eq!(pause_of(&breakers, "bucket"), Some(FIRST_PAUSE));
}

#[test]
fn a_key_is_refused_for_good_on_a_later_delivery_after_another_was_given() {
    let breakers = breakers();
    ask(&breakers, "bucket", "before").given();
    assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
    assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
    ask(&breakers, "other bucket", "other").given();
    assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
    ask(&breakers, "bucket", "other").given();
    assert_eq!(
        ask(&breakers, "bucket", "key").refused(),
        KeyRefusal::OfTheKey
    );
    assert_eq!(ask(&breakers, "bucket", "new").refused(), MAY_PASS);
}

#[test]
fn refusals_of_one_delivery_are_one_refusal() {
    let breakers = breakers();
    let delivery = breakers.delivery();
    let again = || breakers.admit("bucket", "key", delivery).ok().unwrap();
    assert_eq!(again().refused(), MAY_PASS);
    ask(&breakers, "bucket", "other").given();
    assert_eq!(again().refused(), MAY_PASS);
}

#[test]
fn what_was_asked_for_before_a_refusal_proves_nothing_after_it() {
    let breakers = breakers();
    let slow = ask(&breakers, "bucket", "slow");
    assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
    slow.given();
    assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
    // Nor what is given while the second answer is on its way.
    let second = ask(&breakers, "bucket", "key");
    ask(&breakers, "bucket", "other").given();
    assert_eq!(second.refused(), MAY_PASS);
}

#[test]
fn a_key_that_was_given_begins_anew() {
    let breakers = breakers();
    assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
    ask(&breakers, "bucket", "key").given();
    ask(&breakers, "bucket", "other").given();
    assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_left_alone_condemns_no_key() {
    let breakers = breakers();
    assert_eq!(ask(&breakers, "sick", "key").refused(), MAY_PASS);
    ask(&breakers, "sick", "other").given();
    let on_its_way = ask(&breakers, "sick", "key");
    open(&breakers);
    assert_eq!(on_its_way.refused(), MAY_PASS);
    tokio::time::advance(FIRST_PAUSE + GRACE).await;
    assert_eq!(ask(&breakers, "sick", "key").refused(), MAY_PASS);
}

#[tokio::test(start_paused = true)]
async fn a_success_in_the_middle_of_an_outage_condemns_no_key() {
    let breakers = breakers();
    let keys: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    let on_their_way: Vec<_> = keys.iter().map(|k| ask(&breakers, "sick", k)).collect();
    for attempt in on_their_way {
        assert_ne!(attempt.refused(), KeyRefusal::OfTheKey);
    }
    tokio::time::advance(FIRST_PAUSE).await;
    ask(&breakers, "sick", "lucky").given();
    tokio::time::advance(GRACE).await;
    for key in &keys[..KEYS] {
        assert_ne!(ask(&breakers, "sick", key).refused(), KeyRefusal::OfTheKey);
    }
    assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE));
}

#[test]
fn one_given_condemns_one_key() {
    let breakers = breakers();
    for key in ["a", "b", "c"] {
        assert_eq!(ask(&breakers, "bucket", key).refused(), MAY_PASS);
    }
    ask(&breakers, "bucket", "good").given();
    // All of them were asked for after it; the answers come one after another.
    let again = ["a", "b", "c"].map(|key| ask(&breakers, "bucket", key));
    let condemned = again.map(BucketAttempt::refused);
    assert_eq!(condemned, [KeyRefusal::OfTheKey, MAY_PASS, MAY_PASS]);
    // What was under way at the condemnation is no proof after it; what is asked for later is.
    assert_eq!(ask(&breakers, "bucket", "b").refused(), MAY_PASS);
    ask(&breakers, "bucket", "good").given();
    assert_eq!(
        ask(&breakers, "bucket", "b").refused(),
        KeyRefusal::OfTheKey
    );
}

#[tokio::test(start_paused = true)]
async fn a_condemned_key_counts_among_those_that_open_it() {
    let breakers = breakers();
    assert_eq!(ask(&breakers, "bucket", "1").refused(), MAY_PASS);
    ask(&breakers, "bucket", "good").given();
    assert_eq!(
        ask(&breakers, "bucket", "1").refused(),
        KeyRefusal::OfTheKey
    );
    for n in 2..=KEYS {
        let refused = ask(&breakers, "bucket", &n.to_string()).refused();
        assert_eq!(refused, KeyRefusal::MayPass { opened: n == KEYS });
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_were_never_refused_go_first_after_a_pause() {
    let breakers = breakers();
    for n in 1..=KEYS {
        ask(&breakers, "sick", &format!("denied {n}")).refused();
    }
    tokio::time::advance(FIRST_PAUSE).await;
    let denied = || breakers.admit("sick", "denied 1", breakers.delivery());
    assert_eq!(denied().err(), Some(GRACE));
    // One that is new and refused leaves the try to the next that is new.
    assert_eq!(ask(&breakers, "sick", "new").refused(), MAY_PASS);
    ask(&breakers, "sick", "good").given();
    assert_eq!(denied().err(), Some(GRACE), "nor when it is closed");
    ask(&breakers, "sick", "good too").given();
    tokio::time::advance(GRACE).await;
    assert!(denied().is_ok());
}

#[tokio::test(start_paused = true)]
async fn pauses_do_not_grow_while_new_keys_wait() {
    let breakers = breakers();
    for round in 0..5 {
        for n in 1..=KEYS {
            ask(&breakers, "sick", &format!("{round}/{n}")).refused();
        }
        assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE));
        tokio::time::advance(FIRST_PAUSE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_that_is_tried_pauses_it_at_once() {
    let breakers = breakers();
    for n in 1..=KEYS {
        ask(&breakers, "sick", &n.to_string()).refused();
    }
    tokio::time::advance(FIRST_PAUSE + GRACE).await;
    ask(&breakers, "sick", "1").refused();
    assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE * 2));
}

#[tokio::test(start_paused = true)]
async fn what_waits_goes_on_when_the_try_has_ended() {
    let breakers = breakers();
    open(&breakers);
    let since = Instant::now();
    let attempt = async {
        tokio::time::sleep(FIRST_PAUSE).await;
        let attempt = ask(&breakers, "sick", "x");
        tokio::time::sleep(Duration::from_secs(1)).await;
        attempt.given();
    };
    let waits = async {
        tokio::time::sleep(FIRST_PAUSE + Duration::from_millis(500)).await;
        breakers.until_open("sick", "y").await;
    };
    tokio::join!(attempt, waits);
    assert_eq!(since.elapsed(), FIRST_PAUSE + Duration::from_secs(1));
}

#[test]
fn no_more_is_remembered_than_there_is_room_for() {
    let breakers = breakers();
    for n in 0..REFUSALS + 100 {
        let (bucket, key) = (format!("b{}", n % (BUCKETS + 10)), n.to_string());
        ask(&breakers, &bucket, &key).refused();
    }
    let state = breakers.lock();
    assert_eq!(state.refused.len(), REFUSALS);
    assert!(state.buckets.len() <= BUCKETS);
}

#[test]
fn pauses_grow_to_their_bound() {
    assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
}
