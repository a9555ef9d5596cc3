//! Commands in README.md, `docs` and `deploy`.

use std::path::Path;

use super::markdown::{Code, Page, pages};
use super::{programs, shell};

const SHELLS: &[&str] = &["sh", "bash", "shell", "console"];

/// The commands of a block. A block without a language is one of commands if it begins with a command or a prompt.
fn commands_of(block: &Code) -> Vec<Vec<String>> {
    let prompted: Vec<_> = block
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .collect();
    if !prompted.is_empty() {
        return shell::commands(&prompted.join("\n"));
    }
    let commands = shell::commands(&block.text);
    let known = [
        "logferry",
        "make",
        "cargo",
        "export",
        "aws",
        "docker",
        "helm",
        "kubectl",
        "terraform",
    ];
    let is_shell = match &block.language {
        Some(language) => SHELLS.contains(&language.as_str()),
        None => {
            let first = commands.first().and_then(|words| words.first());
            first.is_some_and(|word| known.contains(&word.as_str()))
        }
    };
    if is_shell { commands } else { Vec::new() }
}

fn has_commands(page: &Page) -> bool {
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md"];
    let decision = page.path.starts_with("docs/decisions");
    (page.path.starts_with("docs") && !decision)
        || page.path.starts_with("deploy")
        || top.iter().any(|name| page.path == Path::new(name))
}

fn faults_of(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    let mut tell = |line: usize, words: &[String], fault: String| {
        let command = words.join(" ");
        faults.push(format!(
            "{}:{line}: {command}: {}",
            page.path.display(),
            fault.trim()
        ));
    };
    for block in &page.blocks {
        for words in commands_of(block) {
            if let Some(fault) = programs::fault(&words, &block.needs) {
                tell(block.line, &words, fault);
            }
        }
    }
    for code in page
        .inline
        .iter()
        .filter(|code| code.text.starts_with("logferry "))
    {
        for words in shell::commands(&code.text) {
            if let Some(fault) = programs::fault_in_a_sentence(&words) {
                tell(code.line, &words, fault);
            }
        }
    }
    faults
}

#[test]
fn every_command_in_the_pages_exists_or_says_what_it_needs() {
    let pages = pages();
    let read: Vec<_> = pages.iter().filter(|page| has_commands(page)).collect();
    let commands = read
        .iter()
        .flat_map(|page| &page.blocks)
        .flat_map(commands_of);
    let of_logferry = commands.filter(|words| words.iter().any(|word| word == "logferry"));
    assert!(
        of_logferry.count() > 30,
        "the pages have commands, and they are found"
    );
    let faults: Vec<_> = read.into_iter().flat_map(faults_of).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn wrong_commands_are_found() {
    let text = "\
Needs: `aws`.

Ask `logferry setup --dry-run`, `logferry dead-letters`, `logferry setup --codec` or `logferry replay …`.

    logferry worker --queue-url URL   # right
    LOGFERRY_QUEUE_URL=URL logferry worker
    aws s3 ls
    make test

Never `logferry stroll`, `logferry setup --sideways` or `logferry setup --codec snail`.

    logferry worker --queue-uri URL
    logferry setup --codec snail
    LOGFERRY_QUEUE_URI=URL logferry worker
    helm install
    make tea
    cargo test --test nothing
    stack/nothing run
";
    let page = super::markdown::page(Path::new("docs/a.md"), text);
    let faults = faults_of(&page);
    let wrong = [
        "docs/a.md:12: logferry worker --queue-uri",
        "docs/a.md:12: logferry setup --codec snail",
        "docs/a.md:12: LOGFERRY_QUEUE_URI=",
        "docs/a.md:12: helm install: no test runs helm",
        "docs/a.md:12: make tea: the Makefile has no target tea",
        "docs/a.md:12: cargo test --test nothing: there is no --test nothing",
        "docs/a.md:12: stack/nothing run: there is no stack/nothing",
        "docs/a.md:10: logferry stroll",
        "docs/a.md:10: logferry setup --sideways",
        "docs/a.md:10: logferry setup --codec snail",
    ];
    assert_eq!(faults.len(), wrong.len(), "{faults:#?}");
    for (fault, wrong) in faults.iter().zip(wrong) {
        assert!(fault.starts_with(wrong), "{fault}\nis not {wrong}");
    }
}
