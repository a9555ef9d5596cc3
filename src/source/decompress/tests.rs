use std::io::Write;

use async_compression::tokio::write::ZstdEncoder;
use async_compression::zstd::CParameter;
use async_trait::async_trait;
use futures_util::{FutureExt, stream};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use crate::error_class::ErrorClass;
use crate::source::decompress::*;
use crate::source::{OpenError, StoreError};

/// Never asked: nothing breaks on its way.
struct NoStore;

#[async_trait]
impl Store for NoStore {
    async fn open(&self, _: &ObjectRef, _: u64, _: Option<&str>) -> Result<Opened, OpenError> {
        Err(OpenError::Gone)
    }
}

fn object() -> ObjectRef {
    ObjectRef::new("b", "k")
}

fn opened(stored: &[u8], chunk: usize) -> Opened {
    let chunks: Vec<_> = stored
        .chunks(chunk)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    Opened {
        chunks: Box::pin(stream::iter(chunks)),
        etag: None,
        last_modified: None,
        size: Some(stored.len() as u64),
    }
}

/// What was read, why no more, and the windows that were asked for.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    plain: Vec<u8>,
    failure: Option<(String, bool)>,
    windows: Vec<u64>,
}

fn unpack(stored: &[u8], chunk: usize) -> Outcome {
    unpack_within(stored, chunk, 8 << 20)
}

fn unpack_within(stored: &[u8], chunk: usize, limit: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let read = async {
        let opened = opened(stored, chunk);
        let mut unpacked = Unpacked::within(Arc::new(NoStore), object(), opened, limit).await?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match unpacked.step(&mut buffer).await? {
                Step::Read(0) => return Ok(()),
                Step::Read(n) => outcome.plain.extend_from_slice(&buffer[..n]),
                Step::Window(bytes) => {
                    outcome.windows.push(bytes);
                    unpacked.grant(bytes);
                }
            }
        }
    };
    let read: Result<(), ReadError> = read.now_or_never().expect("nothing waits");
    outcome.failure = read
        .err()
        .map(|error| (error.to_string(), error.is_behind_whole_members()));
    outcome
}

