/*! Faults on connections, one after another, as a seed decides. */

use std::time::Duration;

use fastrand::Rng;

use crate::proxy::{Mode, Proxy};
use crate::{either, long};

/// The next fault, of each kind in turn so that none is left out, and how long it lasts at the most.
fn fault(number: usize, rng: &mut Rng) -> (Mode, Duration) {
    let mode = match number % 5 {
        0 => Mode::Cut(match rng.bool() {
            true => rng.u64(..300),
            false => rng.u64(300..40_000),
        }),
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
    (mode, Duration::from_millis(rng.u64(200..longest)))
}

/// Injects so many faults, with some undisturbed traffic after each. `feed` is called before each with its number.
pub async fn carry_out<F: AsyncFnMut(usize)>(
    proxies: &[&Proxy],
    faults: usize,
    rng: &mut Rng,
    mut feed: F,
) {
    for number in 0..faults {
        feed(number).await;
        let proxy = proxies[number / 5 % proxies.len()];
        let (mode, lasts) = fault(number, rng);
        proxy.set(mode);
        match mode {
            // They are over when they have met somebody.
            Mode::Cut(_) | Mode::Swallow | Mode::Reset => {
                proxy
                    .hit(rng.u64(1..4), either(3, 10) * Duration::from_secs(1))
                    .await;
            }
            _ => {
                proxy.hit(1, Duration::from_secs(1)).await;
                tokio::time::sleep(lasts).await;
            }
        }
        proxy.set(Mode::Pass);
        proxy
            .passed(rng.u64(1..60), Duration::from_millis(400))
            .await;
    }
}
