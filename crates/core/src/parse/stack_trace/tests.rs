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
            "NoSuchKey: The specified key does not exist.\n    at f (/a.js:1:2)",
            "NoSuchKey",
            "The specified key does not exist.",
        ),
        (
            "get failed:\nAccessDenied: Access Denied\n    at f (/a.js:1:2)",
            "AccessDenied",
            "Access Denied",
        ),
        (
            "Unhandled exception:\nNoSuchMethodError: The getter 'x' was called on null.\n#0      f (package:x/x.dart:7)",
            "NoSuchMethodError",
            "The getter 'x' was called on null.",
        ),
        (
            "unexpected fault address 0x0\nfatal error: fault\n\ngoroutine 17 [running]:",
            "panic",
            "fault",
        ),
        (
            "[19-Jan-2019 20:52:38] WARNING: [pool default] child 14 said into stderr: \"NOTICE: PHP message: PHP Fatal error:  Uncaught A\\B: x in /a.php:3\"",
            "A\\B",
            "x",
        ),
        (
            "PHP Fatal error:  Uncaught exception 'Aws\\S3Exception' with message 'Error executing' in /a.php:3\nStack trace:\n#0 {main}",
            "Aws\\S3Exception",
            "Error executing",
        ),
        (
            "PHP Fatal error:  Uncaught Exception in /a.php:3\nStack trace:\n#0 {main}",
            "Exception",
            "",
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
    for line in [
        "panic: \n",
        "goroutine \n",
        "thread '\n",
        "x.Y: z\n",
        "Error: X(\n",
        "\r",
        "a\u{2028}",
        "[object] (X(code: 0): ",
        " at /a.php:3",
        "a.rb:3:in (",
        "| Traceback (most recent call last):\n",
        "Traceback (most recent call last):\n",
        "+ Exception Group Traceback (most recent call last):\n",
    ] {
        for start in [
            "",
            "x\n",
            "[x",
            "Error: ",
            "PHP Fatal error:  Uncaught X in ",
        ] {
            let text = format!("{start}{}", line.repeat((1 << 18) / line.len()));
            let _ = find(&readable(&text));
        }
    }
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn prose_is_no_error() {
    for text in [
        "Meet me\nat noon: today",
        "look:\n at (home)",
        "Trace: here\n    at f (/a.js:1:2)",
        "DeprecationWarning: old\n    at f (/a.js:1:2)",
        "Stopped: x\n    at f (/a.js:1:2)",
        "Error: boom",
        "{\n  at: 'x'\n}",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

/// Lines that name errors, or look like a part of one, and report none.
#[test]
fn lines_without_an_error_have_none() {
    for text in [
        "Error: boom",
        "Exception: boom",
        "error: no such file",
        "Error",
        "ValueError",
        "Errors: 3",
        "TotalErrors: 3",
        "HasError: false",
        "LastError: none",
        "NoError: all is well",
        "MeanSquaredError: 0.0312",
        "ErrorRate: 12%",
        "RootMeanSquareError: 12%",
        "ErrorCode: 7",
        "error_type: KeyError",
        "status: TypeError",
        "retry after TypeError: x",
        "we catch java.io.IOException: see the guide",
        "see java.io.IOException",
        "src/errors/MyError: is a folder",
        "path.to.value: 3",
        "com.example.Handler: started",
        "com.example.ErrorHandler: started",
        "...Error: x",
        "https://example.com/Error: x",
        "12:00:00 ConnectionError: x",
        "Caused by: java.io.IOException: disk",
        "Suppressed: java.io.IOException: disk",
        "    at a.B.c(B.java:3)",
        "\tat a.B.c(B.java:3)",
        "   at App.Handler.Run() in /src/Handler.cs:line 12",
        "  File \"a.py\", line 3, in f",
        "    raise ValueError('x')",
        "    ^^^^^^^^^^",
        "Traceback (most recent call last):",
        "During handling of the above exception, another exception occurred:",
        "  | ExceptionGroup: two failed (2 sub-exceptions)",
        "goroutine 1 [running]:",
        "main.main()",
        "exit status 2",
        "fatal error: cannot read config",
        "fatal: not a git repository",
        "panic mode is off",
        "the goroutine may panic: see docs",
        "thread 7 panicked",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "stack backtrace:",
        "FATAL ERROR: the database is down",
        "Fatal error: not enough stock",
        "Fatal Python errors are rare",
        "Stack overflow. is a site",
        "Stack overflow",
        "Process is terminating due to a signal",
        "Terminating due to java.lang limits",
        "Error: Custom",
        "Error: Custom { kind: 'x' }",
        "Error: Request (kind: Timeout)",
        "Error: (kind: Timeout)",
        "Error: Point { x: 1, y: 2 }",
        "Error: failed to read\nCaused by: x",
        "PHP Warning:  Undefined variable $x in /var/task/a.php on line 3",
        "PHP Notice:  Undefined index: x in /var/task/a.php on line 3",
        "PHP Deprecated:  f() is deprecated in /var/task/a.php on line 3",
        "NOTICE: PHP message: said",
        "NOTICE: fpm is running, pid 8",
        "WARNING: [pool default] child 9 said into stderr: \"said\"",
        "#0 {main}",
        "[2026-11-27 10:00:00] production.INFO: said {\"user\":1}",
        "[object] (a word)",
        "[object Object]",
        "[Nest] 8  - 11/27/2026, 1:16:03 PM     LOG [RouterExplorer] Mapped {/x, GET} route",
        "app.rb:3:in `f': said (maybe)",
        "app.rb:3: warning: said (Type)",
        "the docs say so (TypeError)",
        "\tfrom /var/task/app.rb:9:in `<main>'",
        "E, [2026-11-27T10:00:00.123456 #8] ERROR -- : no luck (today)",
        "Order (late):\n\nitem.rb is next",
        "progress 10%\rprogress 20%\rprogress 30%",
        "one\rtwo\rat noon: three",
        "Known types\nTypeError: of types\nKeyError: of keys",
        "exit\ncode: 3",
        "{ kind: 'Error', message: 'x' }",
        "RequestId: 1 Error: x",
        "Task timed out after 3.00 seconds",
        "SUCCESS: 0 errors",
        "<--- Last few GCs --->\n\n[8:0x5] 4711 ms: Mark-sweep",
    ] {
        assert_eq!(find(text), None, "{text}");
        let record = crate::parse::parse(text);
        let kind = record.error.and_then(|error| error.kind);
        assert_eq!(kind, None, "{text}");
    }
}
