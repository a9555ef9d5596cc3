use crate::document::id::*;
use std::collections::HashSet;

fn event<'a>(origin: &'a Arc<Origin>, identity: Identity<'a>, text: &'a str) -> Event<'a> {
    Event {
        offset: 7,
        time: Some(1_700_000_000_000),
        text: text.as_bytes(),
        truncated: 0,
        identity,
        origin,
    }
}

fn origin(group: Option<&str>, stream: Option<&str>) -> Arc<Origin> {
    Arc::new(Origin {
        log_group: group.map(str::to_owned),
        log_stream: stream.map(str::to_owned),
        ..Origin::default()
    })
}

fn object() -> ObjectInfo {
    ObjectInfo {
        bucket: "logs".into(),
        key: "exports/task-1/stream/000000.gz".into(),
        etag: Some("abc".into()),
        id_scope: "exports".into(),
        ..ObjectInfo::default()
    }
}

fn first_id(object: &ObjectInfo, event: &Event<'_>) -> String {
    Identifier::new(object).identify(event).as_str().to_owned()
}

#[test]
fn ids_stay_what_they_are() {
    // A change of these makes every event of the past twice at its next export.
    let of_lambda = origin(
        None,
        Some("2026/11/23/[$LATEST]3f9c0bb1e0c74f2e9cf6d4c3b7a0e111"),
    );
    let other = origin(Some("/aws/lambda/f"), Some("2026/11/23/[$LATEST]abc"));
    let ids = [
        (&of_lambda, Identity::Content),
        (&of_lambda, Identity::CutContent(xxh3_128(b"START"))),
        (&other, Identity::Content),
        (&other, Identity::EventId("36")),
        (&other, Identity::Offset),
        (&other, Identity::Inner(3)),
    ]
    .map(|(origin, identity)| first_id(&object(), &event(origin, identity, "START")));
    assert_eq!(
        ids,
        [
            "RLrElYvP5WgApYM4LgZCIQ",
            "RLrElYvP5WgApYM4LgZCIQ",
            "C62VhIvP5WgA4c2OLOsT3Q",
            "P4BO5wAAAAAAChLHhDLNDg",
            "0T96EAAAAAAHxFk6KDBGrQ",
            "0T96EAAAAAAHqkomCw6bgQ",
        ]
    );
}

#[test]
fn a_re_export_gives_the_same_ids_and_anything_else_gives_others() {
    let known = origin(Some("g"), Some("s"));
    let base = event(&known, Identity::Content, "text");
    let id = first_id(&object(), &base);
    let re_export = ObjectInfo {
        bucket: "other".into(),
        key: "exports/task-2/stream/000000.gz".into(),
        etag: None,
        last_modified: Some(1),
        ..object()
    };
    let moved = Event {
        offset: 99,
        ..base.clone()
    };
    assert_eq!(first_id(&re_export, &moved), id);

    let no_name = origin(Some("gs"), Some(""));
    let no_stream = origin(Some("g"), None);
    let mut ids = HashSet::from([id]);
    for other in [
        Event {
            time: Some(0),
            ..base.clone()
        },
        Event {
            time: None,
            ..base.clone()
        },
        Event {
            text: b"texts",
            ..base.clone()
        },
        Event {
            identity: Identity::CutContent(xxh3_128(b"text and more")),
            ..base.clone()
        },
        Event {
            identity: Identity::Inner(0),
            ..base.clone()
        },
        Event {
            identity: Identity::Inner(1),
            ..base.clone()
        },
        Event {
            origin: &no_name,
            ..base.clone()
        },
        Event {
            origin: &no_stream,
            ..base.clone()
        },
        Event {
            identity: Identity::Offset,
            ..base.clone()
        },
        Event {
            identity: Identity::EventId("text"),
            ..base.clone()
        },
    ] {
        assert!(ids.insert(first_id(&object(), &other)), "{other:?}");
    }
    let elsewhere = ObjectInfo {
        id_scope: "elsewhere".into(),
        ..object()
    };
    assert!(ids.insert(first_id(&elsewhere, &base)));
    let unique = origin(
        None,
        Some("2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef"),
    );
    let of_lambda = Event {
        origin: &unique,
        ..base.clone()
    };
    assert!(ids.insert(first_id(&object(), &of_lambda)));
    assert_eq!(
        first_id(&elsewhere, &of_lambda),
        first_id(&object(), &of_lambda),
        "Lambda's names are unique by themselves"
    );
}

