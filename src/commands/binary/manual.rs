/*! `completions` and `man`: the command line's definition goes in; completions of a shell, or manual pages, come
out. */

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap_complete::Shell;

use crate::cli::{ShellArg, definition};

/// Prints the completions of a shell.
pub fn completions(shell: ShellArg) -> anyhow::Result<()> {
    let shell = match shell {
        ShellArg::Bash => Shell::Bash,
        ShellArg::Zsh => Shell::Zsh,
        ShellArg::Fish => Shell::Fish,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut definition(), "logferry", &mut text);
    print(&text)
}

/// Prints the manual page of logferry itself, or writes the pages of all commands into `folder`.
pub fn pages(folder: Option<&Path>) -> anyhow::Result<()> {
    let Some(folder) = folder else {
        let mut text = Vec::new();
        clap_mangen::Man::new(definition()).render(&mut text)?;
        return print(&text);
    };
    let failed = || format!("cannot write manual pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(definition(), folder).with_context(failed)
}

fn print(text: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        // `head` has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
