//! Environment variables of every command.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::{EXPORT, text};

/// Every command with its subcommands, and what it is typed with so that it ends at once.
pub fn commands() -> Vec<(Vec<&'static str>, clap::Command)> {
    use clap::CommandFactory;
    let cli = logferry::cli::Cli::command();
    let letters = cli.find_subcommand("dead-letters").unwrap();
    let of_letters = letters.get_subcommands().map(|command| {
        let args: &[&str] = match command.get_name() {
            "list" => &["dead-letters", "list"],
            "show" => &["dead-letters", "show"],
            "replay" => &["dead-letters", "replay"],
            "drop" => &["dead-letters", "drop"],
            "redrive" => &["dead-letters", "redrive"],
            new => panic!("{new}: say how it is typed"),
        };
        (args.to_vec(), command.clone())
    });
    let others = cli
        .get_subcommands()
        .filter(|command| command.get_name() != "dead-letters");
    let named = others.map(|command| {
        let args: &[&str] = match command.get_name() {
            "worker" => &["worker"],
            "check" => &["check"],
            "ingest" => &["ingest", "-"],
            "replay" => &["replay", "-"],
            "export" => &["export"],
            "coverage" => &["coverage"],
            "setup" => &["setup"],
            "prune" => &["prune"],
            "search" => &["search"],
            "healthcheck" => &["healthcheck"],
            "completions" => &["completions", "bash"],
            "man" => &["man"],
            "serve" => &["serve"],
            "report" => &["report"],
            "explain" => &["explain", "--json", "-"],
            new => panic!("{new}: say how it is typed"),
        };
        (args.to_vec(), command.clone())
    });
    named.chain(of_letters).collect()
}

/// How many of the words name the command.
pub fn names(args: &[&str]) -> usize {
    if args[0] == "dead-letters" { 2 } else { 1 }
}

#[test]
fn an_empty_variable_is_as_good_as_an_unset_one() {
    use clap::CommandFactory;
    let global = logferry::cli::Cli::command();
    let run = |args: &[&str], variables: &[String]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_logferry"))
            .args(args)
            .env_clear()
            .envs(variables.iter().map(|name| (name, "")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A process that ends without reading closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(EXPORT.as_bytes());
        let output = child.wait_with_output().unwrap();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let mut tried = 0;
    for (args, command) in commands() {
        let unset = run(&args, &[]);
        let variables = command.get_arguments().chain(global.get_arguments());
        let variables = variables.filter_map(|arg| arg.get_env()?.to_str());
        let variables: Vec<String> = variables.map(str::to_owned).collect();
        for variable in &variables {
            let empty = run(&args, std::slice::from_ref(variable));
            assert_eq!(empty.0, unset.0, "{args:?}, {variable}: {}", empty.2);
            // Logs have times.
            if unset.0 != Some(0) {
                assert_eq!(empty, unset, "{args:?}, {variable}");
            }
            tried += 1;
        }
        assert_eq!(run(&args, &variables).0, unset.0, "{args:?}, all of them");
        let mut help = args[..names(&args)].to_vec();
        help.push("--help");
        let help = run(&help, &variables);
        assert_eq!(help.0, Some(0));
        for variable in &variables {
            assert!(
                help.1.contains(variable),
                "{args:?}: {variable} is not in the help"
            );
        }
    }
    assert!(tried > 60, "{tried}");
}

/// OpenTelemetry's variables are no flags: their page is written by hand.
#[test]
fn the_page_of_otlp_has_exactly_the_variables_that_are_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/otlp.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `OTEL_"));
    let mut documented: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect();
    let mut read = logferry::config::OTLP_VARIABLES;
    documented.sort_unstable();
    read.sort_unstable();
    assert_eq!(documented, read);
}
