/*! Log streams as Lambda writes them: invocations of several runtimes, ordinary and odd lines, some around midnight. */

use fastrand::Rng;

use crate::faults::choose;

/// 2026-11-22T00:00:00Z.
pub const DAY: i64 = 1_795_305_600_000;

/// One event of a stream.
#[derive(Debug, Clone)]
pub struct Line {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Without a line break at its end.
    pub text: Vec<u8>,
    /**
    An object may begin here. Not before a line without a request id, nor between an INIT_START and its START: of those
    only the object before knows whose they are.
    */
    pub may_begin: bool,
}

#[derive(Debug, Clone)]
pub struct Stream {
    /// As CloudWatch shows it, with slashes.
    pub name: String,
    pub function: String,
    pub lines: Vec<Line>,
}

pub fn uuid(rng: &mut Rng) -> String {
    let n = rng.u128(..);
    let hex = format!("{n:032x}");
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// `2026-11-22T18:46:44.108Z`.
pub fn iso(at: i64) -> String {
    let (day, ms) = (at.div_euclid(86_400_000), at.rem_euclid(86_400_000));
    // All days here lie in November and December 2026.
    let since = day - DAY / 86_400_000 + 22;
    let (month, day) = if since > 30 {
        (12, since - 30)
    } else {
        (11, since)
    };
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!(
        "2026-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{:03}Z",
        ms % 1000
    )
}

/// A stream of some invocations. `odd` lines are binary or over-long. No two events have one time and one text.
pub fn stream(rng: &mut Rng, invocations: usize, odd: bool) -> Stream {
    let function = choose(rng, &["thumbnails", "invoices", "tenner-notifier"]).to_string();
    let midnight = rng.bool();
    let mut at = DAY
        + if midnight {
            86_400_000 - 300
        } else {
            rng.i64(0..80_000_000)
        };
    let name = format!(
        "{}/[$LATEST]{:032x}",
        iso(at)[..10].replace('-', "/"),
        rng.u128(..)
    );
    let mut lines = Vec::new();
    let mut push = |at: i64, text: Vec<u8>, may_begin: bool| {
        lines.push(Line {
            at,
            text,
            may_begin,
        });
    };
    let mut after_init = rng.u8(0..4) > 0;
    if after_init {
        push(at, b"INIT_START Runtime Version: nodejs:22.v52\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:ab".to_vec(), true);
        at += rng.i64(1..400);
    }
    for _ in 0..invocations {
        let id = uuid(rng);
        push(
            at,
            format!("START RequestId: {id} Version: $LATEST").into(),
            !after_init,
        );
        after_init = false;
        for n in 0..rng.usize(0..6) {
            at += rng.i64(0..60);
            let (text, named) = said(rng, at, &id, n, odd);
            push(at, text, named);
        }
        at += rng.i64(1..50);
        if rng.u8(0..6) == 0 {
            push(
                at,
                format!("{} {id} Task timed out after 3.00 seconds", iso(at)).into(),
                true,
            );
        }
        push(at, format!("END RequestId: {id}").into(), true);
        let duration = rng.u32(1..90_000) as f64 / 100.0;
        let billed = duration.ceil();
        let report = format!(
            "REPORT RequestId: {id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\tMemory Size: 128 MB\tMax Memory Used: {} MB\t",
            rng.u8(30..128)
        );
        push(at, report.into(), true);
        if rng.u8(0..8) == 0 {
            push(at, format!("RequestId: {id} Error: Runtime exited with error: signal: killed\nRuntime.ExitError").into(), true);
        }
        let pause = *choose(rng, &[40, 5000]);
        at += rng.i64(1..pause);
    }
    Stream {
        name,
        function,
        lines,
    }
}

/// What a function prints; and whether it names its request.
fn said(rng: &mut Rng, at: i64, id: &str, n: usize, odd: bool) -> (Vec<u8>, bool) {
    let time = iso(at);
    if odd && rng.u8(0..4) == 0 {
        return match rng.bool() {
            true => (
                [
                    b"binary \xff\xfe\x00\x01\xc3 and back ",
                    n.to_string().as_bytes(),
                ]
                .concat(),
                false,
            ),
            false => {
                let length: usize = *choose(rng, &[2000, 3000, 70_000]);
                (
                    format!(
                        "{time}\t{id}\tINFO\tlong {n} {}",
                        "x\u{e4}".repeat(length / 3)
                    )
                    .into(),
                    true,
                )
            }
        };
    }
    match rng.u8(0..8) {
        0 => (format!("plain output number {n}").into(), false),
        1 => (format!("[INFO]\t{time}\t{id}\tpython says {n} {}", rng.u16(..)).into(), true),
        2 => (format!("{{\"timestamp\":\"{time}\",\"level\":\"WARN\",\"requestId\":\"{id}\",\"message\":\"json {n} {}\"}}", rng.u16(..)).into(), true),
        3 => (format!("{time}\t{id}\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\",\"errorMessage\":\"x is {n}\",\"stack\":[\"TypeError\",\"    at f\"]}}").into(), true),
        4 => (format!("two lines\n  of one event, \"quoted\" \u{1f600} {n} {}", rng.u8(..)).into(), false),
        _ => (format!("{time}\t{id}\tINFO\thandled {} \\ {}", n, rng.u32(..)).into(), true),
    }
}
