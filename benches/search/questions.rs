/*! Samples of what was logged go in; different questions of each kind come out, with the flags that ask them. */

use std::collections::HashSet;

use fastrand::Rng;
use jiff::Timestamp;
use logferry::search::{Question, Since, TimeRange, View};

use crate::days::Sample;

const HOUR_MS: i64 = 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    RequestId,
    FunctionErrorsHour,
    TextDay,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::RequestId, Self::FunctionErrorsHour, Self::TextDay];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestId => "request id",
            Self::FunctionErrorsHour => "function, errors, 1 h",
            Self::TextDay => "full text, 24 h",
        }
    }

    /// Milliseconds that 95 % of the answers may take.
    pub fn target(self) -> f64 {
        match self {
            Self::RequestId => 60.0,
            Self::FunctionErrorsHour => 150.0,
            Self::TextDay => 400.0,
        }
    }
}

/// A question, and the flags of `search` that ask it.
#[derive(Debug)]
pub struct Asked {
    pub question: Question,
    pub flags: Vec<String>,
}

/// `count` different questions.
pub fn questions(kind: Kind, samples: &[Sample], count: usize, rng: &mut Rng) -> Vec<Asked> {
    let mut known = HashSet::new();
    let mut asked = Vec::new();
    let mut tries = 0;
    while asked.len() < count && tries < 100 * count {
        tries += 1;
        let sample = &samples[rng.usize(0..samples.len())];
        if let Some(next) = ask(kind, sample, rng)
            && known.insert(next.flags.clone())
        {
            asked.push(next);
        }
    }
    assert_eq!(asked.len(), count, "too few samples for {kind:?}");
    asked
}

fn ask(kind: Kind, sample: &Sample, rng: &mut Rng) -> Option<Asked> {
    let limit = Some(50);
    match kind {
        Kind::RequestId => Some(Asked {
            flags: vec!["--request-id".to_owned(), sample.request_id.clone()],
            question: Question {
                view: View::Timeline,
                request_id: Some(sample.request_id.clone()),
                ..Question::default()
            },
        }),
        Kind::FunctionErrorsHour => {
            let (range, times) = span(sample.time, HOUR_MS, rng)?;
            let flags = ["--errors", "--function", &sample.function].map(str::to_owned);
            Some(Asked {
                flags: [&flags[..], &times].concat(),
                question: Question {
                    functions: vec![sample.function.clone()],
                    errors: true,
                    range,
                    limit,
                    ..Question::default()
                },
            })
        }
        Kind::TextDay => {
            let (range, times) = span(sample.time, 24 * HOUR_MS, rng)?;
            let text = words(&sample.text, rng)?;
            Some(Asked {
                flags: [&[text.clone()][..], &times].concat(),
                question: Question {
                    text: Some(text),
                    range,
                    limit,
                    ..Question::default()
                },
            })
        }
    }
}

/// A range of this length with `time` in it, and its flags.
fn span(time: i64, length: i64, rng: &mut Rng) -> Option<(TimeRange, [String; 4])> {
    let since = Timestamp::from_millisecond(time - rng.i64(0..length)).ok()?;
    let until = Timestamp::from_millisecond(since.as_millisecond() + length).ok()?;
    let flags = ["--since", &since.to_string(), "--until", &until.to_string()];
    let range = TimeRange {
        since: Some(Since::At(since)),
        until: Some(until),
    };
    Some((range, flags.map(str::to_owned)))
}

/// One to three words of a text.
fn words(text: &str, rng: &mut Rng) -> Option<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let mut words: Vec<&str> = words.filter(|word| word.len() > 2).collect();
    rng.shuffle(&mut words);
    words.truncate(rng.usize(1..4));
    (!words.is_empty()).then(|| words.join(" ").to_lowercase())
}