fn whole(plain: &[u8]) -> Outcome {
    Outcome {
        plain: plain.to_vec(),
        ..Outcome::default()
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame with a window of 2 to this power.
fn zstd(plain: &[u8], window_log: u32) -> Vec<u8> {
    let level = async_compression::Level::Precise(3);
    let parameters = [CParameter::window_log(window_log)];
    let mut encoder = ZstdEncoder::with_quality_and_params(Vec::new(), level, &parameters);
    let written = async {
        encoder.write_all(plain).await.unwrap();
        encoder.shutdown().await.unwrap();
    };
    written.now_or_never().expect("memory does not wait");
    encoder.into_inner()
}

fn skippable(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x50 | kind, 0x2a, 0x4d, 0x18];
    frame.extend((content.len() as u32).to_le_bytes());
    frame.extend_from_slice(content);
    frame
}

const CHUNKS: [usize; 5] = [1, 2, 7, 100, usize::MAX];

/// A body that is damaged on its way: the checksum is known to be wrong when all of it was given.
#[tokio::test(start_paused = true)]
async fn a_body_that_fails_at_its_end_may_pass_and_is_not_resumed() {
    /// Refuses a range that begins at the object's end.
    struct NoRest;

    #[async_trait]
    impl Store for NoRest {
        async fn open(&self, _: &ObjectRef, _: u64, _: Option<&str>) -> Result<Opened, OpenError> {
            Err(OpenError::Other(StoreError::new(
                ErrorClass::Broken,
                "InvalidRange",
            )))
        }
    }
    for stored in [
        &b"some text that is longer than a head"[..],
        b"text",
        &gzip(b"text"),
    ] {
        let damaged = StoreError::new(ErrorClass::Retryable, "checksum mismatch");
        let given = opened(stored, 10);
        let chunks = futures_util::StreamExt::chain(given.chunks, stream::iter([Err(damaged)]));
        let given = Opened {
            chunks: Box::pin(chunks),
            etag: Some("e".to_owned()),
            ..given
        };
        let read = async {
            let mut unpacked = Unpacked::new(Arc::new(NoRest), object(), given).await?;
            let mut buffer = vec![0; 1024];
            while unpacked.read(&mut buffer).await? > 0 {}
            Ok::<(), ReadError>(())
        };
        let error = read.await.expect_err("it is damaged");
        assert_eq!(error.class(), ErrorClass::Retryable, "{error}");
        assert_eq!(error.to_string(), "checksum mismatch");
    }
}

#[test]
fn white_space_and_zeros_between_members_are_skipped() {
    for (between, behind) in [
        ("\n", "\n"),
        ("\r\n", ""),
        ("\n\n \t", "\n"),
        ("\0", "\0\0\0"),
        ("", "\0\n"),
    ] {
        let stored = [
            gzip(b"one\n"),
            between.into(),
            gzip(b"two\n"),
            between.into(),
            zstd(b"three\n", 17),
            behind.into(),
        ];
        for chunk in CHUNKS {
            assert_eq!(unpack(&stored.concat(), chunk), whole(b"one\ntwo\nthree\n"));
        }
    }
    let padded = [
        gzip(b"one\n"),
        vec![0; 100_000],
        gzip(b"two\n"),
        vec![0; 512],
    ]
    .concat();
    assert_eq!(unpack(&padded, 1000), whole(b"one\ntwo\n"));
    let delimited_before = [b"\n".to_vec(), gzip(b"one\n")].concat();
    assert_eq!(unpack(&delimited_before, 1), whole(b"one\n"));
    assert_eq!(unpack(b"\n\0 text", 1), whole(b"\n\0 text"));
}

#[test]
fn padding_of_up_to_64_kib_before_the_first_member_is_skipped() {
    for padding in [509, 510, 511, 512, 513, 600, 60_000] {
        for byte in [b'\n', 0] {
            let stored = [vec![byte; padding], gzip(b"one\n")].concat();
            for chunk in [1, 500, usize::MAX] {
                assert_eq!(unpack(&stored, chunk), whole(b"one\n"), "{padding}");
            }
        }
        let text = [vec![b'\n'; padding], b"text".to_vec()].concat();
        assert_eq!(unpack(&text, 100), whole(&text), "{padding}");
    }
    let blank = vec![b'\n'; 3 << 20];
    assert_eq!(unpack(&blank, 9999), whole(&blank), "a text of blank lines");
}

#[test]
fn a_member_that_is_cut_in_its_header_leaves_those_before_whole() {
    let second = gzip(b"two\n");
    for cut in 1..10 {
        let stored = [gzip(b"one\n"), second[..cut].to_vec()].concat();
        for chunk in CHUNKS {
            let outcome = unpack(&stored, chunk);
            assert_eq!(outcome.plain, b"one\n");
            assert!(outcome.failure.expect("a failure").1, "{cut}");
        }
    }
}

#[test]
fn other_bytes_behind_a_member_are_refused_and_what_was_read_is_whole() {
    for (behind, named) in [
        (&b"x"[..], "neither gzip nor zstd"),
        (b"\n{\"a\":1}\n", "neither gzip nor zstd"),
        (b"\x1f", "neither gzip nor zstd"),
        (b"\x1f\x8b\x00\x00", "gzip of an unknown method"),
        (b"\0\0PK\x03\x04rest", "a ZIP archive"),
        (b"\nBZh91AY&SY", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "cut off"),
        (b"\x50\x2a\x4d\x18\x09\0\0\0abc", "cut off"),
    ] {
        let first = gzip(b"2026-11-23T10:00:00.000Z whole\n");
        let stored = [&first, behind].concat();
        let outcomes = CHUNKS.map(|chunk| unpack(&stored, chunk));
        let (reason, is_whole) = outcomes[0].failure.clone().expect("a failure");
        assert!(reason.contains(named), "{reason}");
        assert!(is_whole, "{reason}");
        for outcome in &outcomes {
            assert_eq!(outcome.plain, b"2026-11-23T10:00:00.000Z whole\n");
            assert_eq!(outcome, &outcomes[0]);
        }
    }
    let (reason, _) = unpack(&[gzip(b"a"), b"\n\nx".to_vec()].concat(), 3)
        .failure
        .unwrap();
    let at = gzip(b"a").len() + 2;
    assert!(reason.ends_with(&format!("at byte {at}")), "{reason}");
}

#[test]
fn a_member_that_is_cut_or_damaged_is_not_whole() {
    let plain = b"some text that is long enough to be cut\n".repeat(50);
    for stored in [gzip(&plain), zstd(&plain, 17)] {
        for cut in [1, 10, 20] {
            let stored = [gzip(b"before\n"), stored[..stored.len() - cut].to_vec()].concat();
            for chunk in CHUNKS {
                let outcome = unpack(&stored, chunk);
                assert!(outcome.plain.starts_with(b"before\n"));
                assert!(!outcome.failure.expect("a failure").1);
            }
        }
    }
    let mut damaged = gzip(&plain);
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 1;
    assert!(!unpack(&damaged, 9).failure.expect("a failure").1);
}

#[test]
fn frames_in_a_row_and_skippable_ones_between() {
    let stored = [
        skippable(0, b"pzstd"),
        zstd(b"one\n", 17),
        skippable(0xf, &[0xa5; 5000]),
        skippable(3, b""),
        zstd(b"two\n", 17),
        gzip(b"three\n"),
        skippable(1, b"\n\n"),
    ]
    .concat();
    for chunk in CHUNKS {
        assert_eq!(unpack(&stored, chunk), whole(b"one\ntwo\nthree\n"));
    }
    let packed_again = gzip(&stored);
    assert_eq!(unpack(&packed_again, 10), whole(b"one\ntwo\nthree\n"));
    assert_eq!(unpack(&skippable(0, b"alone"), 4), whole(b""));
    // lz4 shares the skippable frames.
    let lz4 = [skippable(0, b"x"), b"\x04\x22\x4d\x18rest".to_vec()].concat();
    assert!(unpack(&lz4, 4).failure.unwrap().0.contains("lz4"));
}

#[test]
fn formats_that_are_no_logs_are_refused_by_their_names() {
    let mut tar = vec![0; 512];
    tar[..8].copy_from_slice(b"logs.txt");
    tar[257..263].copy_from_slice(b"ustar\0");
    let cases: [(&[u8], &str); 16] = [
        (b"PK\x03\x04\x14\0\0\0\x08\0", "a ZIP archive"),
        (b"PK\x05\x06\0\0\0\0", "an empty ZIP archive"),
        (b"PK\x07\x08PK\x03\x04", "a part of a ZIP archive"),
        (b"BZh91AY&SY\x01\x02", "bzip2"),
        (b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", "bzip2"),
        (b"\xfd7zXZ\0\0\x04", "xz"),
        (b"\x5d\0\0\x80\0\xff\xff", "LZMA"),
        (b"\xff\x06\0\0sNaPpY\x01", "framed snappy"),
        (b"\x04\x22\x4d\x18\x64\x40", "lz4"),
        (b"\x02\x21\x4c\x18\x09\0\0\0", "lz4 of the legacy format"),
        (b"PAR1\x15\x04\x15\x1c", "Parquet"),
        (b"ORC\x08\x03\x10", "ORC"),
        (b"Obj\x01\x04\x14avro.codec", "Avro"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive"),
        (b"\xff\xfe2\x000\x002\x006\x00", "UTF-16 text"),
        (&tar, "a tar archive"),
    ];
    for (stored, name) in cases {
        for stored in [
            stored.to_vec(),
            gzip(stored),
            zstd(stored, 17),
            gzip(&gzip(stored)),
        ] {
            for chunk in [1, usize::MAX] {
                let outcome = unpack(&stored, chunk);
                assert_eq!(outcome.plain, b"");
                let (reason, _) = outcome.failure.expect("a failure");
                assert!(reason.starts_with(&format!("{name}: not read")), "{reason}");
            }
        }
    }
}

#[test]
fn a_window_is_asked_for_when_a_frame_is_longer_than_any_reader_needs() {
    let long = b"a line of text that comes again and again\n".repeat(20_000);
    let short = &long[..200_000];
    let outcome = unpack(&zstd(short, 21), 1000);
    assert_eq!(outcome, whole(short), "a short frame needs no window");
    let stored = [zstd(&long, 21), zstd(&long, 22), zstd(short, 20)].concat();
    for chunk in [100, usize::MAX] {
        let outcome = unpack(&stored, chunk);
        assert_eq!(outcome.windows, [2 << 20, 4 << 20]);
        assert_eq!(outcome.plain.len(), 2 * long.len() + short.len());
        assert_eq!(outcome.failure, None);
    }
    let twice = zstd(&zstd(&noise(600_000), 21), 21);
    let outcome = unpack(&twice, 1000);
    assert_eq!(outcome.windows.last(), Some(&(4 << 20)));
    assert_eq!(outcome.failure, None);
}

#[test]
fn a_window_over_the_limit_is_refused_in_words() {
    let long = b"a line of text that comes again and again\n".repeat(20_000);
    let before = gzip(b"before\n");
    for chunk in CHUNKS {
        let outcome = unpack(&[&before[..], &zstd(&long, 27)].concat(), chunk);
        assert_eq!(outcome.plain, b"before\n");
        let (reason, is_whole) = outcome.failure.expect("a failure");
        assert!(is_whole);
        for word in ["134217728", "8388608", "--memory", "--long"] {
            assert!(reason.contains(word), "{reason}");
        }
    }
    let outcome = unpack_within(&zstd(&long, 27), 1000, 128 << 20);
    assert_eq!((outcome.plain.len(), outcome.failure), (long.len(), None));
    let (reason, _) = unpack(&zstd(&zstd(&noise(600_000), 23), 21), 1000)
        .failure
        .unwrap();
    assert!(reason.contains("window of 8388608"), "{reason}");
    let (reason, _) = unpack_within(&zstd(&zstd(&noise(600_000), 21), 21), 1000, 3 << 20)
        .failure
        .unwrap();
    assert!(
        reason.contains("window of 2097152")
            && reason.contains("layers of compression use 2097152"),
        "{reason}"
    );
}

/// Bytes that do not get shorter, without a byte that would begin a member.
fn noise(n: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b'a' + (state >> 60) as u8
    };
    std::iter::repeat_with(next).take(n).collect()
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let plain = prop::collection::vec(b'a'..b'e', 0..60);
    prop_oneof![
        4 => plain.clone().prop_map(|plain| gzip(&plain)),
        4 => plain.clone().prop_map(|plain| zstd(&plain, 17)),
        2 => plain.clone().prop_map(|plain| gzip(&gzip(&plain))),
        2 => plain.prop_map(|content| skippable(1, &content)),
        2 => prop::collection::vec(prop::sample::select(b"\n\r\0 ".to_vec()), 0..5),
        1 => prop::collection::vec(any::<u8>(), 0..5),
    ]
}

proptest! {
    #[test]
    fn what_comes_out_does_not_depend_on_how_it_came_in(
        pieces in prop::collection::vec(piece(), 0..6),
        chunk in 1usize..50,
    ) {
        let stored = pieces.concat();
        let (at_once, in_pieces) = (unpack(&stored, usize::MAX), unpack(&stored, chunk));
        // Of a damaged member less may be read.
        if at_once.failure.as_ref().is_none_or(|(_, is_whole)| *is_whole) {
            prop_assert_eq!(at_once, in_pieces);
        }
    }
}
