//! The words for each slot, found by their hashes.

use super::{LONGEST, Slot, is_separator};
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

/// A hash table: of each place the hash, 0 for none, and which word it is.
const TABLE: [(u64, u8); 256] = {
    let mut table = [(0, 0); 256];
    let mut word = 0;
    while word < WORDS.len() {
        assert!(WORDS[word].text.len() <= LONGEST);
        let hash = scan::hash(WORDS[word].text.as_bytes());
        let mut place = (hash >> 56) as usize;
        while table[place].0 != 0 {
            place = (place + 1) % table.len();
        }
        table[place] = (hash, word as u8);
        word += 1;
    }
    table
};

/// The word that a key is, letter by letter.
#[inline]
pub(super) fn known(key: &str, hash: u64) -> Option<&'static Word> {
    let mut place = (hash >> 56) as usize;
    loop {
        let (known, word) = TABLE[place];
        if known == 0 {
            return None;
        }
        if known == hash {
            let word = &WORDS[word as usize];
            return (word.text == key).then_some(word);
        }
        place = (place + 1) % TABLE.len();
    }
}

/// Of each first byte of a key the letters, a bit each, in which a word for a slot ends.
const BEGINS: [u32; 256] = {
    let mut begins = [0; 256];
    let mut word = 0;
    while word < WORDS.len() {
        let text = WORDS[word].text.as_bytes();
        begins[text[0] as usize] |= ENDS[text[text.len() - 1] as usize];
        begins[text[0].to_ascii_uppercase() as usize] = begins[text[0] as usize];
        word += 1;
    }
    with_separators(begins)
};

/// Of each last byte of a key its letter's bit.
const ENDS: [u32; 256] = {
    let mut ends = [0; 256];
    let mut letter = b'a';
    while letter <= b'z' {
        ends[letter as usize] = 1 << (letter - b'a');
        ends[letter.to_ascii_uppercase() as usize] = 1 << (letter - b'a');
        letter += 1;
    }
    with_separators(ends)
};

/// What begins or ends with a separator may be anything.
const fn with_separators(mut letters: [u32; 256]) -> [u32; 256] {
    let mut byte = 0;
    while byte < letters.len() {
        if is_separator(byte as u8) {
            letters[byte] = u32::MAX;
        }
        byte += 1;
    }
    letters
}

/// False only for a key that is no other spelling of any word, by its first and its last letter.
#[inline]
pub(super) fn may_be_spelled_otherwise(key: &str) -> bool {
    match key.as_bytes() {
        [first, .., last] => BEGINS[*first as usize] & ENDS[*last as usize] != 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_known_and_no_other() {
        for word in WORDS {
            let hash = scan::hash(word.text.as_bytes());
            let found = known(word.text, hash).expect("a word");
            assert_eq!(found.text, word.text);
            assert!(known("other", hash).is_none());
            assert!(word.exact || may_be_spelled_otherwise(&word.text.to_uppercase()));
            assert!(may_be_spelled_otherwise(&format!("_{}", word.text)));
        }
        for text in ["", "x", "_", "customer", "_aws_", "category"] {
            assert!(known(text, scan::hash(text.as_bytes())).is_none(), "{text}");
        }
    }
}
