use crate::json::scan::*;
use proptest::prelude::*;

/// The end of the first value according to serde_json.
fn oracle(text: &str) -> Option<usize> {
    let mut values =
        serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

#[test]
fn nested_values_end_at_their_last_bracket() {
    for depth in [1, 63, 64, 65, 128, 129, 1000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let more = format!("{text}]");
            assert_eq!(
                value_end(more.as_bytes(), 0, &mut ()),
                Some(text.len()),
                "{depth}"
            );
            assert_eq!(
                value_end(&text.as_bytes()[..text.len() - 1], 0, &mut ()),
                None
            );
        }
        let mixed = format!("{}{}", "[{\"a\":".repeat(depth) + "1", "}]".repeat(depth));
        assert_eq!(value_end(mixed.as_bytes(), 0, &mut ()), Some(mixed.len()));
        let crossed = format!("{}{}", "[{\"a\":".repeat(depth) + "1", "]}".repeat(depth));
        assert_eq!(value_end(crossed.as_bytes(), 0, &mut ()), None);
    }
}

#[test]
fn a_keys_end_and_hash_are_found() {
    for len in 0..30 {
        for text in ["k".repeat(len), "é".repeat(len)] {
            for rest in ["", ":1,\"x\":2"] {
                let quoted = format!("\"{text}\"{rest}");
                let expected = Some((text.len() + 2, hash(text.as_bytes())));
                assert_eq!(key_end(quoted.as_bytes(), (0, b'"')), expected, "{quoted}");
            }
        }
        let escaped = format!("\"{}\\n\"", "k".repeat(len));
        assert_eq!(
            key_end(escaped.as_bytes(), (0, b'"')),
            Some((len + 4, None))
        );
        assert_eq!(key_end(&escaped.as_bytes()[..len + 3], (0, b'"')), None);
    }
}

#[test]
fn special_bytes_are_found_at_any_index() {
    for byte in 0..=255u8 {
        for index in 0..8 {
            let mut word = *b"x\x7f\x80\xffz! ~";
            word[index] = byte;
            let clean = byte >= 0x20 && byte != b'"' && byte != b'\\';
            let expected = if clean { 8 } else { index as u32 };
            let found = special_bits(u64::from_le_bytes(word)).trailing_zeros() / 8;
            assert_eq!(found, expected, "{byte} at {index}");
            for before in 0..40 {
                let text = [&[b'x'; 40][..before], &word].concat();
                let expected = before + expected as usize;
                assert_eq!(special_at(&text, 0), expected, "{byte} at {expected}");
            }
        }
    }
}

proptest! {
    #[test]
    fn values_end_where_serde_json_ends_them(
        text in "([\\[{\\]}:, \n]|\"[a\\\\\"u0-9d/n\t]{0,6}\"|-?[0-9]{1,3}(\\.[0-9]?)?(e[+-]?[0-9]?)?|true|false|null|nul|\"k\":){1,12}",
    ) {
        // A scalar directly followed by more of a word (`1x`) is an error to serde_json's stream; here the caller
        // checks it.
        let ours = value_end(text.as_bytes(), blanks(text.as_bytes(), 0), &mut ());
        if let Some(end) = oracle(&text) {
            prop_assert_eq!(ours, Some(end), "{}", text);
        } else if let Some(end) = ours {
            prop_assert!(oracle(&text[..end]) == Some(end), "{}", text);
        }
    }
}