#[test]
fn neither_a_group_nor_a_cap_enters_an_id_by_content() {
    let (grouped, plain) = (origin(Some("g"), Some("s")), origin(None, Some("s")));
    let whole = event(&grouped, Identity::Content, "text and more");
    let id = first_id(&object(), &whole);
    let without_group = Event {
        origin: &plain,
        ..whole.clone()
    };
    assert_eq!(first_id(&object(), &without_group), id);
    for kept in ["text", "text and"] {
        let cut = Event {
            text: kept.as_bytes(),
            truncated: whole.text.len() as u64 - kept.len() as u64,
            identity: Identity::CutContent(xxh3_128(whole.text)),
            ..whole.clone()
        };
        assert_eq!(first_id(&object(), &cut), id);
        let mut identifier = Identifier::new(&object());
        let [first, second] = [&whole, &cut].map(|event| identifier.identify(event).hash);
        assert_ne!(
            first, second,
            "a cut text and a whole one are told apart by their order"
        );
        assert_eq!(first_id(&object(), &whole), id);
    }
}

#[test]
fn equal_events_are_told_apart_by_their_order() {
    let known = origin(Some("g"), Some("s"));
    let other = origin(Some("g"), Some("t"));
    let again = Arc::new((*known).clone());
    let ids = |origins: &[&Arc<Origin>]| {
        let mut identifier = Identifier::new(&object());
        origins
            .iter()
            .map(|origin| {
                identifier
                    .identify(&event(origin, Identity::Content, "x"))
                    .hash
            })
            .collect::<Vec<_>>()
    };
    let mixed = ids(&[&known, &other, &known, &again, &other]);
    let alone = ids(&[&known, &known, &known]);
    assert_eq!([mixed[0], mixed[2], mixed[3]], alone[..]);
    assert_eq!([mixed[1], mixed[4]], ids(&[&other, &other])[..]);
    assert_eq!(mixed.iter().collect::<HashSet<_>>().len(), 5);
}

#[test]
fn subscription_ids_ignore_the_object_and_offsets_the_text() {
    let known = origin(Some("g"), Some("s"));
    let elsewhere = ObjectInfo {
        key: "k2".into(),
        ..object()
    };
    let by_id = event(&known, Identity::EventId("1"), "x");
    let changed = Event {
        text: b"y",
        time: None,
        offset: 0,
        ..by_id.clone()
    };
    assert_eq!(first_id(&object(), &by_id), first_id(&elsewhere, &changed));
    let by_offset = Event {
        identity: Identity::Offset,
        ..by_id.clone()
    };
    let changed = Event {
        identity: Identity::Offset,
        offset: 7,
        ..changed
    };
    assert_eq!(
        first_id(&object(), &by_offset),
        first_id(&object(), &changed)
    );
    assert_ne!(
        first_id(&object(), &by_offset),
        first_id(&elsewhere, &changed)
    );
    let next = Event {
        offset: 8,
        ..by_offset.clone()
    };
    assert_ne!(first_id(&object(), &by_offset), first_id(&object(), &next));
}

#[test]
fn an_event_and_its_copy_in_another_group_have_one_id() {
    let stream = "2026/09/16/[$LATEST]0123456789abcdef0123456789abcdef";
    let copied = format!("{stream}-123456789012-us-east-1");
    let group = "/aws/lambda/web/my-site";
    let local = format!("{group}.local");
    let original = origin(Some(&local), Some(stream));
    let original_id = |identity| first_id(&object(), &event(&original, identity, "text"));
    for (group, stream) in [(&local[..], &copied[..]), (group, stream), (group, &copied)] {
        let copy = origin(Some(group), Some(stream));
        for identity in [Identity::Content, Identity::EventId("36")] {
            let id = first_id(&object(), &event(&copy, identity, "text"));
            assert_eq!(id, original_id(identity), "{group} {stream}");
        }
        let other = first_id(&object(), &event(&copy, Identity::EventId("37"), "text"));
        assert_ne!(other, original_id(Identity::EventId("36")));
    }
    // A stream that Lambda did not name may have such an end of its own.
    let build = origin(None, Some("build"));
    let other = origin(None, Some("build-123456789012-us-east-1"));
    assert_ne!(
        first_id(&object(), &event(&build, Identity::Content, "text")),
        first_id(&object(), &event(&other, Identity::Content, "text"))
    );
}

#[test]
fn the_account_of_an_id_is_that_of_the_envelope() {
    let with = |account: &str, id_account: &str| {
        let mut origin = Origin {
            account: Some(account.to_owned()),
            log_stream: Some("s".to_owned()),
            ..Origin::default()
        };
        origin.subscription.id_account = Some(id_account.to_owned());
        let origin = Arc::new(origin);
        first_id(&object(), &event(&origin, Identity::EventId("36"), "text"))
    };
    assert_eq!(with("1", "3"), with("2", "3"));
    assert_ne!(with("1", "3"), with("1", "4"));
}
