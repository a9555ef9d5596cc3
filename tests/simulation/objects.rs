/*! Objects as they lie in S3: exports, subscription files, JSON lines and plain text; whole, in members, or damaged. */

use std::io::Write;

use async_compression::tokio::write::ZstdEncoder;
use bytes::Bytes;
use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::FutureExt;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::faults::choose;
use crate::lines::{DAY, Line, Stream, iso, stream, uuid};
use crate::store::Version;

/// Whether an object can be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Sound,
    /// Its bytes end too early or do not add up: what can be read may be anything.
    Damaged,
    /// Whole, but something follows that is no gzip.
    Junk,
}

/// An object that is planned.
#[derive(Debug, Clone)]
pub struct Planned {
    pub bucket: String,
    pub key: String,
    pub version: Version,
    /// Decompressed; of a damaged object, what it was before.
    pub plain: Vec<u8>,
    pub health: Health,
}

pub const BUCKET: &str = "logs-of-ours";
pub const OTHER_BUCKET: &str = "logs-of-others";
/// Not allowed where anything is barred.
pub const BARRED_BUCKET: &str = "somebody-elses-logs";

fn planned(rng: &mut Rng, key: String, plain: Vec<u8>, gzip: bool) -> Planned {
    let stored = if gzip {
        members(rng, &plain)
    } else {
        plain.clone()
    };
    Planned {
        bucket: BUCKET.to_owned(),
        key,
        version: Version {
            etag: format!("{:032x}", rng.u128(..)),
            bytes: Bytes::from(stored),
            last_modified: DAY + 2 * 86_400_000 + rng.i64(0..1000),
        },
        plain,
        health: Health::Sound,
    }
}

/// gzip in one or several members.
fn members(rng: &mut Rng, plain: &[u8]) -> Vec<u8> {
    let mut stored = Vec::new();
    let mut rest = plain;
    let mut left = *choose(rng, &[1, 1, 2, 5]);
    loop {
        left -= 1;
        let n = if left == 0 {
            rest.len()
        } else {
            rng.usize(0..=rest.len())
        };
        let mut encoder = GzEncoder::new(&mut stored, Compression::fast());
        encoder
            .write_all(&rest[..n])
            .expect("memory takes everything");
        encoder.finish().expect("memory takes everything");
        rest = &rest[n..];
        if left == 0 {
            return stored;
        }
    }
}

/// Prefixes that a key decoder has to get right.
const PREFIXES: [&str; 5] = [
    "exports/thumbnails",
    "a b+c",
    "größe/日本",
    "100%25/x%2By",
    "plain",
];

/**
Objects of some streams. Chunks of one export do not overlap; one that is made again overlaps in whole or in part with
the first, has chunks of its own, and may lie under another prefix.
*/
pub fn generate(rng: &mut Rng, big: bool) -> Vec<Planned> {
    let mut objects = Vec::new();
    for _ in 0..rng.usize(1..5) {
        let odd = rng.u8(0..4) == 0;
        match rng.u8(0..8) {
            0 => objects.push(subscription(rng)),
            1 => objects.push(json_lines(rng)),
            2 => objects.push(plain_text(rng, odd)),
            3 => objects.push(tiny(rng)),
            _ => objects.extend(exports(rng, odd, big)),
        }
    }
    if rng.u8(0..5) == 0 {
        objects.push(damaged(rng));
    }
    objects
}

fn export_text(rng: &mut Rng, lines: &[Line]) -> Vec<u8> {
    let end: &[u8] = if rng.bool() { b"\n\n" } else { b"\n" };
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(format!("{} ", iso(line.at)).as_bytes());
        text.extend_from_slice(&line.text);
        text.extend_from_slice(end);
    }
    text
}

fn export_key(prefix: &str, task: &str, stream: &Stream, chunk: usize) -> String {
    format!(
        "{prefix}/{task}/{}/{chunk:06}.gz",
        stream.name.replace('/', "-")
    )
}

fn exports(rng: &mut Rng, odd: bool, big: bool) -> Vec<Planned> {
    let invocations = if big {
        rng.usize(200..500)
    } else {
        rng.usize(1..6)
    };
    let stream = stream(rng, invocations, odd);
    let begins: Vec<usize> = (1..stream.lines.len())
        .filter(|i| stream.lines[*i].may_begin)
        .collect();
    let mut objects = Vec::new();
    for again in 0..*choose(rng, &[1, 1, 1, 2, 3]) {
        let (mut from, mut to) = (0, stream.lines.len());
        if again > 0 {
            let (first, last) = (*choose(rng, &begins), *choose(rng, &begins));
            from = *choose(rng, &[0, first]);
            to = *choose(rng, &[to, last]);
        }
        let mut cuts: Vec<usize> = (0..rng.usize(0..3))
            .map(|_| *choose(rng, &begins))
            .filter(|cut| (from..to).contains(cut))
            .collect();
        cuts.extend([from, to]);
        cuts.sort_unstable();
        cuts.dedup();
        let (prefix, task) = (choose(rng, &PREFIXES).to_string(), uuid(rng));
        for (chunk, bounds) in cuts.windows(2).enumerate() {
            let text = export_text(rng, &stream.lines[bounds[0]..bounds[1]]);
            let key = export_key(&prefix, &task, &stream, chunk);
            objects.push(planned(rng, key, text, true));
        }
    }
    objects
}

