/*! Property tests: merging gives the same documents however a stream is cut into objects, ordered and repeated. */

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::decode::Origin;
use crate::invocation::tests::samples::*;
use crate::invocation::{Merged, Summary, Tracker, TrackerLimits, merged};
use crate::parse::{Durable, Kind, Level, Record};

/// Kind of a line that an invocation logs.
#[derive(Debug, Clone, Copy)]
enum Logged {
    Log,
    Error,
    Print,
    PythonError,
    /// A line of a durable execution.
    Durable,
}

/// Script of one invocation.
#[derive(Debug, Clone)]
struct Plan {
    request: u8,
    logged: Vec<Logged>,
    /// Milliseconds between lines; 0 gives equal times.
    step: i64,
    end: u8,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let logged = select(
        &[
            Logged::Log,
            Logged::Log,
            Logged::Error,
            Logged::Print,
            Logged::PythonError,
            Logged::Durable,
        ][..],
    );
    let plan =
        (0..4_u8, vec(logged, 0..6), 0..3_i64, 0..8_u8).prop_map(|(request, logged, step, end)| {
            Plan {
                request,
                logged,
                step,
                end,
            }
        });
    vec(plan, 1..6)
}

fn id(request: u8) -> String {
    format!("{request:08x}-1111-4222-8333-444444444444")
}

/// A text stream: sequential requests, some of them retried.
fn text_stream(plans: &[Plan]) -> Vec<Sample> {
    let mut samples = vec![init_start()];
    let mut clock = 0;
    for (at, plan) in plans.iter().enumerate() {
        let id = id(plan.request);
        let begin = start(&id);
        let mut lines = vec![if at == 0 { begin.glued() } else { begin }];
        for (number, logged) in plan.logged.iter().enumerate() {
            lines.push(match logged {
                Logged::Log => log(&id, &format!("line {number}")),
                Logged::Error => log(&id, "it failed")
                    .level(Level::Error)
                    .error("Error", "it failed"),
                Logged::Print => print(&format!("print {number}")),
                Logged::PythonError => python_error(),
                Logged::Durable => log(&id, "step").durable(&format!("step {number}"), plan.end),
            });
        }
        if plan.end > 0 {
            lines.push(end(&id));
            let report = report(&id, f64::from(plan.end) * 1.127);
            lines.push(match plan.end {
                1 => report.platform(|platform| platform.init_duration_ms = Some(99.5)),
                2 => report.platform(|platform| platform.status = Some("timeout".into())),
                3 => report.traced("1-5d83c0ad-b8eb33a0b1de97d804fac890"),
                _ => report,
            });
        }
        match plan.end {
            2 => lines.push(timeout(&id)),
            4 => lines.push(killed(&id)),
            5 => lines.push(print("flushed late")),
            _ => {}
        }
        clock += 100;
        for line in lines {
            clock += plan.step;
            samples.push(line.after(clock));
        }
    }
    distinct(samples)
}

/// A stream of a managed instance: concurrent requests; every line names its request.
fn json_stream(plans: &[Plan], order: &[Index]) -> Vec<Sample> {
    let mut lines: Vec<Vec<Sample>> = Vec::new();
    for plan in plans {
        let id = id(plan.request);
        let mut own = vec![json_start(&id)];
        own.extend(
            plan.logged
                .iter()
                .enumerate()
                .map(|(number, logged)| match logged {
                    Logged::Error => json_log(&id, "bad").level(Level::Error),
                    Logged::Durable => json_log(&id, "step").durable("step", plan.end),
                    _ => json_log(&id, &format!("line {number}")),
                }),
        );
        own.push(json_done(&id, "success"));
        if plan.end > 0 {
            own.push(json_report(&id, f64::from(plan.end), "success"));
        }
        own.reverse();
        lines.push(own);
    }
    let mut samples = Vec::new();
    let mut order = order.iter().cycle();
    while !lines.is_empty() {
        let at = order
            .next()
            .expect("the order is not empty")
            .index(lines.len());
        if let Some(sample) = lines[at].pop() {
            samples.push(sample.after(samples.len() as i64 / 2));
        }
        lines.retain(|own| !own.is_empty());
    }
    distinct(samples)
}

