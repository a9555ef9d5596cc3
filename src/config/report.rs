/*! Flags of `report` go in; a validated question comes out, or all mistakes at once. */

use jiff::{SignedDuration, Timestamp};

use crate::cli::{GroupByArg, ReportArgs, SortArg};
use crate::config::ConfigErrors;
use crate::search::Question;
use crate::search::report::{GroupBy, ReportQuestion, SortKey, Span};
use crate::sink::opensearch::OpenSearchConfig;

#[derive(Debug)]
pub struct ReportConfig {
    pub index: OpenSearchConfig,
    pub index_prefix: String,
    pub question: ReportQuestion,
    /// Most rows to show; `None` means no limit.
    pub limit: Option<usize>,
    pub json: bool,
}

/// Length of the span, unless `--since` or `--compare` tells.
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(24);
/// Most bars over time: a day has hours, a week quarters of days, a month days.
const MOST_BARS: u32 = 30;
const DEFAULT_LIMIT: usize = 20;
const MOST_ROWS: usize = 1000;

pub fn report(args: ReportArgs) -> Result<ReportConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let index = mistakes.opensearch(&args.index);
    let index_prefix = mistakes.index_prefix(&args.index.index_prefix);
    let question = mistakes.report_question(&args, Timestamp::now());
    let limit = mistakes.rows(&args);
    match (index, question) {
        (Some(index), Some(question)) if mistakes.0.is_empty() => Ok(ReportConfig {
            index,
            index_prefix,
            question,
            limit,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

impl ConfigErrors {
    fn report_question(&mut self, args: &ReportArgs, now: Timestamp) -> Option<ReportQuestion> {
        let text = args.text.join(" ");
        let text = (!text.trim().is_empty()).then_some(text);
        self.text(text.as_deref(), args.literal);
        if args.function.iter().any(|name| name.is_empty()) {
            self.0.push("--function: is empty".to_owned());
        }
        let filter = Question {
            text,
            literal: args.literal,
            functions: args.function.clone(),
            ..Question::default()
        };
        let (span, before) = self.spans(args, now)?;
        Some(ReportQuestion::new(
            filter,
            group_by(args.by),
            sort_key(args.sort),
            span,
            before,
            MOST_BARS,
        ))
    }

    /// The span, and the span to compare with.
    fn spans(&mut self, args: &ReportArgs, now: Timestamp) -> Option<(Span, Option<Span>)> {
        let compare = match &args.compare {
            Some(text) => Some((text, self.shift(text)?)),
            None => None,
        };
        let found = self.0.len();
        let range = self.time_range(args.since.as_deref(), args.until.as_deref(), None, now);
        if self.0.len() > found {
            return None;
        }
        let until = whole_milliseconds(range.until.unwrap_or(now));
        let length = compare.map_or(DEFAULT_SPAN, |(_, shift)| shift);
        let since = match range.since {
            Some(since) => whole_milliseconds(since.at(now)),
            None => until.checked_sub(length).unwrap_or(Timestamp::MIN),
        };
        let span = Span { since, until };
        if since >= until {
            let text = args.since.as_deref().unwrap_or_default();
            self.add(
                "--since",
                text,
                "is not before the end of the span: give an earlier time, or --until",
            );
            return None;
        }
        let Some((text, shift)) = compare else {
            return Some((span, None));
        };
        if shift < span.duration() {
            let length = humantime::format_duration(span.duration().unsigned_abs());
            let what = format!(
                "is shorter than the span ({length}), so the two would overlap: give a longer duration, or a later --since"
            );
            self.add("--compare", text, &what);
            return None;
        }
        let before = span.earlier(shift);
        if before.is_none() {
            self.add("--compare", text, "goes back too far");
        }
        Some((span, Some(before?)))
    }

    fn shift(&mut self, text: &str) -> Option<SignedDuration> {
        let shift = humantime::parse_duration(text.trim()).ok();
        let shift = shift.and_then(|shift| SignedDuration::try_from(shift).ok());
        let shift = shift.filter(|shift| shift.as_millis() > 0);
        if shift.is_none() {
            self.add("--compare", text, "is no duration, such as 1h, 24h or 7d");
        }
        shift
    }

    fn rows(&mut self, args: &ReportArgs) -> Option<usize> {
        match args.limit.as_deref() {
            None => (!args.json).then_some(DEFAULT_LIMIT),
            Some("all") => None,
            Some(value) => {
                let limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MOST_ROWS).contains(limit));
                if limit.is_none() {
                    let what = format!("is neither a number from 1 to {MOST_ROWS} nor all");
                    self.add("--limit", value, &what);
                }
                limit
            }
        }
    }
}

/// OpenSearch's times are whole milliseconds.
fn whole_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

fn group_by(by: GroupByArg) -> GroupBy {
    match by {
        GroupByArg::Function => GroupBy::Function,
        GroupByArg::Version => GroupBy::Version,
        GroupByArg::Error => GroupBy::Error,
        GroupByArg::Account => GroupBy::Account,
        GroupByArg::Region => GroupBy::Region,
    }
}

fn sort_key(sort: SortArg) -> SortKey {
    match sort {
        SortArg::Invocations => SortKey::Invocations,
        SortArg::Errors => SortKey::Errors,
        SortArg::ErrorRate => SortKey::ErrorRate,
        SortArg::Timeouts => SortKey::Timeouts,
        SortArg::Oom => SortKey::OutOfMemory,
        SortArg::Cold => SortKey::ColdStarts,
        SortArg::P50 => SortKey::P50,
        SortArg::P95 => SortKey::P95,
        SortArg::P99 => SortKey::P99,
        SortArg::Billed => SortKey::Billed,
        SortArg::Cost => SortKey::Cost,
        SortArg::Memory => SortKey::Memory,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00.123456Z".parse().unwrap()
    }

    fn args(flags: &[&str]) -> ReportArgs {
        let line = ["logferry", "report", "--opensearch-url", "http://os:9200"];
        match Cli::try_parse_from(line.iter().chain(flags))
            .unwrap()
            .command
        {
            Command::Report(args) => args,
            _ => unreachable!(),
        }
    }

    fn spans(flags: &[&str]) -> String {
        let mut mistakes = ConfigErrors::default();
        let shown = |span: Span| format!("{} to {}", span.since, span.until);
        match mistakes.spans(&args(flags), now()) {
            Some((span, None)) => shown(span),
            Some((span, Some(before))) => format!("{}, before {}", shown(span), shown(before)),
            None => mistakes.to_string(),
        }
    }

    #[test]
    fn spans_end_now_and_are_compared_with_as_long_a_span() {
        let mut shown = String::new();
        for flags in [
            &[][..],
            &["--since", "7d"],
            &["--until", "2026-11-23"],
            &["--since", "2026-11-23", "--until", "2026-11-23"],
            &["--compare", "24h"],
            &["--compare", "1h"],
            &["--since", "1h", "--compare", "1d"],
            &["--until", "2026-11-23", "--compare", "7d"],
            &["--since", "2d", "--compare", "1d"],
            &["--since", "2026-12-01"],
            &["--since", "1h", "--until", "2h"],
            &["--since", "yesterday", "--until", "10:00"],
            &["--compare", "0s"],
            &["--compare", "soon"],
            &["--compare", "9999y"],
        ] {
            shown.push_str(&format!("{}\n    {}\n", flags.join(" "), spans(flags)));
        }
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let wrong = [
            "--function",
            "",
            "--compare",
            "soon",
            "--limit",
            "0",
            "--literal",
            "--index-prefix",
            "A",
        ];
        insta::assert_snapshot!(report(args(&wrong)).unwrap_err());
    }

    #[test]
    fn json_has_all_rows_unless_told_otherwise() {
        for (flags, limit) in [
            (&[][..], Some(20)),
            (&["--json"], None),
            (&["--json", "--limit", "5"], Some(5)),
            (&["--limit", "all"], None),
        ] {
            assert_eq!(report(args(flags)).unwrap().limit, limit, "{flags:?}");
        }
    }
}
