//! A name goes in; whether it is an error's type comes out. With the texts of .NET around a type.

use memchr::memmem;

/// .NET's prefixes of an unhandled error.
pub const UNHANDLED: [&str; 2] = ["Unhandled exception. ", "Unhandled Exception: "];

/// A message of .NET without its inner errors, which stand before the first frame: ` ---> Type: message`.
pub fn without_inner(message: &str) -> &str {
    const ARROW: &str = "---> ";
    let inner = memmem::find_iter(message.as_bytes(), ARROW).find(|at| {
        let kind = &message[at + ARROW.len()..];
        let kind = kind.split([':', '\n', ' ', '\r']).next().unwrap_or(kind);
        message[..*at].ends_with([' ', '\n']) && is_error_type(kind, true)
    });
    &message[..inner.unwrap_or(message.len())]
}

/// Whether `name` is an error's type, such as `TypeError` or `java.lang.X`. A dotted name in another form counts only
/// where a line begins (`begins`).
pub fn is_error_type(name: &str, begins: bool) -> bool {
    let last = name.rsplit(['.', '/', '$', '+']).next().unwrap_or(name);
    let capital = last.starts_with(|first: char| first.is_uppercase());
    let named = ["Error", "Exception", "Throwable", "Failure"]
        .iter()
        .any(|end| last.ends_with(end));
    capital && (named || begins && name.contains('.') && !name.contains('/'))
}
