use super::*;
use proptest::prelude::*;

/// Where serde_json ends, skipping a value.
fn oracle(text: &str) -> Option<usize> {
    let mut values =
        serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

#[test]
fn values_of_any_nesting_end_where_they_do() {
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
fn keys_have_the_hash_of_their_text() {
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
fn every_byte_is_found_in_every_place() {
    for byte in 0..=255u8 {
        for place in 0..8 {
            let mut word = *b"x\x7f\x80\xffz! ~";
            word[place] = byte;
            let clean = byte >= 0x20 && byte != b'"' && byte != b'\\';
            let expected = if clean { 8 } else { place as u32 };
            let found = first_odd(u64::from_le_bytes(word)).trailing_zeros() / 8;
            assert_eq!(found, expected, "{byte} at {place}");
            for before in 0..40 {
                let text = [&[b'x'; 40][..before], &word].concat();
                let expected = before + expected as usize;
                assert_eq!(odd_at(&text, 0), expected, "{byte} at {expected}");
            }
        }
    }
}

proptest! {
    #[test]
    fn values_end_where_serde_json_ends_them(
        text in "([\\[{\\]}:, \n]|\"[a\\\\\"u0-9d/n\t]{0,6}\"|-?[0-9]{1,3}(\\.[0-9]?)?(e[+-]?[0-9]?)?|true|false|null|nul|\"k\":){1,12}",
    ) {
        // A scalar that more of a word follows is an error to serde_json's stream, and somebody else's matter here.
        let ours = value_end(text.as_bytes(), blanks(text.as_bytes(), 0), &mut ());
        if let Some(end) = oracle(&text) {
            prop_assert_eq!(ours, Some(end), "{}", text);
        } else if let Some(end) = ours {
            prop_assert!(oracle(&text[..end]) == Some(end), "{}", text);
        }
    }
}