/// Gives equal events of a stream different texts. In the pipeline, ordinals make their hashes different.
fn distinct(mut samples: Vec<Sample>) -> Vec<Sample> {
    let mut counts = BTreeMap::new();
    for sample in &mut samples {
        let count = counts.entry((sample.at, sample.text.clone())).or_insert(0);
        *count += 1;
        if *count > 1 {
            sample.text.push_str(&format!(" #{count}"));
        }
    }
    samples
}

/// Cuts a stream into objects: consecutive windows that cover it, and further windows that overlap them.
fn objects(stream: &[Sample], cuts: &[(Index, Index)]) -> Vec<Vec<Sample>> {
    let first_of = |mut at: usize| {
        while at > 0 && stream.get(at).is_some_and(|sample| sample.glued) {
            at -= 1;
        }
        at
    };
    let mut bounds: Vec<usize> = vec![0, stream.len()];
    bounds.extend(
        cuts.iter()
            .map(|(cut, _)| first_of(cut.index(stream.len()))),
    );
    bounds.sort_unstable();
    let plain = bounds
        .windows(2)
        .map(|pair| stream[pair[0]..pair[1]].to_vec());
    let overlapping = cuts.iter().map(|(from, to)| {
        let (from, to) = (from.index(stream.len()), to.index(stream.len()));
        stream[first_of(from.min(to))..from.max(to)].to_vec()
    });
    plain.chain(overlapping).collect()
}

/// Merges the parts of all objects pairwise in random order, in memory or through a stored document. Returns the
/// documents by id.
fn merge_all(mut parts: Vec<Summary>, order: &[Index]) -> BTreeMap<String, Vec<u8>> {
    let prices = prices();
    let mut order = order.iter().cycle();
    let mut pick = |length: usize| order.next().expect("the order is not empty").index(length);
    let mut done = BTreeMap::new();
    while !parts.is_empty() {
        let one = parts.swap_remove(pick(parts.len()));
        let mates: Vec<usize> = (0..parts.len())
            .filter(|at| parts[*at].id() == one.id())
            .collect();
        if mates.is_empty() {
            done.insert(one.id(), one.write(&prices));
            continue;
        }
        let mut mate = parts.swap_remove(mates[pick(mates.len())]);
        if pick(2) == 0 {
            let source = mate.write(&prices);
            mate = match merged(&source, &one, &prices) {
                Merged::Same => Summary::read(&source),
                Merged::Changed(source) => Summary::read(&source),
                other => panic!("we wrote it: {other:?}"),
            }
            .expect("we wrote it");
        } else {
            mate.merge(&one);
        }
        parts.push(mate);
    }
    done
}

/// Checks that the parts of a cut stream merge to the same documents as the whole stream.
fn check(
    origin: &Arc<Origin>,
    stream: &[Sample],
    cuts: &[(Index, Index)],
    order: &[Index],
    repeat: bool,
) -> Result<(), TestCaseError> {
    let (whole, _) = track(stream, origin, TrackerLimits::default());
    let expected = merge_all(whole, order);
    let mut parts = Vec::new();
    for (at, object) in objects(stream, cuts).iter().enumerate() {
        let max_open = if at % 2 == 0 { 1 } else { 1024 };
        let options = TrackerLimits {
            max_open,
            max_lines: 64,
        };
        parts.extend(track(object, origin, options).0);
    }
    if repeat {
        parts.extend(parts.clone());
    }
    prop_assert_eq!(texts(merge_all(parts, order)), texts(expected));
    Ok(())
}

