/*! Flags of `search` go in; a validated question comes out, or all mistakes at once. */

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::SearchArgs;
use crate::config::ConfigErrors;
use crate::search::{Question, Since, TimeRange, View, text_mistake};
use crate::sink::opensearch::OpenSearchConfig;

#[derive(Debug)]
pub struct SearchConfig {
    pub index: OpenSearchConfig,
    pub index_prefix: String,
    pub question: Question,
    pub json: bool,
}

/// Default of `--since` with `--follow`: how late a line may be.
const FOLLOW_SINCE: Duration = Duration::from_secs(15 * 60);

pub fn search(args: SearchArgs) -> Result<SearchConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let index = mistakes.opensearch(&args.index);
    let index_prefix = mistakes.index_prefix(&args.index.index_prefix);
    let question = mistakes.question(&args, Timestamp::now());
    match index {
        Some(index) if mistakes.0.is_empty() => Ok(SearchConfig {
            index,
            index_prefix,
            question,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

impl ConfigErrors {
    fn question(&mut self, args: &SearchArgs, now: Timestamp) -> Question {
        let given = |value: &Option<String>| {
            let value = value.as_deref().map(str::trim);
            value.filter(|v| !v.is_empty()).map(str::to_owned)
        };
        let text = args.text.join(" ");
        let text = (!text.trim().is_empty()).then_some(text);
        let names_requests =
            args.request_id.is_some() || args.trace.is_some() || args.execution.is_some();
        let filtered = args.errors || text.is_some();
        let view = if args.follow {
            View::Follow
        } else if args.slowest {
            View::Slowest
        } else if args.cold_starts {
            View::ColdStarts
        } else if names_requests && !filtered {
            View::Timeline
        } else {
            View::Lines
        };
        self.combinations(args, view);
        self.text(text.as_deref(), args.literal);
        Question {
            view,
            text,
            literal: args.literal,
            request_id: given(&args.request_id),
            trace_id: given(&args.trace),
            execution: given(&args.execution),
            functions: args.function.clone(),
            errors: args.errors,
            cold_starts: args.cold_starts,
            range: self.range(args, now),
            limit: self.limit(args.limit.as_deref(), view),
            ..Question::default()
        }
    }

    /// Refuses flags that contradict each other.
    fn combinations(&mut self, args: &SearchArgs, view: View) {
        let invocations = args.slowest || args.cold_starts;
        let mut refuse = |wrong: bool, sentence: &str| {
            if wrong {
                self.0.push(sentence.to_owned());
            }
        };
        for (name, value) in [
            ("--request-id", &args.request_id),
            ("--trace", &args.trace),
            ("--execution", &args.execution),
        ] {
            let empty = value.as_deref().is_some_and(|v| v.trim().is_empty());
            refuse(empty, &format!("{name}: is empty"));
        }
        refuse(
            args.function.iter().any(|name| name.is_empty()),
            "--function: is empty",
        );
        refuse(
            args.request_id.is_some() && args.trace.is_some(),
            "--request-id and --trace both name what to show: give one of them",
        );
        refuse(
            args.execution.is_some() && (args.request_id.is_some() || args.trace.is_some()),
            "--execution names what to show, as --request-id and --trace do: give one of them",
        );
        refuse(
            args.request_id.is_some() && invocations,
            "--request-id names one request, --slowest and --cold-starts list many: leave one out",
        );
        refuse(
            args.follow && invocations,
            "--follow prints lines as they arrive, --slowest and --cold-starts sort invocations: leave one out",
        );
        refuse(
            args.follow && args.until.is_some(),
            "--follow has no end: leave --until out",
        );
        refuse(
            args.execution.is_some() && matches!(view, View::Lines | View::Follow),
            "--execution shows whole invocations: leave out TEXT, --errors and --follow",
        );
        refuse(
            args.trace.is_some() && matches!(view, View::Lines | View::Follow),
            "--trace shows whole invocations: leave out TEXT, --errors and --follow, or use --request-id with them",
        );
    }

    pub(super) fn text(&mut self, text: Option<&str>, literal: bool) {
        let Some(text) = text else {
            if literal {
                self.0
                    .push("--literal: give the TEXT to search for".to_owned());
            }
            return;
        };
        if let Some(mistake) = text_mistake(text, literal) {
            self.0.push(format!("TEXT: {mistake}"));
        }
    }

    fn range(&mut self, args: &SearchArgs, now: Timestamp) -> TimeRange {
        let default = args.follow.then_some(Since::Ago(FOLLOW_SINCE));
        self.time_range(args.since.as_deref(), args.until.as_deref(), default, now)
    }

    fn limit(&mut self, value: Option<&str>, view: View) -> Option<usize> {
        match (value, view) {
            (None, View::Lines) => Some(50),
            (None, View::Follow) => Some(10),
            (None, View::Slowest | View::ColdStarts) => Some(20),
            (None, View::Timeline) | (Some("all"), _) => None,
            (Some(value), _) => match value.parse() {
                Ok(limit) if limit > 0 || view == View::Follow => Some(limit),
                _ => {
                    self.add("--limit", value, "is neither a number from 1 nor all");
                    None
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn question(flags: &[&str]) -> Result<Question, String> {
        let line = ["logferry", "search", "--opensearch-url", "http://os:9200"];
        let Command::Search(args) = Cli::try_parse_from(line.iter().chain(flags))
            .unwrap()
            .command
        else {
            unreachable!()
        };
        search(args)
            .map(|config| config.question)
            .map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn views() {
        for (flags, view, limit) in [
            (&[][..], View::Lines, Some(50)),
            (&["--errors"], View::Lines, Some(50)),
            (&["--errors", "--limit", "all"], View::Lines, None),
            (&["--request-id", "a"], View::Timeline, None),
            (&["--trace", "1-a"], View::Timeline, None),
            (&["--execution", "order-1"], View::Timeline, None),
            (
                &["--slowest", "--execution", "order-1"],
                View::Slowest,
                Some(20),
            ),
            (&["--request-id", "a", "--errors"], View::Lines, Some(50)),
            (&["--request-id", "a", "word"], View::Lines, Some(50)),
            (&["--slowest", "--errors"], View::Slowest, Some(20)),
            (
                &["--cold-starts", "--trace", "1-a"],
                View::ColdStarts,
                Some(20),
            ),
            (&["--slowest", "--cold-starts"], View::Slowest, Some(20)),
            (&["-f", "--request-id", "a"], View::Follow, Some(10)),
            (&["-f", "--limit", "0"], View::Follow, Some(0)),
        ] {
            let question = question(flags).unwrap();
            assert_eq!((question.view, question.limit), (view, limit), "{flags:?}");
        }
        let words = question(&["payment", "declined"]).unwrap();
        assert_eq!(words.text.as_deref(), Some("payment declined"));
    }

    #[test]
    fn questions_without_sense_are_refused_in_a_sentence() {
        let mut sentences = String::new();
        for flags in [
            &["--request-id", "a", "--trace", "b"][..],
            &["--request-id", "a", "--slowest"],
            &["--follow", "--cold-starts"],
            &["--follow", "--until", "1h"],
            &["--trace", "a", "--errors"],
            &["--trace", "a", "word"],
            &["--request-id", " "],
            &["--execution", ""],
            &["--execution", "a", "--trace", "b"],
            &["--execution", "a", "--errors"],
            &["--execution", "a", "--follow"],
            &["--function", ""],
            &["--since", "yesterday"],
            &["--until", "2026-11-32"],
            &["--since", "1h", "--until", "2h"],
            &["--since", "2026-11-24", "--until", "2026-11-23"],
            &["--limit", "0"],
            &["--limit", "many"],
            &["--literal"],
            &["--literal", "[*]"],
            &["--", "---", "()"],
        ] {
            sentences.push_str(&format!(
                "{}\n    {}\n",
                flags.join(" "),
                question(flags).unwrap_err()
            ));
        }
        insta::assert_snapshot!(sentences);
    }
}
