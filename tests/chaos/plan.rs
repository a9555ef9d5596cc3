/*! A seed goes in; faults on connections come out, one after another. */

use std::time::Duration;

use fastrand::Rng;

use crate::long;
use crate::proxy::{Mode, Proxy};

/// A fault that affects no connection for this long ends. The worker may pause a bucket for five seconds.
const MET: Duration = Duration::from_secs(7);

/// The next fault and its longest duration. The kinds take turns.
fn fault(number: usize, longest_answer: u64, rng: &mut Rng) -> (Mode, Duration) {
    let mode = match number % 5 {
        0 => Mode::Cut(rng.u64(..longest_answer)),
        1 => Mode::Swallow,
        2 => Mode::Reset,
        3 => Mode::Stall,
        _ => Mode::Refuse,
    };
    let longest = match (mode, long()) {
        // Sometimes longer than every timeout of the worker.
        (Mode::Stall, true) if rng.u8(..4) == 0 => 16_000,
        (Mode::Refuse, true) if rng.u8(..4) == 0 => 8_000,
        _ => 1500,
    };
    (mode, Duration::from_millis(rng.u64(300..longest)))
}

/// Injects a number of faults, with some undisturbed traffic after each. Calls `feed` during each fault.
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
            // A fault ends once it has affected a connection.
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
