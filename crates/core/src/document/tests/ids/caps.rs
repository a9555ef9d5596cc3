//! `--max-event-bytes` changes neither an id nor the index of an id.

use crate::document::tests::ids::*;

/// Lines of JSON and text, some so long that the least cap cuts their time off.
fn long_lines() -> impl Strategy<Value = Vec<String>> {
    let long = || (200..2500usize).prop_map(|n| "long ".repeat(n / 5));
    let line = prop_oneof![
        1 => Just("plain".to_owned()),
        1 => Just(r#"{"timestamp":"2026-11-20T00:00:00Z","message":"x"}"#.to_owned()),
        2 => (long(), 1..28u32).prop_map(|(x, d)| format!(r#"{{"message":"{x}","timestamp":"2026-10-{d:02}T00:00:00Z"}}"#)),
        2 => (long(), 1..28u32).prop_map(|(x, d)| format!(r#"{{"time":"2026-09-{d:02}T00:00:00Z","message":"{x}"}}"#)),
        1 => (long(), 1..28u32).prop_map(|(x, d)| format!("2026-08-{d:02}T00:00:00.000Z\t8a3c5f10-1111-4222-8333-aaaaaaaaaaaa\tINFO\t{x}")),
        1 => (long(), 1..28u32).prop_map(|(x, d)| format!(r#"{{"time":"2026-07-{d:02}T00:00:00Z","type":"platform.report","record":{{"x":"{x}"}}}}"#)),
    ];
    prop::collection::vec(line, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_cap_does_not_choose_the_index(lines in long_lines(), in_array in any::<bool>(), cap in 1024usize..5000) {
        let text = if in_array {
            json!(lines.iter().map(|line| json!(line)).collect::<Vec<_>>()).to_string()
        } else {
            lines.join("\n")
        };
        let events = |max_event_bytes| {
            let mut outcome = Outcome::default();
            read("app.log", text.as_bytes(), &View { max_event_bytes, ..plain() }, &mut outcome);
            outcome.events
        };
        let expected = events(1 << 20);
        prop_assert_eq!(expected.len(), lines.len());
        prop_assert_eq!(&events(1024), &expected);
        prop_assert_eq!(&events(cap), &expected);
    }
}

#[test]
fn a_cap_does_not_choose_the_ids_of_listed_events() {
    let long = "x".repeat(400_000);
    let event = |n: u32, long: &str| json!({"logStreamName": "s", "timestamp": n, "message": long, "ingestionTime": 5, "eventId": format!("{n:056}")});
    let last = format!(
        r#"{{"message":"{long}","timestamp":3,"eventId":"{:056}"}}"#,
        3
    );
    let text = format!(
        "[{},{},{last},{}]",
        event(1, "a"),
        event(2, &long),
        event(4, "b")
    );
    let events = |max_event_bytes| {
        let mut outcome = Outcome::default();
        let view = View {
            max_event_bytes,
            ..plain()
        };
        read("app.log", text.as_bytes(), &view, &mut outcome);
        outcome.events
    };
    let expected = events(1 << 20);
    assert_eq!(expected.len(), 4);
    assert_eq!(events(1024), expected);
    assert_eq!(events(20_000), expected);
}
