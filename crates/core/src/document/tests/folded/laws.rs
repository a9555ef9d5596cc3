//! Property tests: whatever the lines, their objects, the order of these and their repetition.

use crate::document::tests::*;
use crate::document::{folded_documents, folded_target};
use crate::invocation::Summary;
use proptest::sample::{Index, select, subsequence};
use std::collections::{BTreeMap, BTreeSet};

use super::stored::{Stored, Target, export, json_of, key, stored};
use super::{A, B, INIT, REPORT, lines};

/// A line of the platform or of the function, of one of two requests.
fn any_line() -> impl Strategy<Value = String> {
    let text = select(vec![
        INIT,
        "INIT_REPORT Init Duration: 10.25 ms\tPhase: init",
        "RESTORE_START Runtime Version: java:21.v9\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:11",
        "RESTORE_REPORT Restore Duration: 500.80 ms",
        "START RequestId: {A} Version: $LATEST",
        "START RequestId: {A} Version: 7",
        "START RequestId: {A} Version: 7 TenantId: Blue Tenant",
        "END RequestId: {A}",
        REPORT,
        "REPORT RequestId: {A}\tDuration: 1711.87 ms\tBilled Duration: 1712 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t\nXRAY TraceId: 1-5e34a614-10bd\tSegmentId: 07f5\tSampled: true\t",
        "REPORT RequestId: {A}\tDuration: 2.00 ms\tStatus: error\tError Type: Runtime.ExitError",
        "REPORT RequestId: {A}\tDuration: 2.00 ms\tGpu: 3 ms",
        "START RequestId: {A}",
        "START RequestId:  Version: 3",
        "INIT_START",
        "hello",
        "2026-11-27T10:00:00.000Z\t{A}\tERROR\tInvoke Error \t{\"errorType\":\"E\",\"errorMessage\":\"m\"}",
        "2026-11-27T10:00:00.000Z {A} Task timed out after 3.00 seconds",
        r#"{"time":"2026-11-27T10:00:00.000Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:22.v122","functionName":"checkout","functionVersion":"$LATEST"}}"#,
        r#"{"time":"2026-11-27T10:00:00.000Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init","status":"success","metrics":{"durationMs":125.33}}}"#,
        r#"{"time":"2026-11-27T10:00:00.000Z","type":"platform.start","record":{"requestId":"{A}","functionArn":"arn:aws:lambda:eu-central-1:123456789012:function:checkout","version":"$LATEST","tenantId":"Blue"}}"#,
        r#"{"time":"2026-11-27T10:00:00.000Z","type":"platform.runtimeDone","record":{"requestId":"{A}","status":"success","spans":[{"name":"responseLatency","start":"2026-11-27T10:00:00.000Z","durationMs":0.677}],"metrics":{"durationMs":1.056,"producedBytes":50}}}"#,
        r#"{"time":"2026-11-27T10:00:00.000Z","type":"platform.report","record":{"requestId":"{A}","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":66},"tracing":{"spanId":"s","type":"X-Amzn-Trace-Id","value":"Root=1-6352a70e-1e2c502e358361800241fd45;Sampled=1"},"status":"success"}}"#,
        r#"{"time":"2026-11-27T10:00:00.000Z","type":"platform.report","record":{"requestId":"{A}","metrics":{"durationMs":1.5},"mood":"good"}}"#,
        r#"{"timestamp":"2026-11-27T10:00:00.000Z","level":"INFO","message":"x","requestId":"{A}"}"#,
    ]);
    (text, select(vec![A, B])).prop_map(|(text, id)| text.replace("{A}", id))
}

/// Lines of a stream; many are those of whole invocations.
fn any_events() -> impl Strategy<Value = Vec<(i64, String)>> {
    let whole = |id: &str| {
        lines(&[
            INIT,
            "START RequestId: {A} Version: 7",
            "x",
            "END RequestId: {A}",
            REPORT,
        ])
        .into_iter()
        .map(|(_, text)| text.replace(A, id))
        .collect::<Vec<_>>()
    };
    let some = prop_oneof![
        any_line().prop_map(|line| vec![line]),
        subsequence(whole(A), 0..=5),
        subsequence(whole(B), 0..=5),
    ];
    prop::collection::vec((some, 0..3_i64), 1..8).prop_map(|parts| {
        let mut at = 0;
        let mut events = BTreeSet::new();
        let mut ordered = Vec::new();
        for (texts, step) in parts {
            for text in texts {
                at += step;
                // Equal texts of one millisecond in two objects are one event: a known limit of ids.
                if events.insert((at, text.clone())) {
                    ordered.push((at, text));
                }
            }
        }
        ordered
    })
}

