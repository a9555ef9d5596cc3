/*! The text of the project's Rust files, and what of it is code. */

use std::path::{Path, PathBuf};

/// The Rust files below a folder of the project, with their text, in the order of their paths.
pub fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![project.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(project).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!files.is_empty());
    files.sort();
    files
}

pub fn is_test(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// Each line, and whether it is one of a comment.
fn marked_lines(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut in_block = false;
    text.lines().map(move |line| {
        let start = line.trim_start();
        in_block |= start.starts_with("/*");
        let comment = in_block || start.starts_with("//");
        in_block &= !line.contains("*/");
        (comment, line)
    })
}

/// Code without its unit tests and without comments.
pub fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut code = String::new();
    for (comment, line) in marked_lines(text) {
        if !comment {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

pub fn is_comment_over(text: &str, columns: usize) -> bool {
    marked_lines(text).any(|(comment, line)| comment && line.chars().count() > columns)
}

/// Whether there are only documentation, attributes, `mod` and `use`.
pub fn is_declarations(text: &str) -> bool {
    let code = code(text);
    let mut statements = code.split(';').map(|statement| {
        let lines = statement.lines().map(str::trim);
        lines
            .filter(|line| !line.starts_with('#'))
            .collect::<String>()
    });
    statements.all(|statement| {
        let statement = statement
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub ");
        statement.is_empty() || statement.starts_with("mod ") || statement.starts_with("use ")
    })
}
