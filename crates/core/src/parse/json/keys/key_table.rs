//! The key of a JSON object goes in; the [`Slot`] of the known word that it equals comes out, by a hash table.

use crate::json::scan;
use crate::json::values::Key;
use crate::parse::json::keys::slot::Slot;

/// Upper bound on the length of a word, in bytes: the longest word, and a few more.
const LONGEST: usize = 24;

/// Whether a byte may separate the words of a key.
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.')
}

/// A word that names a slot.
#[derive(Debug, Clone, Copy)]
struct Word {
    pub text: &'static str,
    pub slot: Slot,
    /// 0 for the plain word, more for other words.
    pub rank: u8,
    /// Whether only this spelling names the slot.
    pub exact: bool,
}

const fn exact(text: &'static str, slot: Slot) -> Word {
    Word {
        text,
        slot,
        rank: 0,
        exact: true,
    }
}

const fn plain(text: &'static str, slot: Slot) -> Word {
    other(text, slot, 0)
}

const fn other(text: &'static str, slot: Slot, rank: u8) -> Word {
    Word {
        text,
        slot,
        rank,
        exact: false,
    }
}

/// The known words, in lower case and without separators, except for exact words.
const WORDS: [Word; 97] = [
    exact("_aws", Slot::EmfRoot),
    exact("requestId", Slot::RequestId),
    exact("Category", Slot::Category),
    exact("asctime", Slot::AscTime),
    plain("type", Slot::Type),
    plain("record", Slot::Record),
    plain("timestamp", Slot::Timestamp),
    other("logtimestamp", Slot::Timestamp, 2),
    plain("@timestamp", Slot::AtTimestamp),
    plain("time", Slot::Time),
    plain("ts", Slot::Ts),
    plain("@t", Slot::AtT),
    plain("timemillis", Slot::TimeMillis),
    other("timestampmillis", Slot::TimeMillis, 4),
    other("epochmillis", Slot::TimeMillis, 4),
    plain("instant", Slot::Instant),
    plain("datetime", Slot::DateTime),
    plain("level", Slot::Level),
    other("loglevel", Slot::Level, 2),
    other("levelname", Slot::Level, 2),
    other("loglevelname", Slot::Level, 2),
    other("@level", Slot::Level, 2),
    other("lvl", Slot::Level, 4),
    other("severitytext", Slot::Level, 4),
    plain("severity", Slot::Severity),
    plain("severitynumber", Slot::SeverityNumber),
    plain("@l", Slot::AtL),
    plain("levelno", Slot::LevelNumber),
    plain("message", Slot::Message),
    other("@message", Slot::Message, 2),
    plain("msg", Slot::Msg),
    plain("shortmessage", Slot::ShortMessage),
    plain("@m", Slot::AtM),
    plain("renderedmessage", Slot::RenderedMessage),
    other("formattedmessage", Slot::RenderedMessage, 4),
    plain("messagetemplate", Slot::MessageTemplate),
    plain("@mt", Slot::AtMt),
    plain("event", Slot::Event),
    plain("logger", Slot::Logger),
    other("loggername", Slot::Logger, 2),
    other("logname", Slot::Logger, 2),
    other("loglogger", Slot::Logger, 2),
    other("sourcecontext", Slot::Logger, 2),
    other("@logger", Slot::Logger, 2),
    plain("name", Slot::Name),
    plain("target", Slot::Target),
    plain("awsrequestid", Slot::AwsRequestId),
    plain("functionrequestid", Slot::FunctionRequestId),
    plain("lambdarequestid", Slot::LambdaRequestId),
    plain("faasinvocationid", Slot::LambdaRequestId),
    plain("faasexecution", Slot::LambdaRequestId),
    plain("requestid", Slot::SnakeRequestId),
    plain("tenantid", Slot::TenantId),
    plain("xraytraceid", Slot::XrayTraceId),
    plain("awsxraytraceid", Slot::XrayTraceId),
    plain("traceid", Slot::TraceId),
    plain("functionname", Slot::FunctionName),
    plain("functionversion", Slot::FunctionVersion),
    plain("functionarn", Slot::FunctionArn),
    plain("executionarn", Slot::ExecutionArn),
    plain("durableexecutionarn", Slot::ExecutionArn),
    plain("error", Slot::Error),
    plain("err", Slot::Err),
    plain("exception", Slot::Exception),
    plain("exceptionname", Slot::ExceptionName),
    plain("excinfo", Slot::ExcInfo),
    plain("@x", Slot::AtX),
    plain("thrown", Slot::Thrown),
    plain("throwable", Slot::Thrown),
    plain("errortype", Slot::ErrorType),
    plain("errorkind", Slot::ErrorType),
    plain("errorname", Slot::ErrorType),
    plain("errormessage", Slot::ErrorMessage),
    // OpenTelemetry: `exception.type`
    other("exceptiontype", Slot::ErrorType, 2),
    other("exceptionclass", Slot::ErrorType, 4),
    other("exceptionmessage", Slot::ErrorMessage, 2),
    other("exceptionstacktrace", Slot::ErrorStack, 2),
    plain("stacktrace", Slot::StackTrace),
    plain("stack", Slot::Stack),
    plain("trace", Slot::Trace),
    plain("errorstack", Slot::ErrorStack),
    plain("errorstacktrace", Slot::ErrorStack),
    plain("errorverbose", Slot::ErrorStack),
    plain("fields", Slot::Fields),
    plain("span", Slot::Span),
    plain("spans", Slot::Spans),
    plain("mdc", Slot::Mdc),
    plain("contextmap", Slot::Mdc),
    plain("aws", Slot::Aws),
    plain("lambda", Slot::Aws),
    plain("faas", Slot::Aws),
    plain("context", Slot::Context),
    plain("lambdacontext", Slot::Context),
    plain("log", Slot::Log),
    // tslog
    exact("_meta", Slot::Log),
    plain("properties", Slot::Properties),
    plain("scopes", Slot::Scopes),
];

