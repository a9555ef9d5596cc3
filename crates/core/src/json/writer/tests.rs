use crate::json::special_bytes::special_at;
use crate::json::*;
use proptest::prelude::*;

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn the_first_special_byte_is_found_at_any_index() {
    for byte in 0..=255u8 {
        for index in 0..20 {
            let mut bytes = [b'x'; 20];
            bytes[index] = byte;
            let clean = byte >= 0x20 && byte != b'"' && byte != b'\\';
            let expected = if clean { 20 } else { index };
            assert_eq!(special_at(&bytes, 0), expected, "{byte} at {index}");
        }
    }
}

#[test]
fn numbers_are_written_in_their_shortest_form() {
    let cases = [
        (0.0, "0"),
        (-0.0, "0"),
        (128.0, "128"),
        (-7.0, "-7"),
        (1711.87, "1711.87"),
        (0.1, "0.1"),
        (9_007_199_254_740_992.0, "9007199254740992"),
        (1e300, "1e+300"),
    ];
    for (number, expected) in cases {
        assert_eq!(text(|out| float(out, number)), expected);
    }
    for (number, expected) in [
        (0, "0"),
        (5, "0.005"),
        (-5, "-0.005"),
        (1500, "1.5"),
        (-12_340, "-12.34"),
        (7000, "7"),
        (i64::MIN, "-9223372036854775.808"),
    ] {
        assert_eq!(text(|out| thousandths(out, number)), expected);
    }
    assert_eq!(text(|out| signed(out, i64::MIN)), i64::MIN.to_string());
    for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
        assert_eq!(text(|out| unsigned(out, number)), number.to_string());
    }
    let greatest = text(|out| unsigned_member(out, "n", u64::MAX));
    assert_eq!(greatest, "\"n\":9223372036854775807");
    let none = text(|out| float_member(out, "n", Some(f64::NAN)));
    assert_eq!(none, "");
}

#[test]
fn thousandths_are_rounded_as_the_standard_library_rounds() {
    for number in [
        0.0, -0.0, 0.0004, 0.0005, -0.0005, 1.0625, -2.0015, 12.34, 1e12, 1e300, -1e300,
    ] {
        assert_eq!(
            to_thousandths(number),
            (number * 1000.0).round() as i64,
            "{number}"
        );
    }
}

#[test]
fn members_are_separated_by_commas_and_empty_ones_left_out() {
    let written = text(|out| {
        out.push(b'{');
        object_member(out, "empty", |_| {});
        string_member(out, "none", None);
        string_member(out, "a", Some("ends in {"));
        strings_member(out, "b", ["x", "["]);
        strings_member(out, "no", [""; 0]);
        list_member::<&str>(out, "nor", None);
        list_member::<&str>(out, "bare", Some(&[]));
        list_member(out, "full", Some(&["y"]));
        object_member(out, "c", |out| bool_member(out, "d", Some(false)));
        encoded_member(out, b"");
        encoded_member(out, b"\"e\":1");
        out.push(b'}');
    });
    assert_eq!(
        written,
        r#"{"a":"ends in {","b":["x","["],"bare":[],"full":["y"],"c":{"d":false},"e":1}"#
    );
}

proptest! {
    #[test]
    fn strings_are_written_as_serde_json_writes_them(input in any::<String>(), plain in "[ -~]{0,40}[\n\t\"\\\\\u{0}-\u{1f}]?[ -~]{0,40}") {
        for input in [input, plain] {
            prop_assert_eq!(text(|out| string(out, &input)), serde_json::to_string(&input).unwrap());
        }
    }

    #[test]
    fn floats_read_back(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
        let written = text(|out| float(out, number));
        prop_assert_eq!(written.parse::<f64>().unwrap(), number, "{}", written);
    }
}
