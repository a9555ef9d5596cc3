#![no_main]

use libfuzzer_sys::fuzz_target;
use logferry_core::bulk::{Verdict, read};
use serde_json::Value;

fuzz_target!(|data: (u8, &[u8])| {
    let (sent, response) = data;
    let sent = usize::from(sent);
    let Ok(verdicts) = read(response, sent) else {
        return;
    };
    // Another reader finds the same verdicts, item by item: a verdict at the wrong index would lose a document.
    let Ok(response) = serde_json::from_slice::<Value>(response) else {
        return;
    };
    let items = response["items"]
        .as_array()
        .expect("verdicts without items");
    assert_eq!((items.len(), verdicts.len()), (sent, sent));
    for (item, verdict) in items.iter().zip(verdicts) {
        let entries = ["create", "index", "update"].map(|action| item[action]["status"].as_u64());
        let expected = match verdict {
            Verdict::Indexed => 200..=299,
            Verdict::AlreadyThere => 409..=409,
            Verdict::Retryable { status, .. }
            | Verdict::Unavailable { status, .. }
            | Verdict::Misconfigured { status, .. }
            | Verdict::Forbidden { status, .. }
            | Verdict::AppendOnly { status, .. }
            | Verdict::Rejected { status, .. } => u64::from(status)..=u64::from(status),
        };
        assert!(
            entries
                .iter()
                .flatten()
                .any(|status| expected.contains(status))
        );
    }
});
