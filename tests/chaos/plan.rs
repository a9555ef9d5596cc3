/*! Faults on connections, one after another, as a seed decides. */

use std::time::Duration;

use fastrand::Rng;

use crate::long;
use crate::proxy::{Mode, Proxy};

/// A fault that meets nobody for so long is over; a bucket may be left alone for five seconds.
const MET: Duration = Duration::from_secs(7);

/// The next fault, of each kind in turn so that none is left out, and how long it lasts at the most.
fn fault(number: usize, longest_answer: u64, rng: &mut Rng) -> (Mode, Duration) {
    let mode = match number % 5 {
        0 => Mode::Cut(rng.u64(..longest_answer)),
        1 => Mode::Swallow,
        2 => Mode::Reset,
        3 => Mode::Stall,
        _ => Mode::Refuse,
    };
    let longest = match (mode, long()) {
        // Past every time limit of the worker's, now and then.
        (Mode::Stall, true) if rng.u8(..4) == 0 => 16_000,
        (Mode::Refuse, true) if rng.u8(..4) == 0 => 8_000,
        _ => 1500,
    };
    (mode, Duration::from_millis(rng.u64(300..longest)))
}

/// Injects so many faults, with some undisturbed traffic after each. `feed` is called during each.
pub async fn carry_out<F: AsyncFnMut(Mode)>(
    proxies: &[&Proxy],
    faults: usize,
    rng: &mut Rng,
    mut feed: F,
) {
    for number in 0..faults {
        let proxy = proxies[number / 5 % proxies.len()];
        let (mode, lasts) = fault(number, proxy.longest_answer, rng);
        let before = proxy.count();
        proxy.set(mode);
        feed(mode).await;
        match mode {
            // They are over when they have met somebody.
            Mode::Cut(_) | Mode::Swallow | Mode::Reset => {
                proxy.counted(before + rng.u64(1..4), MET).await;
            }
            Mode::Stall => {
                proxy.counted(before + 1, MET).await;
                tokio::time::sleep(lasts).await;
            }
            Mode::Refuse | Mode::Pass => tokio::time::sleep(lasts).await,
        }
        proxy.set(Mode::Pass);
        proxy
            .passed(rng.u64(1..60), Duration::from_millis(400))
            .await;
    }
}