/// Cuts the stream into objects.
fn objects(events: &[(i64, String)], cuts: &[Index]) -> Vec<(String, String)> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(events.len() + 1)).collect();
    at.extend([0, events.len()]);
    at.sort_unstable();
    at.dedup();
    let each = at.windows(2).enumerate();
    each.map(|(n, window)| (key(n), export(&events[window[0]..window[1]])))
        .collect()
}

/// What a document shows beyond another: its summary may know the account of a function by an ARN.
fn without_cloud(lines: &BTreeMap<Target, Value>) -> BTreeMap<Target, Value> {
    let mut lines = lines.clone();
    for line in lines.values_mut() {
        line.as_object_mut().expect("an object").remove("cloud");
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Every folded line is rebuilt as the document that it would be, and the rest of the summary is the same.
    #[test]
    fn nothing_of_a_folded_line_is_lost(
        events in any_events(),
        cuts in prop::collection::vec(any::<Index>(), 0..3),
        order in any::<prop::sample::Index>(),
    ) {
        let mut objects = objects(&events, &cuts);
        let all = stored(&objects, PlatformLines::All);
        let turn = order.index(objects.len().max(1));
        objects.rotate_left(turn);
        let folded = stored(&objects, PlatformLines::Folded);
        prop_assert_eq!(without_cloud(&folded.lines()), without_cloud(&all.lines()));
        prop_assert_eq!(folded.logs.len() + folded.rebuilt().len(), all.logs.len());
        prop_assert_eq!(folded.folded + folded.log_documents, folded.events);
        for (target, source) in &folded.summaries {
            let mut source = json_of(source);
            let mut plain = json_of(&all.summaries[target]);
            if source["invocation"].as_object_mut().expect("an object").remove("platform_lines").is_some() {
                source["aws"].as_object_mut().expect("an object").remove("s3");
                source["invocation"]["merge"]["v"] = 3.into();
            }
            // A document of no names has an empty object less.
            for document in [&mut source, &mut plain] {
                let document = document.as_object_mut().expect("an object");
                if document.get("aws").is_some_and(|aws| *aws == json!({})) {
                    document.remove("aws");
                }
            }
            prop_assert_eq!(source, plain);
        }
        prop_assert_eq!(folded.summaries.len(), all.summaries.len());
    }

    /// Objects that come again, overlap, or were read before without folding: no line is lost and none is doubled.
    #[test]
    fn half_folded_indices_hold_every_line(
        events in any_events(),
        cuts in prop::collection::vec(any::<Index>(), 0..3),
        again in prop::collection::vec((any::<Index>(), any::<bool>()), 1..6),
    ) {
        let all = objects(&events, &cuts);
        let whole = ("other".to_owned(), export(&events));
        let mut mixed = Stored::default();
        let mut every: Vec<(usize, bool)> = (0..all.len()).map(|n| (n, n % 2 == 0)).collect();
        every.extend(again.iter().map(|(n, fold)| (n.index(all.len() + 1), *fold)));
        for (n, fold) in every {
            let lines = if fold { PlatformLines::Folded } else { PlatformLines::All };
            match all.get(n) {
                Some((key, bytes)) => mixed.read(key, bytes, lines),
                None => mixed.read(&key(99), &whole.1, lines),
            }
        }
        let expected = stored(&all, PlatformLines::All);
        prop_assert_eq!(
            mixed.lines().into_keys().collect::<BTreeSet<_>>(),
            expected.logs.into_keys().collect::<BTreeSet<_>>()
        );
    }

    /// The parts of a request merge to the same lines in any order.
    #[test]
    fn folded_lines_merge_in_any_order(
        events in any_events(),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let mut objects = objects(&events, &cuts);
        objects.push((key(50), export(&events)));
        let forth = stored(&objects, PlatformLines::Folded);
        objects.reverse();
        let back = stored(&objects, PlatformLines::Folded);
        let lines = |stored: &Stored| -> Vec<_> {
            let read = |source: &Vec<u8>| Summary::read(source).expect("a summary").folded_lines().to_vec();
            stored.summaries.values().map(read).collect()
        };
        prop_assert_eq!(lines(&forth), lines(&back));
        let mut twice = forth.clone();
        objects.iter().for_each(|(key, bytes)| twice.read(key, bytes, PlatformLines::Folded));
        prop_assert_eq!(&twice.summaries, &forth.summaries);
        for source in forth.summaries.values() {
            let summary = Summary::read(source).expect("a summary");
            let stream = json_of(source)["aws"]["log"]["stream"]["name"].as_str().map(str::to_owned);
            let rebuilt = folded_documents(source, "logferry").expect("a summary");
            let targets: BTreeSet<Target> = (summary.folded_lines().iter())
                .map(|line| folded_target(line, stream.as_deref(), "logferry"))
                .collect();
            let expected: BTreeSet<Target> = rebuilt.into_iter().map(|l| (l.index, l.id)).collect();
            prop_assert_eq!(targets, expected);
        }
    }
}
