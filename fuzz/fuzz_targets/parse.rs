#![no_main]

use libfuzzer_sys::fuzz_target;
use logferry_fuzz::documents;

// One event, with a time from the file and without.
fuzz_target!(|text: &[u8]| {
    documents::documents(
        std::iter::once(text),
        Some(1_700_000_000_000),
        Some("2023/11/14/[$LATEST]abc"),
    );
    documents::documents(std::iter::once(text), None, None);
});
