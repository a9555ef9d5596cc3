/*! Stored states of other versions: what an upgrade, a replay after it, and a worker of the version before meet. */

use crate::invocation::codec::stored_summary::{VERSION, WITHOUT_FOLDED_LINES};
use crate::invocation::tests::samples::*;
use crate::invocation::{Merged, Summary, merged};

/// The request of the fixtures.
fn samples() -> Vec<Sample> {
    timed(vec![
        start(A),
        log(A, "Processing message"),
        log(A, "done"),
        end(A),
        report(A, 12.34).traced("1-5d83c0ad-b8eb33a0b1de97d804fac890"),
    ])
}

/// A stored document and the version of its state.
fn stored() -> Vec<(i64, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/summaries");
    (1..=WITHOUT_FOLDED_LINES)
        .map(|version| {
            let file = format!("{folder}/version-{version}.json");
            let source = std::fs::read(&file).expect("each version has a fixture");
            (version, source)
        })
        .collect()
}

/// The new source of a stored document that could be read.
fn changed(stored: &[u8], part: &Summary) -> Vec<u8> {
    match merged(stored, part, &prices()) {
        Merged::Changed(source) => source,
        Merged::Same => stored.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_state_of_this_version_is_read_as_it_is_kept_in_the_fixture() {
    let (_, source) = stored().pop().expect("this version has a fixture");
    let whole = &summaries(&samples())[A];
    assert_eq!(
        &Summary::read(&source).expect("it is of this version"),
        whole
    );
    let same = merged(&source, whole, &prices());
    assert!(matches!(same, Merged::Same), "{same:?}");
}

/// Every object of a request is read again, in any order: the summary is what it would be without the older state.
#[test]
fn a_replay_over_an_older_state_ends_in_the_whole_summary() {
    let (samples, prices) = (samples(), prices());
    let whole = summaries(&samples)[A].write(&prices);
    let parts = [&summaries(&samples[..2])[A], &summaries(&samples[2..])[A]];
    for (version, source) in stored()
        .into_iter()
        .filter(|(version, _)| *version < WITHOUT_FOLDED_LINES)
    {
        for [first, second] in [parts, [parts[1], parts[0]]] {
            let Merged::Replaced(source, why) = merged(&source, first, &prices) else {
                panic!("version {version} is read");
            };
            assert_eq!(source, first.write(&prices));
            assert!(
                why.to_string().contains(&format!("version {version}")),
                "{why}"
            );
            let source = changed(&source, second);
            assert_eq!(source, whole);
            // Delivered once more.
            assert_eq!(changed(&changed(&source, first), second), whole);
        }
    }
}

#[test]
fn a_damaged_state_is_replaced_too() {
    let prices = prices();
    let ours = &summaries(&samples())[A];
    let whole = String::from_utf8(ours.write(&prices)).expect("JSON is UTF-8");
    let renamed = whole.replace("\"merge\"", "\"lost\"");
    let cut = whole.replace("\"lines\":\"BV", "\"lines\":\"");
    let pipelines = whole.replace("\"invocation_id\"", "\"request_id\"");
    for damaged in [renamed, cut, pipelines, "{}".to_owned()] {
        assert_ne!(damaged, whole);
        let replaced = merged(damaged.as_bytes(), ours, &prices);
        assert!(
            matches!(&replaced, Merged::Replaced(source, _) if source == whole.as_bytes()),
            "{damaged}: {replaced:?}"
        );
    }
}

/// While workers of two versions run side by side, or after a step back, the older one must not destroy what the newer
/// one wrote.
#[test]
fn a_newer_state_is_left_as_it_is_whatever_its_form() {
    let prices = prices();
    let ours = &summaries(&samples())[A];
    let newer = VERSION + 1;
    let document = String::from_utf8(ours.write(&prices)).expect("JSON is UTF-8");
    let same_form = document.replace(
        &format!("\"v\":{WITHOUT_FOLDED_LINES}"),
        &format!("\"v\":{newer}"),
    );
    assert_ne!(same_form, document);
    for source in [
        same_form,
        format!(r#"{{"invocation":{{"merge":{{"v":{newer},"state":[]}}}}}}"#),
        format!(r#"{{"invocation":{{"merge":{{"v":{newer},"parts":"x"}}}}}}"#),
    ] {
        let left = merged(source.as_bytes(), ours, &prices);
        assert!(matches!(left, Merged::Newer(_)), "{source}: {left:?}");
    }
}
