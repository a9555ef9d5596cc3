#![no_main]

use libfuzzer_sys::fuzz_target;
use logferry_core::notification::{explain, read};

fuzz_target!(|body: &str| {
    let found = read(body);
    assert!(!found.objects.is_empty() || !found.ignored.is_empty() || !found.invalid.is_empty());
    assert!(
        found
            .objects
            .iter()
            .all(|object| !object.bucket.is_empty() && !object.key.is_empty())
    );
    for line in explain(&found) {
        serde_json::from_str::<serde_json::Value>(&line).expect("not JSON");
    }
});
