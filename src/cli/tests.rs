//! Rules of `--help` and of environment variables.

use clap::{Arg, Command, CommandFactory};

use crate::cli::Cli;

/// Calls `check` for each visible flag of each command, with the command's name.
fn each_flag(command: &Command, check: &mut impl FnMut(&str, &Arg)) {
    for arg in command.get_arguments() {
        let of_clap = ["help", "version"].contains(&arg.get_id().as_str());
        if !arg.is_positional() && !arg.is_hide_set() && !of_clap {
            check(command.get_name(), arg);
        }
    }
    for inner in command.get_subcommands() {
        each_flag(inner, check);
    }
}

#[test]
fn every_flag_has_a_group_and_a_short_first_line() {
    let mut flags = 0;
    each_flag(&Cli::command(), &mut |command, arg| {
        let name = format!("{command} --{}", arg.get_id());
        assert!(arg.get_help_heading().is_some(), "{name} is in no group");
        let help = arg.get_help().expect(&name).to_string();
        assert!(help.chars().count() < 80, "{name}: {help}");
        assert!(
            !help.contains('\n') && !help.ends_with('.'),
            "{name}: {help}"
        );
        flags += 1;
    });
    assert!(flags > 60, "{flags}");
}

#[test]
fn every_command_and_argument_has_a_short_first_line() {
    fn check(command: &Command) {
        let name = command.get_name();
        let about = command.get_about().expect(name).to_string();
        assert!(about.chars().count() < 80, "{name}: {about}");
        for arg in command.get_positionals() {
            let help = arg.get_help().expect(name).to_string();
            assert!(help.chars().count() < 80, "{name}: {help}");
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn every_flag_of_worker_ingest_and_setup_has_its_variable() {
    // They belong to one run, not to an environment.
    let without = ["to", "dry_run", "json", "force", "print_api_key"];
    each_flag(&Cli::command(), &mut |command, arg| {
        let id = arg.get_id().as_str();
        if !["worker", "ingest", "setup"].contains(&command) || without.contains(&id) {
            return;
        }
        let variable = arg.get_env().and_then(|name| name.to_str());
        let expected = format!("LOGFERRY_{}", id.to_uppercase());
        assert_eq!(variable, Some(&*expected), "{command} --{id}");
    });
}

#[test]
fn long_help_says_more_than_short_help() {
    let mut command = Cli::command();
    let worker = command.find_subcommand_mut("worker").expect("worker");
    let short = worker.render_help().to_string();
    let long = worker.render_long_help().to_string();
    let long = long.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = "Buckets of other regions are read through AWS_REGION.";
    assert!(!short.contains(sentence), "{short}");
    assert!(long.contains(sentence), "{long}");
    for heading in ["Queue:", "Objects:", "OpenSearch:", "Limits:", "Serving:"] {
        assert!(short.contains(heading), "{heading}");
    }
}
