#![no_main]

use libfuzzer_sys::fuzz_target;
use logferry_core::invocation::{Architecture, Merged, Prices, Summary, merged};
use logferry_fuzz::documents;

// Lines of one stream in two objects: the summaries are read back from their documents unchanged, and merge to the same
// summary in either order.
fuzz_target!(|data: (u8, &[u8])| {
    let (cut, text) = data;
    let prices = Prices::builtin(Architecture::X86);
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let (first, second) = lines.split_at(lines.len() * usize::from(cut) / 256);
    let stream = (cut % 8 > 0).then_some("2023/11/14/[$LATEST]abc");
    let start = 1_700_000_000_000;
    let later = start + first.len() as i64 * 1000;
    let first = documents::documents(first.iter().copied(), Some(start), stream);
    let second = documents::documents(second.iter().copied(), Some(later), stream);
    for summary in first.iter().chain(&second) {
        let document = summary.write(&prices);
        assert_eq!(Summary::read(&document).as_ref().ok(), Some(summary));
        assert!(matches!(merged(&document, summary, &prices), Merged::Same));
    }
    for one in &first {
        for other in second.iter().filter(|other| other.id() == one.id()) {
            let both = |a: &Summary, b: &Summary| {
                let mut both = a.clone();
                both.merge(b);
                both
            };
            let merged = both(one, other);
            assert_eq!(merged, both(other, one));
            assert_eq!(merged, both(&merged, one));
            assert_eq!(merged, both(&merged, other));
        }
    }
});
