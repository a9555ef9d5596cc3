/*! The bytes of a JSON value go in, in pieces; the offset of the value's end comes out. */

use memchr::{memchr2, memchr3};

/// Maximum nesting, as in serde_json.
const MAX_DEPTH: u32 = 127;

/// Scans one value. It can stop at any byte and continue there.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    /// Number of bytes scanned.
    pub pos: usize,
    /// The offset behind the opening quote, if `pos` is in a string.
    pub string: Option<usize>,
    /// Whether the byte before `pos` is a backslash that escapes the next byte.
    pub escape: bool,
    expect: Expect,
    /// One bit for each level, the lowest for the innermost: set for an object, clear for an array.
    objects: u128,
    depth: u32,
    /// Whether a line break in a string is invalid, as in RFC 8259.
    one_line_strings: bool,
}

/// The token that must come next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    /// The rest of a number or a word.
    Scalar,
}

/// The result of a [`Scanner`]'s run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The value continues behind the data.
    More,
    /// The value ends before this offset.
    Done(usize),
    /// The JSON is invalid at this offset.
    Broken(usize),
}

impl Scanner {
    pub fn value() -> Self {
        Scanner {
            pos: 0,
            string: None,
            escape: false,
            expect: Expect::Value,
            objects: 0,
            depth: 0,
            one_line_strings: false,
        }
    }

    pub fn one_line_strings() -> Self {
        Scanner {
            one_line_strings: true,
            ..Scanner::value()
        }
    }

    /// A scanner for the rest of an object, behind one of its members.
    pub fn rest_of_object() -> Self {
        Scanner {
            expect: Expect::CommaOrEnd,
            objects: 1,
            depth: 1,
            ..Scanner::value()
        }
    }

    /// Whether the scanner is in an array that is a member of the outermost object.
    pub fn is_in_list_of_object(&self) -> bool {
        self.depth >= 2 && self.objects >> (self.depth - 2) & 0b11 == 0b10
    }

    /// Continues the scan. `data` begins with the first byte of the value, in each call.
    pub fn run(&mut self, data: &[u8]) -> Progress {
        while self.pos < data.len() {
            if self.string.is_some() {
                if !self.in_string(data) {
                    return if self.pos < data.len() {
                        Progress::Broken(self.pos)
                    } else {
                        Progress::More
                    };
                }
                if self.depth == 0 {
                    return Progress::Done(self.pos);
                }
                continue;
            }
            let b = data[self.pos];
            if self.expect == Expect::Scalar {
                if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.') {
                    self.pos += 1;
                    continue;
                }
                self.expect = Expect::CommaOrEnd;
                if self.depth == 0 {
                    return Progress::Done(self.pos);
                }
            }
            if !matches!(b, b' ' | b'\t' | b'\n' | b'\r') {
                if !self.token(b) {
                    return Progress::Broken(self.pos);
                }
                if self.depth == 0 && self.expect == Expect::CommaOrEnd && self.string.is_none() {
                    self.pos += 1;
                    return Progress::Done(self.pos);
                }
            }
            self.pos += 1;
        }
        Progress::More
    }

    /// Scans to the end of a string. False if the data ends before it, or at a line break that is invalid.
    fn in_string(&mut self, data: &[u8]) -> bool {
        loop {
            if self.escape {
                if self.pos >= data.len() {
                    return false;
                }
                self.escape = false;
                self.pos += 1;
            }
            let rest = data.get(self.pos..).unwrap_or_default();
            let found = if self.one_line_strings {
                memchr3(b'"', b'\\', b'\n', rest)
            } else {
                memchr2(b'"', b'\\', rest)
            };
            let Some(i) = found else {
                self.pos = data.len();
                return false;
            };
            self.pos += i;
            match data[self.pos] {
                b'"' => {
                    self.pos += 1;
                    self.string = None;
                    return true;
                }
                b'\\' => {
                    self.pos += 1;
                    self.escape = true;
                }
                _ => return false,
            }
        }
    }

    fn token(&mut self, b: u8) -> bool {
        use Expect::*;
        match (self.expect, b) {
            (Value | ValueOrEnd, b'{') => self.open(true),
            (Value | ValueOrEnd, b'[') => self.open(false),
            (Value | ValueOrEnd, b'"') => self.begin_string(CommaOrEnd),
            (Key | KeyOrEnd, b'"') => self.begin_string(Colon),
            (ValueOrEnd, b']') => self.close(false),
            (KeyOrEnd, b'}') => self.close(true),
            (CommaOrEnd, b']') => self.close(false),
            (CommaOrEnd, b'}') => self.close(true),
            (CommaOrEnd, b',') if self.depth > 0 => {
                self.expect = if self.objects & 1 == 1 { Key } else { Value };
                true
            }
            (Colon, b':') => {
                self.expect = Value;
                true
            }
            (Value | ValueOrEnd, b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {
                self.expect = Scalar;
                true
            }
            _ => false,
        }
    }

    fn begin_string(&mut self, then: Expect) -> bool {
        self.string = Some(self.pos + 1);
        self.expect = then;
        true
    }

    fn open(&mut self, object: bool) -> bool {
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        self.expect = if object {
            Expect::KeyOrEnd
        } else {
            Expect::ValueOrEnd
        };
        self.depth <= MAX_DEPTH
    }

    fn close(&mut self, object: bool) -> bool {
        let matches = self.depth > 0 && (self.objects & 1 == 1) == object;
        self.objects >>= 1;
        self.depth = self.depth.saturating_sub(1);
        self.expect = Expect::CommaOrEnd;
        matches
    }
}
