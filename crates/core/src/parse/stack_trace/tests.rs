//! Errors of every runtime, prose, and the cost of the search.

use crate::parse::stack_trace::*;

fn read(text: &str) -> Option<(String, String)> {
    let error = find(text)?;
    Some((
        error.kind?.into_owned(),
        error.message.unwrap_or_default().into_owned(),
    ))
}

#[test]
fn errors_of_every_runtime_are_found() {
    for (text, kind, message) in [
        (
            "TypeError: x is no y\n    at f (/a.js:1:2)",
            "TypeError",
            "x is no y",
        ),
        ("Error [ERR_X]: boom\n    at /a.js:1:2", "Error", "boom"),
        (
            "failed: Error: boom\n    at async f (/a.js:1:2)",
            "Error",
            "boom",
        ),
        (
            "java.lang.Throwable: Demo\n\tat a.B.c(B.java:3)\nCaused by: java.io.X: y",
            "java.lang.Throwable",
            "Demo",
        ),
        (
            "Exception in thread \"main\" java.lang.OutOfMemoryError: heap",
            "java.lang.OutOfMemoryError",
            "heap",
        ),
        (
            "com.a.B: one\ntwo\n\tat a.B.c(B.java:3)",
            "com.a.B",
            "one\ntwo",
        ),
        (
            "System.AggregateException: many\n ---> System.Exception: one\n   at A.B() in /a.cs:line 3",
            "System.AggregateException",
            "many",
        ),
        (
            "System.ApplicationException: You failed\n---> System.ArgumentException: input\nat A.B() in /a.cs:line 3",
            "System.ApplicationException",
            "You failed",
        ),
        (
            "Unhandled Exception: System.TypeInitializationException: of A ---> System.Exception: x\n   at A.B() in /a.cs:line 3",
            "System.TypeInitializationException",
            "of A",
        ),
        (
            "Unhandled Exception: System.TypeInitializationException: of A ---> System.Exception: x",
            "System.TypeInitializationException",
            "of A",
        ),
        (
            "Unhandled exception. System.InvalidOperationException: a ---> b\n   at A.B()",
            "System.InvalidOperationException",
            "a ---> b",
        ),
        (
            "in JSON: java.lang.RuntimeException\njava.lang.RuntimeException: in JSON\nCaused by: java.io.X: y\n\tat a.B.c(B.java:3)",
            "java.lang.RuntimeException",
            "in JSON",
        ),
        (
            "Caused by: java.io.UncheckedIOException: x\n\tat a.B.c(B.java:3)",
            "java.io.UncheckedIOException",
            "x",
        ),
        (
            "panic: runtime error: oops\ngoroutine 1 [running]:",
            "panic",
            "runtime error: oops",
        ),
        (
            "thread 'main' panicked at src/main.rs:3:5:\nno luck\nnote: run",
            "panic",
            "no luck",
        ),
        (
            "thread 'main' panicked at 'no luck', src/main.rs:3:5",
            "panic",
            "no luck",
        ),
        (
            "a.rb:3:in `first': no conversion (TypeError)\n\tfrom a.rb:1",
            "TypeError",
            "no conversion",
        ),
    ] {
        assert_eq!(
            read(text),
            Some((kind.to_owned(), message.to_owned())),
            "{text}"
        );
    }
}

#[test]
fn a_long_line_is_searched_at_both_ends() {
    let prose = "it failed ".repeat(200);
    let frame = "\n    at f (/a.js:1:2)";
    for line in [
        format!("{prose}Error: boom"),
        format!("failed: Error: boom {prose}"),
    ] {
        let found = read(&format!("{line}{frame}")).expect("an error");
        assert_eq!((&*found.0, &found.1[..4]), ("Error", "boom"));
    }
    assert_eq!(read(&format!("{prose}Error: {prose}{frame}")), None);
}

/// A quadratic search of a mebibyte would take hours.
#[test]
fn the_search_is_linear_in_the_length_of_a_line() {
    let started = std::time::Instant::now();
    for piece in ["a b ", "A [", "Error [x ", "Error ", "   ", "x: ", "---> "] {
        let text = piece.repeat((1 << 20) / piece.len());
        for text in [
            format!("{text}\n    at f (x:1)"),
            format!("{}{text}\n    at f (x:1)", "a b ".repeat(1 << 15)),
        ] {
            let _ = find(&text);
        }
    }
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn prose_is_no_error() {
    for text in [
        "Meet me\nat noon: today",
        "look:\n at (home)",
        "Error: boom",
        "{\n  at: 'x'\n}",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}