/// Envelopes one after the other without a line break, as Firehose writes them.
fn subscription(rng: &mut Rng) -> Planned {
    let invocations = rng.usize(1..4);
    let stream = stream(rng, invocations, false);
    let mut text = Vec::new();
    for (n, lines) in stream.lines.chunks(rng.usize(1..8)).enumerate() {
        let events: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(i, line)| {
                json!({
                    "id": format!("{:056}", line.at as u128 * 1_000_000 + (n * 100 + i) as u128),
                    "timestamp": line.at,
                    "message": String::from_utf8_lossy(&line.text),
                })
            })
            .collect();
        let envelope = json!({
            "messageType": "DATA_MESSAGE", "owner": "123456789012",
            "logGroup": format!("/aws/lambda/{}", stream.function), "logStream": stream.name,
            "subscriptionFilters": ["all"], "logEvents": events,
        });
        text.extend_from_slice(envelope.to_string().as_bytes());
    }
    let (key, gzip) = (format!("firehose/2026/11/22/{}", uuid(rng)), rng.bool());
    planned(rng, key, text, gzip)
}

fn json_lines(rng: &mut Rng) -> Planned {
    let mut text = String::new();
    let mut at = DAY + rng.i64(0..86_000_000);
    let id = uuid(rng);
    for n in 0..rng.usize(1..30) {
        at += rng.i64(0..1000);
        text += &json!({"timestamp": iso(at), "level": "INFO", "requestId": id, "message": format!("n {n}"), "n": n}).to_string();
        text += if rng.u8(0..10) == 0 { "\r\n" } else { "\n" };
    }
    let (key, gzip) = (format!("json lines/{}.json", uuid(rng)), rng.bool());
    planned(rng, key, text.into(), gzip)
}

fn plain_text(rng: &mut Rng, odd: bool) -> Planned {
    let mut text = Vec::new();
    for n in 0..rng.usize(0..20) {
        text.extend_from_slice(format!("line {n} of something").as_bytes());
        if odd {
            text.extend_from_slice(b" \xff\x00");
        }
        text.push(b'\n');
    }
    if rng.bool() {
        text.pop();
    }
    let (key, gzip) = (format!("other/{}.txt", uuid(rng)), rng.bool());
    planned(rng, key, text, gzip)
}

/// Next to nothing: an empty object, an empty gzip file, one letter, a folder marker, an export's probe.
fn tiny(rng: &mut Rng) -> Planned {
    let id = uuid(rng);
    match rng.u8(0..5) {
        0 => planned(rng, format!("tiny/{id}"), Vec::new(), false),
        1 => planned(rng, format!("tiny/{id}.gz"), Vec::new(), true),
        2 => planned(rng, format!("tiny/{id}.gz"), b"x".to_vec(), true),
        3 => planned(rng, format!("tiny/{id}/"), Vec::new(), false),
        _ => planned(
            rng,
            format!("tiny/{id}/aws-logs-write-test"),
            b"Permission Check Successful".to_vec(),
            false,
        ),
    }
}

/// An export of a stream of its own whose gzip is cut, flipped or followed by junk.
fn damaged(rng: &mut Rng) -> Planned {
    let invocations = rng.usize(1..20);
    let stream = stream(rng, invocations, false);
    let (task, text) = (uuid(rng), export_text(rng, &stream.lines));
    let key = export_key("damaged", &task, &stream, 0);
    let mut object = planned(rng, key, text, true);
    let mut stored = object.version.bytes.to_vec();
    object.health = Health::Damaged;
    match rng.u8(0..4) {
        0 => stored.truncate(rng.usize(11..stored.len())),
        // The last eight bytes are checksum and length.
        1 => {
            let at = stored.len() - rng.usize(1..9);
            stored[at] ^= 0x10;
        }
        2 => {
            let at = rng.usize(12..stored.len() - 8);
            stored[at] ^= 1 << rng.u8(0..8);
        }
        _ => {
            stored.extend_from_slice(b"junk");
            object.health = Health::Junk;
        }
    }
    object.version.bytes = stored.into();
    object
}

/// An export of a stream of its own that is longer than `cap`; or a bomb: little stored, and nearly nothing in it.
pub fn over_cap(rng: &mut Rng, cap: u64) -> Planned {
    let invocations = rng.usize(1..20);
    let stream = stream(rng, invocations, false);
    let (task, mut text) = (uuid(rng), export_text(rng, &stream.lines));
    let (whole, bomb) = (text.clone(), rng.bool());
    while text.len() as u64 <= cap + 100 {
        match bomb {
            true => text.resize(text.len() + 4096, b'0'),
            false => text.extend_from_slice(&whole),
        }
    }
    let key = export_key("too large", &task, &stream, 0);
    Planned {
        health: Health::Damaged,
        ..planned(rng, key, text, true)
    }
}

/// The same object, compressed with zstd in one or two frames; its name still says what it says.
pub fn with_zstd(rng: &mut Rng, mut object: Planned) -> Planned {
    let (first, second) = object.plain.split_at(rng.usize(0..=object.plain.len()));
    let mut stored = zstd_frame(first);
    stored.extend(zstd_frame(second));
    object.version.bytes = stored.into();
    object
}

fn zstd_frame(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    let written = async {
        encoder.write_all(plain).await?;
        encoder.shutdown().await
    };
    let written = written.now_or_never().expect("memory does not wait");
    written.expect("memory takes everything");
    encoder.into_inner()
}
