/*! Flags of `dead-letters` go in; the configuration of each subcommand, or the mistakes, come out. */

use std::time::Duration;

use crate::cli::{
    DropArgs, KindArg, ListArgs, PathStyle, RedriveArgs, ReplayLettersArgs, SelectArgs, ShowArgs,
    StoreArgs,
};
use crate::config::ConfigErrors;
use crate::pipeline::{PipelineConfig, ReadConfig, ReceiveConfig};
use crate::sink::dead_letters::DeadLetterTarget;
use crate::sink::opensearch::OpenSearchConfig;
use logferry_core::dead_letter::DeadLetter;

/// The store of letters.
#[derive(Debug)]
pub struct LetterStoreConfig {
    /// As given.
    pub name: String,
    pub target: DeadLetterTarget,
    pub path_style: PathStyle,
    /// There is one if the store is an index.
    pub index: Option<OpenSearchConfig>,
}

/// Which letters a command is about. All conditions must apply.
#[derive(Debug, Clone, Default)]
pub struct LetterSelection {
    /// In lower case.
    pub reason: Option<String>,
    /// A name, or the beginning of names with `*` behind it.
    pub index: Option<String>,
    pub kind: Option<&'static str>,
    pub older_than: Option<Duration>,
}

#[derive(Debug)]
pub struct ListLettersConfig {
    pub store: LetterStoreConfig,
    pub selection: LetterSelection,
    pub json: bool,
}

#[derive(Debug)]
pub struct ShowLetterConfig {
    pub store: LetterStoreConfig,
    pub selection: LetterSelection,
    pub id: Option<String>,
    pub json: bool,
}

#[derive(Debug)]
pub struct ReplayLettersConfig {
    pub store: LetterStoreConfig,
    pub selection: LetterSelection,
    pub index: OpenSearchConfig,
    pub expected_owner: Option<String>,
    pub setup: bool,
    pub pipeline: PipelineConfig,
    pub dry_run: bool,
    pub json: bool,
}

#[derive(Debug)]
pub struct DropLettersConfig {
    pub store: LetterStoreConfig,
    pub selection: LetterSelection,
    pub yes: bool,
    pub dry_run: bool,
    pub json: bool,
}

#[derive(Debug)]
pub struct RedriveConfig {
    pub queue_url: String,
    /// Messages in a second.
    pub rate: Option<i32>,
    pub cancel: bool,
    pub dry_run: bool,
    pub json: bool,
}

/// Bulks of a replay are tried this often at the most: a person waits for the result and can run it again.
const ATTEMPTS: usize = 8;