/// A hash table with open addressing. Each entry has the hash of a word and its index in [`WORDS`]; no hash marks a
/// free entry.
const TABLE: [(scan::Hash, u8); 256] = {
    let mut table = [(None, 0); 256];
    let mut word = 0;
    while word < WORDS.len() {
        assert!(WORDS[word].text.len() <= LONGEST);
        let hash = scan::hash(WORDS[word].text.as_bytes());
        let mut index = first_index(hash);
        while table[index].0.is_some() {
            index = (index + 1) % table.len();
        }
        table[index] = (hash, word as u8);
        word += 1;
    }
    table
};

/// The slot of a key in any spelling; `None` for an unknown key.
pub fn slot_of(key: Key<'_>) -> Option<Slot> {
    ranked(key).map(|(slot, _)| slot)
}

/// The slot of a key and its rank: 0 for the plain key, more for its other spellings, and still more for other words.
#[inline]
pub(crate) fn ranked(key: Key<'_>) -> Option<(Slot, u8)> {
    match known(key) {
        Some(word) => Some((word.slot, word.rank)),
        None if may_be_spelled_otherwise(key.text) => of_other_spelling(key.text),
        None => None,
    }
}

/// The slot and rank of a key in another spelling than the table has.
#[inline(never)]
fn of_other_spelling(key: &[u8]) -> Option<(Slot, u8)> {
    let mut buffer = [0u8; LONGEST];
    let normalized = normalized(key, &mut buffer)?;
    let word = known(Key::of(normalized)).filter(|word| !word.exact)?;
    Some((word.slot, word.rank + 1))
}

/// A key in lower case without separators; `None` if it is too long for a known word.
fn normalized<'b>(key: &[u8], buffer: &'b mut [u8; LONGEST]) -> Option<&'b [u8]> {
    let mut len = 0;
    for byte in key.iter().filter(|byte| !is_separator(**byte)) {
        *buffer.get_mut(len)? = byte.to_ascii_lowercase();
        len += 1;
    }
    Some(&buffer[..len])
}

/// The index in [`TABLE`] at which the search for a hash begins.
#[inline]
const fn first_index(hash: scan::Hash) -> usize {
    match hash {
        Some(hash) => (hash.get() >> 56) as usize,
        None => 0,
    }
}

/// The word that equals `key`, byte by byte; `None` if there is none.
#[inline]
fn known(key: Key<'_>) -> Option<&'static Word> {
    let mut index = first_index(key.hash);
    loop {
        let (hash, word) = TABLE[index];
        hash?;
        if hash == key.hash {
            let word = &WORDS[word as usize];
            // Keys of less than eight bytes are equal if their hashes and lengths are.
            let equal = word.text.len() == key.text.len()
                && (key.text.len() < 8 || word.text.as_bytes() == key.text);
            return equal.then_some(word);
        }
        index = (index + 1) % TABLE.len();
    }
}

/// For each pair of first letters, the last letters of the words that begin so, one bit each. [`LETTERS`] numbers the
/// letters.
const ENDS: [[u32; 32]; 32] = {
    let mut ends = [[0; 32]; 32];
    let mut word = 0;
    while word < WORDS.len() {
        let text = WORDS[word].text.as_bytes();
        let (first, second) = (LETTERS[text[0] as usize], LETTERS[text[1] as usize]);
        ends[first as usize][second as usize] |= 1 << LETTERS[text[text.len() - 1] as usize];
        word += 1;
    }
    ends
};

/// The number of a byte that may separate the words of a key.
const SEPARATOR: u8 = 0;

/// The number of each byte: one for each letter in either case, one for `@`, one for separators, one for all other
/// bytes.
const LETTERS: [u8; 256] = {
    let mut letters = [31; 256];
    let mut byte = 0;
    while byte < letters.len() {
        letters[byte] = match byte as u8 {
            letter if letter.is_ascii_alphabetic() => letter & 31,
            b'@' => 30,
            separator if is_separator(separator) => SEPARATOR,
            _ => 31,
        };
        byte += 1;
    }
    letters
};

/// Whether `key` may be another spelling of a word, judged by its first two and last letters. False is certain, true
/// is not.
#[inline]
fn may_be_spelled_otherwise(key: &[u8]) -> bool {
    let [first, rest @ ..] = key else {
        return false;
    };
    let (Some(second), Some(last)) = (rest.first(), rest.last()) else {
        return false;
    };
    let [first, second, last] = [first, second, last].map(|byte| LETTERS[*byte as usize]);
    let ends = ENDS[first as usize & 31][second as usize & 31];
    ends >> (last & 31) & 1 == 1 || [first, second, last].contains(&SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_known_and_no_other_key() {
        for word in WORDS {
            let key = Key::of(word.text.as_bytes());
            assert_eq!(known(key).expect("a word").text, word.text);
            assert!(
                known(Key {
                    text: b"another word",
                    ..key
                })
                .is_none()
            );
            let other = word.text.to_uppercase();
            let spellings = [
                format!("_{other}"),
                format!("{}-{}", &other[..1], &other[1..]),
                format!("{other}."),
                other,
            ];
            for other in spellings {
                assert!(may_be_spelled_otherwise(other.as_bytes()), "{other}");
            }
        }
        for text in ["", "x", "_", "customer", "_aws_", "category"] {
            assert!(known(Key::of(text.as_bytes())).is_none(), "{text}");
        }
    }
}
