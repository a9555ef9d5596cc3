//! docs/reference.md: every command and flag, generated from the definition of the command line.

use std::fmt::Write;

use clap::{Arg, Command};

use crate::{generated_page, logferry as run, text};

/// One cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn row(arg: &Arg, out: &mut String) {
    let value = arg.get_value_names().map(|names| {
        let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
        names.join(" ")
    });
    let takes_value = arg.get_action().takes_values();
    let name = match (arg.get_long(), value.filter(|_| takes_value)) {
        (Some(long), Some(value)) => format!("`--{long} {value}`"),
        (Some(long), None) => format!("`--{long}`"),
        (None, value) => format!("`{}`", value.unwrap_or_default()),
    };
    let variable = arg
        .get_env()
        .map(|name| format!("`{}`", name.to_str().unwrap()));
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    let default = match (takes_value, defaults.join(",")) {
        (true, default) if !default.is_empty() => format!("`{default}`"),
        _ => String::new(),
    };
    let help = arg.get_long_help().or(arg.get_help()).unwrap().to_string();
    let (name, help) = (
        cell(&name),
        cell(&help.replace("\n\n", ". ").replace("..", ".")),
    );
    writeln!(
        out,
        "| {name} | {} | {default} | {help} |",
        variable.unwrap_or_default()
    )
    .unwrap();
}

fn section(command: &Command, path: &str, out: &mut String) {
    let about = command.get_about().unwrap();
    writeln!(out, "\n## {path}\n{about}.").unwrap();
    let of_clap = ["help", "version", "log"];
    let args: Vec<_> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !of_clap.contains(&arg.get_id().as_str()))
        .collect();
    if !args.is_empty() {
        out.push_str("\n| argument | variable | default | meaning |\n|---|---|---|---|\n");
        args.into_iter().for_each(|arg| row(arg, out));
    }
    for inner in command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
    {
        section(inner, &format!("{path} {}", inner.get_name()), out);
    }
}

#[test]
fn the_reference_has_every_command_and_flag() {
    let mut page = String::from(
        "# Reference\n\nEvery command, argument and environment variable. A test generates this page from the code.\n\
         Every command takes `--log FILTER` (`LOGFERRY_LOG`) too. An empty variable counts as unset.\n",
    );
    for command in logferry::cli::definition().get_subcommands() {
        section(
            command,
            &format!("logferry {}", command.get_name()),
            &mut page,
        );
    }
    generated_page::assert_up_to_date("docs/reference.md", &page, "the command line", "cli");
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let commands: Vec<_> = logferry::cli::definition()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    for shell in ["bash", "zsh", "fish"] {
        let printed = run(&["completions", shell], b"");
        assert!(printed.status.success());
        let printed = text(&printed.stdout);
        for command in &commands {
            assert!(printed.contains(command.as_str()), "{shell}: {command}");
        }
        assert!(printed.contains("queue-url"), "{shell}");
    }
    let printed = run(&["man"], b"");
    assert!(text(&printed.stdout).starts_with(".ie"), "roff");
    let folder = tempfile::tempdir().unwrap();
    assert!(
        run(&["man", folder.path().to_str().unwrap()], b"")
            .status
            .success()
    );
    for command in &commands {
        let page = folder.path().join(format!("logferry-{command}.1"));
        let page = std::fs::read_to_string(&page).unwrap();
        assert!(page.contains(&command.replace('-', "\\-")), "{command}");
    }
}

/// bash reads the completions without a complaint, and completes a flag.
#[test]
fn bash_completes_a_flag() {
    let script = text(&run(&["completions", "bash"], b"").stdout);
    let asked = "COMP_WORDS=(logferry worker --queue); COMP_CWORD=2; _logferry logferry --queue worker; echo \"${COMPREPLY[@]}\"";
    let out = std::process::Command::new("bash")
        .args(["-euc", &format!("{script}\n{asked}")])
        .output()
        .unwrap();
    assert_eq!(
        text(&out.stdout).trim(),
        "--queue-url",
        "{}",
        text(&out.stderr)
    );
}