pub fn list_letters(args: ListArgs) -> Result<ListLettersConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let store = mistakes.letter_store(&args.store);
    let selection = mistakes.letter_selection(args.select);
    match store {
        Some(store) if mistakes.0.is_empty() => Ok(ListLettersConfig {
            store,
            selection,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

pub fn show_letter(args: ShowArgs) -> Result<ShowLetterConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let store = mistakes.letter_store(&args.store);
    let selection = mistakes.letter_selection(args.select);
    match store {
        Some(store) if mistakes.0.is_empty() => Ok(ShowLetterConfig {
            store,
            selection,
            id: args.id,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

pub fn replay_letters(args: ReplayLettersArgs) -> Result<ReplayLettersConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let store = mistakes.letter_target(&args.store);
    let selection = mistakes.letter_selection(args.select);
    let index = mistakes.opensearch(&args.store.index);
    let pipeline = mistakes.pipeline(args.pipeline, &args.store.index);
    let allowed_buckets = mistakes.allowed_buckets(args.allow_bucket);
    mistakes.bucket_owner(args.expected_bucket_owner.as_deref());
    match (store, index, pipeline) {
        (Some(mut store), Some(index), Some(mut pipeline)) if mistakes.0.is_empty() => {
            store.index = Some(index.clone());
            pipeline.bulk.attempts = pipeline.bulk.attempts.min(ATTEMPTS);
            Ok(ReplayLettersConfig {
                store,
                selection,
                index,
                expected_owner: args.expected_bucket_owner,
                setup: args.start.setup,
                pipeline: PipelineConfig {
                    receive: ReceiveConfig {
                        until_empty: Some(Duration::ZERO),
                        ..pipeline.receive
                    },
                    read: ReadConfig {
                        allowed_buckets,
                        ..pipeline.read
                    },
                    ..pipeline
                },
                dry_run: args.dry_run,
                json: args.json,
            })
        }
        _ => Err(mistakes),
    }
}

pub fn drop_letters(args: DropArgs) -> Result<DropLettersConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let store = mistakes.letter_store(&args.store);
    let SelectArgs {
        reason,
        only_index,
        kind,
        older_than,
    } = &args.select;
    let selects =
        reason.is_some() || only_index.is_some() || kind.is_some() || older_than.is_some();
    if selects == args.all {
        mistakes.0.push(
            "--reason, --index, --kind, --older-than: give one or more, or --all to drop every letter"
                .to_owned(),
        );
    }
    let selection = mistakes.letter_selection(args.select);
    if args.json && !args.yes && !args.dry_run {
        mistakes.0.push(
            "--json: give --yes to drop, or --dry-run to see what: it asks nobody".to_owned(),
        );
    }
    match store {
        Some(store) if mistakes.0.is_empty() => Ok(DropLettersConfig {
            store,
            selection,
            yes: args.yes,
            dry_run: args.dry_run,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

pub fn redrive(args: RedriveArgs) -> Result<RedriveConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let queue_url = mistakes.queue_url(args.queue_url.as_deref());
    let rate = args.rate.and_then(|rate| {
        let rate = mistakes.count("--rate", &rate, 1, 500)?;
        i32::try_from(rate).ok()
    });
    match queue_url {
        Some(queue_url) if mistakes.0.is_empty() => Ok(RedriveConfig {
            queue_url,
            rate,
            cancel: args.cancel,
            dry_run: args.dry_run,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

impl ConfigErrors {
    /// The store, with the access to OpenSearch if it is an index.
    fn letter_store(&mut self, args: &StoreArgs) -> Option<LetterStoreConfig> {
        let mut store = self.letter_target(args)?;
        if matches!(store.target, DeadLetterTarget::Index(_)) {
            store.index = Some(self.opensearch(&args.index)?);
        }
        Some(store)
    }

    fn letter_target(&mut self, args: &StoreArgs) -> Option<LetterStoreConfig> {
        let Some(target) = self.dead_letters(args.dead_letters.as_deref())? else {
            self.0.push(
                "--dead-letters: give the store of the worker: s3://bucket/prefix, file:///folder or \
                 opensearch:index (or set LOGFERRY_DEAD_LETTERS)"
                    .to_owned(),
            );
            return None;
        };
        Some(LetterStoreConfig {
            name: args.dead_letters.clone().unwrap_or_default(),
            target,
            path_style: args.s3.s3_path_style,
            index: None,
        })
    }

    fn letter_selection(&mut self, args: SelectArgs) -> LetterSelection {
        let older_than = args.older_than.and_then(|text| {
            let age = humantime::parse_duration(&text).ok();
            if age.is_none() {
                self.add("--older-than", &text, "is no duration, such as 12h or 30d");
            }
            age
        });
        LetterSelection {
            // A narrow table cuts reasons.
            reason: (args.reason).map(|text| text.trim_end_matches('…').trim_end().to_lowercase()),
            index: args.only_index,
            kind: args.kind.map(|kind| match kind {
                KindArg::Document => DeadLetter::DOCUMENT,
                KindArg::Object => DeadLetter::OBJECT,
            }),
            older_than,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, DeadLettersCommand};
    use clap::Parser;

    fn mistakes(line: &str) -> String {
        let command = match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::DeadLetters(command) => command,
            _ => unreachable!(),
        };
        let result = match command {
            DeadLettersCommand::List(args) => list_letters(args).map(drop),
            DeadLettersCommand::Show(args) => show_letter(args).map(drop),
            DeadLettersCommand::Replay(args) => replay_letters(*args).map(drop),
            DeadLettersCommand::Drop(args) => drop_letters(args).map(drop),
            DeadLettersCommand::Redrive(args) => redrive(args).map(drop),
        };
        result.err().map_or_else(String::new, |e| e.to_string())
    }

    #[test]
    fn each_command_says_what_is_missing() {
        for (line, expected) in [
            ("list --dead-letters file:///l", ""),
            ("list", "--dead-letters: give the store"),
            ("show --dead-letters ftp://x", "is none of s3://"),
            ("list --dead-letters opensearch:dead", "--opensearch-url"),
            ("replay --dead-letters file:///l", "--opensearch-url"),
            ("replay --dead-letters opensearch:dead", "--opensearch-url"),
            (
                "drop --dead-letters file:///l",
                "give one or more, or --all",
            ),
            (
                "drop --dead-letters file:///l --all --kind object",
                "give one or more, or --all",
            ),
            ("drop --dead-letters file:///l --all", ""),
            ("drop --dead-letters file:///l --older-than 30d", ""),
            (
                "drop --dead-letters file:///l --older-than old",
                "is no duration",
            ),
            (
                "drop --dead-letters file:///l --all --json",
                "--json: give --yes",
            ),
            ("redrive", "--queue-url"),
            (
                "redrive --queue-url http://q/1/logs --rate 501",
                "from 1 to 500",
            ),
            ("redrive --queue-url http://q/1/logs", ""),
        ] {
            let mistakes = mistakes(&format!("logferry dead-letters {line}"));
            assert_eq!(
                mistakes.lines().count(),
                usize::from(!expected.is_empty()),
                "{line}: {mistakes}"
            );
            assert!(mistakes.contains(expected), "{line}: {mistakes}");
        }
    }
}
