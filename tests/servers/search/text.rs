/*! Searches for any TEXT: each gives an answer or a one-sentence error. */

use serde_json::json;

use super::{Indices, text};
use crate::support::NODE;

/// Text as people paste it.
const PASTED: [&str; 24] = [
    "Error: boom",
    "level:ERROR",
    "[ERROR] boom",
    "foo(bar",
    "a/b",
    "GET /api/orders/17?limit=5&sort=-time HTTP/1.1",
    "arn:aws:lambda:eu-central-1:123456789012:function:orders:$LATEST",
    "https://sqs.eu-central-1.amazonaws.com/123456789012/logs",
    "    at Runtime.handler (/var/task/index.js:12:7)",
    "Traceback (most recent call last):\n  File \"/var/task/app.py\", line 7, in handler\n    raise ValueError('no \"luck\"')",
    "{\"level\":\"error\",\"order\":{\"id\":17},\"tags\":[\"a\",\"b\"]}",
    "\"unbalanced",
    "ends with AND",
    "OR begins with it",
    "NOT",
    "tilde ~ and ^ caret",
    "~approximately",
    "*** begins with stars",
    "back\\slash\\",
    "&& || ! ++ --flag -x",
    "<Error><Code>AccessDenied</Code></Error>",
    "duration:>5 {1 TO 2} [a TO",
    "größer als 5 € – 荷物 🎉",
    "connect ECONNREFUSED 10.0.0.1:5432 (orders-db)",
];

/// Pieces of pasted text in random order, the same for each run.
fn random_texts(n: usize) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(20_261_127);
    let pieces: Vec<&str> = PASTED.iter().flat_map(|text| text.split(' ')).collect();
    let signs = [
        "(", ")", "[", "]", "{", "}", "\"", "/", ":", "\\", "*", "?", "~", "^", "-", "AND", "TO",
    ];
    let text = |random: &mut fastrand::Rng| {
        let mut text = "word".to_owned();
        for _ in 0..random.usize(1..6) {
            text.push_str(if random.bool() { " " } else { "" });
            text.push_str(match random.bool() {
                true => pieces[random.usize(..pieces.len())],
                false => signs[random.usize(..signs.len())],
            });
        }
        text
    };
    (0..n).map(|_| text(&mut random)).collect()
}

/// Any TEXT gives an answer or a one-sentence error, and `--literal` finds any text that was logged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn pasted_text_is_found_or_refused_in_a_sentence() {
    let _node = NODE.read().await;
    let indices = Indices::new("pasted");
    let setup = indices.logferry(&["setup"]).output().expect("setup runs");
    assert!(setup.status.success(), "{}", text(&setup.stderr));
    let mut texts: Vec<String> = PASTED.iter().map(|text| (*text).to_owned()).collect();
    texts.extend(random_texts(60));
    let document = |(i, stderr): (usize, &String)| {
        let document = json!({"@timestamp": "2026-11-23T10:00:00Z", "message": format!("before {stderr} after")});
        (i.to_string(), document)
    };
    indices.load(texts.iter().enumerate().map(document)).await;
    let mut refused = 0;
    for (i, pasted) in texts.iter().enumerate() {
        let output = indices.search(&["--json", "--limit", "all", "--", pasted]);
        let stderr = text(&output.stderr);
        let code = output.status.code();
        let raw = ["root_cause", "Exception", "\"reason\""];
        assert!(
            stderr.lines().count() <= 1 && !raw.iter().any(|word| stderr.contains(word)),
            "{pasted:?}: {stderr}"
        );
        match code {
            Some(0) => assert!(
                !output.stdout.is_empty() || stderr.starts_with("logferry: found no log line with"),
                "{pasted:?}: {stderr}"
            ),
            Some(1 | 64) => {
                refused += 1;
                assert!(
                    stderr.starts_with("logferry: TEXT: ")
                        && stderr.contains("--literal")
                        && stderr.len() < 600,
                    "{pasted:?}: {stderr}"
                );
            }
            code => panic!("{pasted:?}: {code:?}: {stderr}"),
        }
        let found = indices.found(&["--literal", "--json", "--limit", "all", "--", pasted]);
        assert!(found.contains(&i.to_string()), "{pasted:?} finds {found:?}");
    }
    assert!(refused > 20, "{refused}");
}

/// Unknown fields anywhere in TEXT are reported; known fields are not.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn an_unknown_field_is_told_wherever_it_stands() {
    let _node = NODE.read().await;
    let indices = Indices::new("unknown");
    indices.load_demo().await;
    for (stderr, field) in [
        ("nope:x", "nope"),
        ("error:boom", "error"),
        ("message:a OR (log.level:b AND (nope:c))", "nope"),
        ("NOT nope:x", "nope"),
        ("-nope:x payment", "nope"),
        ("nope:(a b)", "nope"),
        ("nope:\"a b\"", "nope"),
        ("nope:a*", "nope"),
        ("nope:*a", "nope"),
        ("nope:a~", "nope"),
        ("nope:/a.*/", "nope"),
        ("nope:*", "nope"),
        ("nope:>5", "nope"),
        ("nope:[1 TO 5]", "nope"),
        ("nope:{1 TO *]", "nope"),
        ("nope.\\*:a", "nope.*"),
        ("_exists_:foo", "foo"),
        ("_exists_:log.levl", "log.levl"),
        ("_exists_:no*", "no"),
        ("invocation.status:error", "invocation.status"),
    ] {
        let output = indices.search(&["--", stderr]);
        let why = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}: {why}");
        let begin = format!("logferry: TEXT: there is no field {field}, as there is");
        assert!(why.starts_with(&begin), "{stderr}: {why}");
    }
    let slowest = indices.search(&["--slowest", "log.level:ERROR"]);
    assert_eq!(slowest.status.code(), Some(1), "{}", text(&slowest.stderr));
    for stderr in [
        "app.nope:x",
        "log.level:NOPE",
        "lambda.dur\\*:5",
        "_exists_:log",
        "_exists_:app.nope",
        "nope",
    ] {
        let output = indices.search(&["--", stderr]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{stderr}: {}",
            text(&output.stderr)
        );
    }
    let slowest = indices.search(&["--slowest", "invocation.status:error"]);
    assert_eq!(slowest.status.code(), Some(0), "{}", text(&slowest.stderr));
}
