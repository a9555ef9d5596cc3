/*! A number of lines goes in; export objects of the twenty functions over thirty days come out, day by day, and samples
of what they say, from which questions are made. The same number gives the same bytes on every machine.

The first function has a quarter of all lines, the last one a seventieth. A stream lasts one to twelve hours, and many
last over midnight. */

use std::path::Path;

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::data::{FUNCTIONS, Function, Generator, Line, exported};

pub const DAYS: u32 = 30;
const DAY_MS: i64 = 86_400_000;
/// 2026-10-23T00:00:00Z in milliseconds since 1970.
pub const FIRST_DAY: i64 = 1_792_713_600_000;
const LINES_OF_A_STREAM: u64 = 2000;
/// One invocation of so many prints a line with a seldom word.
const SELDOM: u32 = 40;
/// One invocation of so many becomes a sample.
const SAMPLED: u32 = 150;

/// What a person may know of an invocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    pub request_id: String,
    pub function: String,
    /// Milliseconds since 1970.
    pub time: i64,
    /// What one of its lines says.
    pub text: String,
}

/// Writes the objects of a day below `folder`. Returns the number of their lines.
pub fn write(
    day: u32,
    lines_of_day: u64,
    folder: &Path,
    samples: &mut Vec<Sample>,
) -> std::io::Result<u64> {
    let mut rng = Rng::with_seed(u64::from(day));
    let weights: f64 = (1..=FUNCTIONS.len()).map(|rank| 1.0 / rank as f64).sum();
    let mut written = 0;
    for (rank, function) in FUNCTIONS.iter().enumerate() {
        let share = lines_of_day as f64 / (rank + 1) as f64 / weights;
        let mut left = share as u64;
        while left > 0 {
            let lines = left.min(LINES_OF_A_STREAM);
            let start = FIRST_DAY + i64::from(day) * DAY_MS + rng.i64(0..DAY_MS);
            let (key, object, count) = stream(function, start, lines, &mut rng, samples);
            let path = folder.join(key);
            std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
            std::fs::write(path, object)?;
            written += count;
            left = left.saturating_sub(count);
        }
    }
    Ok(written)
}

fn stream(
    function: &Function,
    start: i64,
    lines: u64,
    rng: &mut Rng,
    samples: &mut Vec<Sample>,
) -> (String, String, u64) {
    let mut generator = Generator::new(rng.u64(..));
    generator.set_time(start);
    let key = generator.export_key(function);
    let lasts = rng.i64(1..12 * 3600) * 1000;
    let (mut object, mut count) = (String::new(), 0);
    while count < lines {
        let invocation_start = start + lasts * count as i64 / lines as i64;
        generator.set_time(invocation_start.max(generator.time()));
        let mut invocation = generator.invocation_of(function);
        if rng.u32(0..SELDOM) == 0 {
            invocation.insert(2, seldom_line(&invocation[1], rng));
        }
        if rng.u32(0..SAMPLED) == 0 {
            samples.extend(sample(function, &invocation, rng));
        }
        exported(&invocation, &mut object);
        count += invocation.len() as u64;
    }
    (key, object, count)
}

/// A printed line with a word that few lines have.
fn seldom_line(before: &Line, rng: &mut Rng) -> Line {
    let rank = rng.u32(0..20_000).min(rng.u32(0..20_000));
    Line {
        time: before.time,
        text: format!("campaign {} is over\n", word(rank)),
    }
}

/// A word for each number.
fn word(mut number: u32) -> String {
    let mut word = String::new();
    for _ in 0..4 {
        let syllables = [
            "ka", "lo", "mi", "ne", "pu", "ra", "so", "ti", "vu", "ze", "bo", "da",
        ];
        word.push_str(syllables[number as usize % syllables.len()]);
        number /= 12;
    }
    word
}

fn sample(function: &Function, invocation: &[Line], rng: &mut Rng) -> Option<Sample> {
    let id = invocation.iter().find_map(|line| {
        let (_, rest) = (line.text.split_once("RequestId: "))
            .or_else(|| line.text.split_once("\"requestId\":\""))?;
        rest.get(..36)
    })?;
    let line = &invocation[rng.usize(1..invocation.len())];
    Some(Sample {
        request_id: id.to_owned(),
        function: function.name.to_owned(),
        time: line.time,
        text: message(&line.text).to_owned(),
    })
}

/// What a line says, without what stands before it.
fn message(text: &str) -> &str {
    let text = text.trim_end();
    let json = text.split_once("\"message\":\"");
    let message = json.and_then(|(_, rest)| rest.split_once("\",\"service\""));
    message.map_or_else(
        || text.rsplit('\t').next().unwrap_or(text),
        |(message, _)| message,
    )
}
