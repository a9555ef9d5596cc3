//! The words for each slot, found by their hashes.

use super::{Key, LONGEST, Slot, is_separator};
use crate::json::scan;

/// One word for a slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub text: &'static str,
    pub slot: Slot,
    /// 0 for the plain word, more for others.
    pub rank: u8,
    /// Whether no other spelling of it means the same.
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

/// In lower case and without separators, except for exact ones.
const WORDS: [Word; 86] = [
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
    other("@level", Slot::Level, 2),
    other("lvl", Slot::Level, 4),
    other("severitytext", Slot::Level, 4),
    other("severity", Slot::Level, 6),
    plain("@l", Slot::AtL),
    plain("levelno", Slot::LevelNumber),
    plain("message", Slot::Message),
    other("@message", Slot::Message, 2),
    plain("msg", Slot::Msg),
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
    plain("properties", Slot::Properties),
];

/// A hash table: of each place the hash, if there is one, and which word it is.
const TABLE: [(scan::Hash, u8); 256] = {
    let mut table = [(None, 0); 256];
    let mut word = 0;
    while word < WORDS.len() {
        assert!(WORDS[word].text.len() <= LONGEST);
        let hash = scan::hash(WORDS[word].text.as_bytes());
        let mut place = first_place(hash);
        while table[place].0.is_some() {
            place = (place + 1) % table.len();
        }
        table[place] = (hash, word as u8);
        word += 1;
    }
    table
};

/// Where in the table a hash stands, unless others were there before.
#[inline]
const fn first_place(hash: scan::Hash) -> usize {
    match hash {
        Some(hash) => (hash.get() >> 56) as usize,
        None => 0,
    }
}

/// The word that a key is, letter by letter.
#[inline]
pub(super) fn known(key: Key<'_>) -> Option<&'static Word> {
    let mut place = first_place(key.hash);
    loop {
        let (hash, word) = TABLE[place];
        hash?;
        if hash == key.hash {
            let word = &WORDS[word as usize];
            // Short keys of one hash and one length are equal.
            let equal = word.text.len() == key.text.len()
                && (key.text.len() < 8 || word.text.as_bytes() == key.text);
            return equal.then_some(word);
        }
        place = (place + 1) % TABLE.len();
    }
}

/// Of the first two letters of a word the letters in which such words end, a bit each. Letters are numbered by [`LETTERS`].
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

/// What stands for no letter of a word but may stand between them.
const SEPARATOR: u8 = 0;

/// A number for each letter in either case, and one for what is in no word.
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

/// False only for a key that is no other spelling of any word, by its first two and its last letter.
#[inline]
pub(super) fn may_be_spelled_otherwise(key: &[u8]) -> bool {
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
    fn each_word_is_known_and_no_other() {
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
