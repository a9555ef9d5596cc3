#![no_main]

use libfuzzer_sys::fuzz_target;
use logferry_core::bulk::{Verdict, read};
use serde_json::Value;

fuzz_target!(|data: (u8, &[u8])| {
    let (sent, answer) = data;
    let sent = usize::from(sent);
    let Ok(statuses) = read(answer, sent) else {
        return;
    };
    // The verdicts are those of another reader, item by item: a verdict of the wrong item would lose a document.
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
        return;
    };
    let items = answer["items"].as_array().expect("statuses without items");
    assert_eq!((items.len(), statuses.len()), (sent, sent));
    for (item, status) in items.iter().zip(statuses) {
        let entries = ["create", "index", "update"].map(|action| item[action]["status"].as_u64());
        let told = match status {
            Verdict::Indexed => 200..=299,
            Verdict::AlreadyThere => 409..=409,
            Verdict::Retryable { status, .. }
            | Verdict::Forbidden { status, .. }
            | Verdict::Rejected { status, .. } => u64::from(status)..=u64::from(status),
        };
        assert!(entries.iter().flatten().any(|status| told.contains(status)));
    }
});
