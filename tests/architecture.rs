/*! The rules of ARCHITECTURE.md that a compiler does not hold. */

use std::path::{Path, PathBuf};

/// Rust files below a folder of the project, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let inside = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                found.push((inside.to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// Code without its unit tests and without comments.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let mut code = String::new();
    let mut in_comment = false;
    for line in text.lines() {
        in_comment |= line.trim_start().starts_with("/*");
        if !in_comment && !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
        in_comment &= !line.contains("*/");
    }
    code
}

fn is_test(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// Lines of code below `src` that contain a word although they stand outside of the places that may have it.
fn offenders(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut offenders = Vec::new();
    for (path, text) in sources("src") {
        let allowed = allowed
            .iter()
            .any(|a| path.starts_with(Path::new("src").join(a)));
        if allowed || is_test(&path) {
            continue;
        }
        for line in code(&text).lines() {
            if words.iter().any(|w| line.contains(w)) {
                offenders.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    offenders
}

const PURE: [&str; 6] = [
    "notification",
    "decode",
    "lambda",
    "invocation",
    "document",
    "bulk",
];

#[test]
fn pure_modules_do_no_io() {
    for (path, text) in sources("src") {
        let name = path
            .components()
            .nth(1)
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .replace(".rs", "");
        if !PURE.contains(&name.as_str()) || is_test(&path) {
            continue;
        }
        for word in [
            "tokio",
            "std::io",
            "std::fs",
            "std::net",
            "std::env::",
            "std::time",
            "crate::source",
            "crate::sink",
            "crate::pipeline",
            "tracing::",
        ] {
            assert!(
                !code(&text).contains(word),
                "{}: {word} in a pure module",
                path.display()
            );
        }
    }
}

#[test]
fn the_pipeline_knows_only_the_traits() {
    for word in ["sqs", "s3::", "local::", "opensearch", "ndjson"] {
        for (path, text) in sources("src/pipeline") {
            assert!(!code(&text).contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn libraries_stay_in_their_places() {
    let none: Vec<String> = Vec::new();
    assert_eq!(
        offenders(
            &["aws_config", "aws_sdk", "aws_smithy", "aws_credential"],
            &[
                "source",
                // Credentials for signed requests, and nothing else.
                "sink/opensearch/aws.rs",
                "sink/dead_letter",
                "sink/dead_letter.rs",
                "commands"
            ]
        ),
        none
    );
    assert_eq!(offenders(&["opensearch::"], &["sink", "commands"]), none);
    assert_eq!(
        offenders(&["async_compression"], &["source/unpack/members.rs"]),
        none
    );
    assert_eq!(offenders(&["anyhow"], &["commands", "main.rs"]), none);
    assert_eq!(offenders(&["indicatif"], &["commands"]), none);
    assert_eq!(offenders(&["backon", "fastrand"], &["retry.rs"]), none);
}

#[test]
fn nothing_panics_for_convenience() {
    let none: Vec<String> = Vec::new();
    assert_eq!(
        offenders(
            &[
                ".unwrap()",
                "panic!(",
                "todo!(",
                "unimplemented!(",
                "macro_rules!"
            ],
            &[]
        ),
        none
    );
}

#[test]
fn main_is_thin_and_files_do_one_thing() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        let most = if path.ends_with("main.rs") && path.starts_with("src") {
            40
        } else {
            450
        };
        let lines = text.lines().count();
        assert!(
            lines <= most,
            "{} has {lines} lines, more than {most}",
            path.display()
        );
        let name = path.file_stem().unwrap().to_string_lossy();
        assert!(
            !["util", "utils", "helpers", "common", "misc"].contains(&&*name),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_project_stands_alone() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        let outside = concat!("../", "shared");
        assert!(
            !text.contains(outside),
            "{} reads outside of the project",
            path.display()
        );
    }
}
