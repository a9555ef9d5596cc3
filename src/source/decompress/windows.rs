/*! The windows of zstd frames: memory that a frame's header asks for, of whatever size. */

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the frames that are being read need, and may have. Shared by the layers of one object, which one task
/// reads.
#[derive(Debug)]
pub(crate) struct Windows {
    /// Frames of larger windows are refused.
    limit: u64,
    /// Bytes of windows that were granted.
    granted: AtomicU64,
    /// Bytes that the present frames of all layers need.
    needed: AtomicU64,
    /// A layer waits until as much as is needed is granted.
    asked: AtomicBool,
}

/// The header of a zstd frame has at most this many bytes.
pub(crate) const FRAME_HEADER: usize = 18;

impl Windows {
    pub fn new(limit: u64, granted: u64) -> Self {
        Self {
            limit,
            granted: granted.into(),
            needed: 0.into(),
            asked: false.into(),
        }
    }

    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes that the present frames of all layers need.
    pub fn needed(&self) -> u64 {
        self.needed.load(Ordering::Relaxed)
    }

    /// A layer goes from a frame with one window to a frame with another; false: that is over the limit.
    pub fn change(&self, from: u64, to: u64) -> bool {
        let others = self.needed.load(Ordering::Relaxed) - from;
        let fits = others + to <= self.limit;
        let to = if fits { to } else { 0 };
        self.needed.store(others + to, Ordering::Relaxed);
        fits
    }

    /// Whether all that is needed was granted; if not, it is asked for.
    pub fn suffice(&self) -> bool {
        let suffice = self.needed.load(Ordering::Relaxed) <= self.granted.load(Ordering::Relaxed);
        if !suffice {
            self.asked.store(true, Ordering::Relaxed);
        }
        suffice
    }

    /// Bytes that a layer has asked for since the last call.
    pub fn asked(&self) -> Option<u64> {
        let asked = self.asked.swap(false, Ordering::Relaxed);
        asked.then(|| self.needed.load(Ordering::Relaxed))
    }

    pub fn grant(&self, bytes: u64) {
        self.granted.store(bytes, Ordering::Relaxed);
    }
}

/// Window of the frame that begins with these bytes (RFC 8878, 3.1.1.1); none if they are too few.
pub(crate) fn window(header: &[u8]) -> Option<u64> {
    let descriptor = *header.get(4)?;
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        let window = *header.get(5)?;
        let base = 1u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // The window is as long as the content.
    let dictionary_id = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let bytes = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let size = header.get(5 + dictionary_id..)?.get(..bytes)?;
    let size = size.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    Some(if bytes == 2 { size + 256 } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_headers() {
        let window = |rest: &[u8]| window(&[&[0x28, 0xb5, 0x2f, 0xfd], rest].concat());
        assert_eq!(window(&[0x04, 0x58]), Some(2 << 20));
        assert_eq!(window(&[0x04, 0x88]), Some(128 << 20));
        assert_eq!(window(&[0x04, 0x51]), Some((1 << 20) + (1 << 17)));
        assert_eq!(window(&[0x24, 200]), Some(200));
        assert_eq!(window(&[0x64, 0, 1]), Some(512));
        assert_eq!(window(&[0xa5, 9, 0, 0, 0x10, 0]), Some(1 << 20));
        assert_eq!(window(&[0xe4, 0, 0, 0, 0, 1, 0, 0, 0]), Some(1 << 32));
        for short in [&[][..], &[0x04], &[0x24], &[0xa5, 9, 0, 0, 0x10]] {
            assert_eq!(window(short), None);
        }
    }

    #[test]
    fn layers_share_the_limit() {
        let windows = Windows::new(100, 10);
        assert!(windows.change(0, 60));
        assert!(!windows.suffice());
        assert_eq!(windows.asked(), Some(60));
        assert_eq!(windows.asked(), None);
        windows.grant(60);
        assert!(windows.suffice());
        assert!(!windows.change(0, 50));
        assert!(windows.change(60, 100));
        assert!(windows.change(100, 0));
        assert!(windows.suffice());
    }
}
