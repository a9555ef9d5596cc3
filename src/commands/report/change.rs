/*! A figure and the figure of the span before go in; `▲12%` comes out. Pure. */

use console::style;

/// Factors of change from here on are shown as factors.
const FACTOR: f64 = 10.0;

/// Whether more of a figure is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoreIs {
    Worse,
    Neither,
}

/// The change between two values; empty if one of them is not known.
pub fn change(now: Option<f64>, before: Option<f64>, more_is: MoreIs) -> String {
    let (Some(now), Some(before)) = (now, before) else {
        return String::new();
    };
    if now == before {
        return "=".to_owned();
    }
    let shown = shown(now, before);
    match (more_is, now > before) {
        (MoreIs::Worse, true) => style(shown).red().to_string(),
        (MoreIs::Worse, false) => style(shown).green().to_string(),
        (MoreIs::Neither, _) => shown,
    }
}

fn shown(now: f64, before: f64) -> String {
    if before == 0.0 {
        return "new".to_owned();
    }
    let factor = now / before;
    let arrow = if factor > 1.0 { '▲' } else { '▼' };
    let percent = (factor - 1.0).abs() * 100.0;
    match percent {
        _ if now == 0.0 => "gone".to_owned(),
        _ if factor >= FACTOR => format!("▲{factor:.0}×"),
        percent if percent < 0.5 => format!("{arrow}<1%"),
        percent => format!("{arrow}{percent:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes() {
        for (now, before, shown) in [
            (Some(112.0), Some(100.0), "▲12%"),
            (Some(97.0), Some(100.0), "▼3%"),
            (Some(100.1), Some(100.0), "▲<1%"),
            (Some(3.0), Some(3.0), "="),
            (Some(0.0), Some(0.0), "="),
            (Some(3.0), Some(0.0), "new"),
            (Some(0.0), Some(3.0), "gone"),
            (Some(990.0), Some(100.0), "▲890%"),
            (Some(1500.0), Some(100.0), "▲15×"),
            (None, Some(1.0), ""),
            (Some(1.0), None, ""),
        ] {
            assert_eq!(
                change(now, before, MoreIs::Neither),
                shown,
                "{now:?} {before:?}"
            );
        }
    }
}