fn texts(documents: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    let text = |source| String::from_utf8(source).expect("JSON is text");
    documents
        .into_iter()
        .map(|(id, source)| (id, text(source)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_text_stream_gives_the_same_documents_however_it_is_cut(
        plans in plans(),
        cuts in vec(any::<(Index, Index)>(), 0..6),
        order in vec(any::<Index>(), 1..20),
        repeat: bool,
    ) {
        check(&origin(), &text_stream(&plans), &cuts, &order, repeat)?;
    }

    #[test]
    fn a_concurrent_stream_gives_the_same_documents_however_it_is_cut(
        plans in plans(),
        cuts in vec(any::<(Index, Index)>(), 0..6),
        order in vec(any::<Index>(), 1..20),
        repeat: bool,
    ) {
        let managed = Origin {
            log_stream: Some("2026/10/08/[$LATEST.PUBLISHED]3f9c0bb1e0c74f2e9cf6d4c3b7a0e111".to_owned()),
            function_version: Some("$LATEST.PUBLISHED".to_owned()),
            ..Origin::clone(&origin())
        };
        check(&Arc::new(managed), &json_stream(&plans, &order), &cuts, &order, repeat)?;
    }

    /// A cut can leave lines without any line that names their request. Such lines count for no request at all.
    #[test]
    fn lines_that_lost_their_request_count_for_no_other(plans in plans(), cuts in vec(any::<(Index, Index)>(), 0..6)) {
        let mut stream = text_stream(&plans);
        let whole = summaries(&stream);
        stream.iter_mut().for_each(|sample| sample.glued = false);
        for object in objects(&stream, &cuts) {
            for (id, part) in summaries(&object) {
                let mut both = whole[&id].clone();
                both.merge(&part);
                prop_assert_eq!(&both, &whole[&id]);
            }
        }
    }

    #[test]
    fn a_written_state_reads_back_unchanged(plans in plans()) {
        for summary in summaries(&text_stream(&plans)).into_values() {
            let read = Summary::read(&summary.write(&prices())).expect("we wrote it");
            prop_assert_eq!(read, summary);
        }
    }

    #[test]
    fn no_records_make_a_tracker_panic(lines in vec(any_sample(), 0..60), streams in vec(0..3_usize, 1..8)) {
        let short_name = Origin { log_stream: Some("s".into()), ..Origin::default() };
        let origins = [origin(), Arc::default(), Arc::new(short_name)];
        let mut tracker = Tracker::new(TrackerLimits { max_open: 2, max_lines: 8 });
        let mut parts = Vec::new();
        for (sample, stream) in lines.iter().zip(streams.iter().cycle()) {
            observe(&mut tracker, sample, &origins[*stream]);
            parts.extend(tracker.closed());
        }
        parts.extend(tracker.finish());
        for part in parts {
            let source = part.write(&prices());
            prop_assert_eq!(Summary::read(&source).expect("we wrote it"), part);
        }
    }
}

/// A sample of any kind, with or without a request id, with odd numbers and times.
fn any_sample() -> impl Strategy<Value = Sample> {
    let kinds = [
        Kind::Function,
        Kind::Start,
        Kind::End,
        Kind::Report,
        Kind::InitStart,
        Kind::InitReport,
        Kind::RestoreReport,
        Kind::RuntimeDone,
        Kind::Extension,
        Kind::Timeout,
        Kind::Fault,
        Kind::Other("platform.new".into()),
    ];
    let number = prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(12.5)
    ];
    let ids = prop_oneof![
        Just(String::new()),
        Just(A.to_owned()),
        Just(B.to_owned()),
        ".{0,200}"
    ];
    let at = prop_oneof![any::<i64>(), Just(T0)];
    let text = prop_oneof![
        ".{0,40}",
        "\\{.{0,40}",
        Just("[ERROR] x\rTraceback".to_owned())
    ];
    let status = proptest::option::of(select(vec!["success", "timeout", "a \"status\"", ""]));
    (
        select(kinds.to_vec()),
        proptest::option::of(ids),
        number,
        at,
        text,
        status,
    )
        .prop_map(|(kind, id, number, at, text, status)| {
            let record = Record {
                kind,
                request_id: id.map(Into::into),
                message: text.clone().into(),
                ..Record::default()
            };
            let sample = Sample {
                at,
                text,
                record,
                glued: false,
            };
            let sample = match status {
                Some("success") => sample.traced("1-5d83c0ad-b8eb33a0b1de97d804fac890"),
                _ => sample,
            };
            sample.error("E", "m").platform(|platform| {
                platform.status = status.map(Into::into);
                platform.phase = status.map(Into::into);
                platform.error_type = status.map(Into::into);
                platform.duration_ms = Some(number);
                platform.billed_duration_ms = Some(number);
                platform.memory_size_mb = Some(number);
                platform.init_duration_ms = Some(number);
                platform.durable = status.map(|status| {
                    Box::new(Durable {
                        execution_arn: "arn:aws:lambda:x".into(),
                        execution_name: Some(status.into()),
                        operation: Some(status.into()),
                        attempt: Some(number as u32),
                    })
                });
            })
        })
}
