//! A command of a page goes in; what is wrong with it comes out.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::markdown::root;

/// Every machine of a reader has them, and nothing depends on their flags here.
const ORDINARY: &[&str] = &[
    "cat",
    "cd",
    "cp",
    "curl",
    "cut",
    "date",
    "echo",
    "export",
    "find",
    "for",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "jq",
    "kill",
    "ls",
    "mkdir",
    "mv",
    "printf",
    "python3",
    "rm",
    "sed",
    "sha256sum",
    "sleep",
    "sort",
    "tail",
    "tar",
    "tee",
    "test",
    "uniq",
    "wc",
    "xargs",
    "zcat",
    "git",
    "rustup",
];

/// Words before a command that are none themselves.
const BEFORE: &[&str] = &[
    "do", "then", "else", "if", "while", "until", "!", "sudo", "nice", "time", "exec",
];
const ALONE: &[&str] = &["done", "fi", "…", "..."];

/// The command without assignments and words before it.
fn bare(words: &[String]) -> &[String] {
    let is_assignment = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let count = words
        .iter()
        .take_while(|word| is_assignment(word) || BEFORE.contains(&word.as_str()))
        .count();
    &words[count..]
}

/// `None`: a test holds that the command is right, or the page says which program it needs.
pub fn fault(words: &[String], needs: &[String]) -> Option<String> {
    if let Some(fault) = unknown_variable(words) {
        return Some(fault);
    }
    let words = bare(words);
    let program = words.first()?.as_str();
    let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match program {
        "logferry" => logferry(&rest),
        "make" => make(&rest),
        "cargo" => cargo(&rest),
        _ if ALONE.contains(&program) || ORDINARY.contains(&program) => None,
        _ if needs.iter().any(|named| named == program) => None,
        path if path.contains('/') => {
            (!root().join(path).exists()).then(|| format!("there is no {path}"))
        }
        _ => Some(format!(
            "no test runs {program}: no paragraph of its section begins with \"Needs:\" or \"You need\" and names it"
        )),
    }
}

/// Arguments as clap takes them. A word `…` stands for more of them.
fn logferry(words: &[&str]) -> Option<String> {
    let words = words.iter().filter(|word| **word != "…");
    let typed = std::iter::once(&"logferry").chain(words);
    match logferry::cli::definition().try_get_matches_from(typed) {
        Err(error) if error.use_stderr() => Some(error.to_string()),
        _ => None,
    }
}

/// As `logferry`, for a command in a sentence: it may be incomplete.
pub fn fault_in_a_sentence(words: &[String]) -> Option<String> {
    let (program, rest) = words.split_first()?;
    let whole = rest
        .iter()
        .all(|word| word.chars().all(|c| c != '…' && c != '|'));
    if program != "logferry" || !whole {
        return None;
    }
    let error = logferry::cli::definition()
        .try_get_matches_from(words)
        .err()?;
    let nothing = ContextValue::String(String::new());
    let wrong = match error.kind() {
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => true,
        // Without its value a flag is only incomplete.
        ErrorKind::InvalidValue => error.get(ContextKind::InvalidValue) != Some(&nothing),
        _ => false,
    };
    wrong.then(|| error.to_string())
}

/// A variable of logferry that no flag has. `make test` and scripts have variables of their own.
fn unknown_variable(words: &[String]) -> Option<String> {
    fn variables(command: &clap::Command, found: &mut Vec<String>) {
        let names = command.get_arguments().filter_map(|arg| arg.get_env());
        found.extend(names.map(|name| name.to_string_lossy().into_owned()));
        command
            .get_subcommands()
            .for_each(|inner| variables(inner, found));
    }
    if bare(words)
        .first()
        .is_some_and(|program| program != "logferry" && program != "export")
    {
        return None;
    }
    let mut known = Vec::new();
    variables(&logferry::cli::definition(), &mut known);
    words
        .iter()
        .filter_map(|word| Some(word.split_once('=')?.0))
        .find(|name| {
            name.starts_with("LOGFERRY_") && !known.iter().any(|variable| variable == name)
        })
        .map(|name| format!("no flag has the variable {name}"))
}

fn make(words: &[&str]) -> Option<String> {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    words
        .iter()
        .filter(|word| !word.contains('=') && !word.starts_with('-'))
        .find(|target| {
            !makefile
                .lines()
                .any(|line| line.starts_with(&format!("{target}:")))
        })
        .map(|target| format!("the Makefile has no target {target}"))
}

/// Tests, benches and examples that `cargo` is to run must exist; its own flags are not checked.
fn cargo(words: &[&str]) -> Option<String> {
    if let Some(("run", rest)) = words.split_first().map(|(first, rest)| (*first, rest))
        && let Some(at) = rest.iter().position(|word| *word == "--")
    {
        return logferry(&rest[at + 1..]);
    }
    let folders = [
        ("--test", "tests"),
        ("--bench", "benches"),
        ("--example", "examples"),
    ];
    words.windows(2).find_map(|pair| {
        let (_, folder) = folders.iter().find(|(flag, _)| *flag == pair[0])?;
        let folder = root().join(folder);
        let file = folder.join(format!("{}.rs", pair[1]));
        let nested = folder.join(pair[1]).join("main.rs");
        (!file.exists() && !nested.exists()).then(|| format!("there is no {} {}", pair[0], pair[1]))
    })
}
