//! The words of a prefix: times, names of loggers, and what stands before a level in certain patterns.

/// Whether `word` is a month or a day of a date such as `12 May 2020 21:19:02,997`, which parts of the Lambda service
/// write.
pub fn is_month_or_day(word: &str) -> bool {
    const WORDS: [&str; 19] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Mon",
        "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
    ];
    WORDS.contains(&word)
}

/// The length of a time of day at the start of `text`: `12:34:56` with an optional fraction, `1:16:03 PM`, `1:16PM`.
pub fn time_of_day(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let hour = digits(bytes, 2);
    let two = |at: usize| bytes.get(at) == Some(&b':') && digits(&bytes[at + 1..], 3) == 2;
    if !(1..=2).contains(&hour) || !two(hour) {
        return None;
    }
    let mut end = hour + 3;
    let seconds = two(end);
    if seconds {
        end += 3;
        end += bytes[end..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
            .count();
    }
    let rest = &text[end..];
    let behind = rest.strip_prefix([' ', '\u{202f}']).unwrap_or(rest);
    let half = ["AM", "PM", "am", "pm", "a.m.", "p.m."]
        .into_iter()
        .find(|half| behind.starts_with(half));
    match half {
        Some(half) => Some(text.len() - behind.len() + half.len()),
        None => (seconds && hour == 2).then_some(end),
    }
}

/// The length of a date at the start of `text`, as locales write it: `11/27/2026,`, `27.11.2026`, `28-Aug-2026`.
pub fn date(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let first = digits(bytes, 4);
    let separator = *bytes.get(first)?;
    if first == 0 || !matches!(separator, b'/' | b'-' | b'.') {
        return None;
    }
    let rest = &text[first + 1..];
    let second = match digits(rest.as_bytes(), 2) {
        0 if is_month_or_day(rest.get(..3)?) => 3,
        len => len,
    };
    let rest = &bytes[first + 1 + second..];
    let third = digits(rest.get(1..)?, 4);
    let year = first == 4 || third == 4 || separator == b'/' && third == 2;
    let end = first + second + third + 2;
    let ends = match bytes.get(end) {
        None | Some(b' ' | b'\t' | b']' | b':') => end,
        Some(b',') => end + 1,
        Some(_) => return None,
    };
    (second > 0 && third > 0 && rest[0] == separator && year).then_some(ends)
}

/// The number of digits at the start of `bytes`, at most `most`.
fn digits(bytes: &[u8], most: usize) -> usize {
    let digits = bytes.iter().take(most).take_while(|b| b.is_ascii_digit());
    digits.count()
}

/// Whether `word` is a number of seconds since 1970, as zap writes it: `1646385234.123`, `1.646385234e+09`.
pub fn is_epoch(word: &str) -> bool {
    let form = word.as_bytes().first().is_some_and(u8::is_ascii_digit) && word.contains('.');
    form && word
        .parse::<f64>()
        .is_ok_and(|number| (1e9..4e9).contains(&number))
}

/// `word` without a line number: `Handler` of `Handler:45`, but all of `my_crate::handler`.
pub fn before_line_number(word: &str) -> &str {
    let bytes = word.as_bytes();
    let colon = memchr::memchr_iter(b':', bytes).find(|at| {
        let doubled = *at > 0 && bytes[at - 1] == b':' || bytes.get(at + 1) == Some(&b':');
        !doubled
    });
    &word[..colon.unwrap_or(word.len())]
}

/// The name in `name:message` of Python's basicConfig.
pub fn basic_config_name(text: &str) -> Option<&str> {
    let (name, message) = text.split_once(':')?;
    (has_name_letters(name) && !message.starts_with("//")).then_some(name)
}

pub fn has_name_letters(word: &str) -> bool {
    let letter =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$' | '-' | ':' | '/' | '#');
    word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.chars().all(letter)
}

/// Whether `word` is a dotted or `::` path, such as `com.example.Handler` or `my_crate::module`. Only error types
/// look alike, and they are excluded.
pub fn is_path(word: &str) -> bool {
    let dotted = word.contains('.') && !word.ends_with('.') || word.contains("::");
    dotted && has_name_letters(word) && !is_error(word)
}

/// Whether `word` is a logger's name and not prose: a path, `my_crate`, `OrderHandler` or `root`.
pub fn is_name(word: &str) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let camel = capitals >= 2 && word.chars().any(char::is_lowercase);
    is_path(word)
        || has_name_letters(word)
            && (camel || word.contains('_') || word == "root")
            && !is_error(word)
}

/// Whether `word` may be a logger's name (`Handler`) in a line that has a logger's pattern.
pub fn is_plain_name(word: &str) -> bool {
    has_name_letters(word) && !is_error(word)
}

fn is_error(word: &str) -> bool {
    word.ends_with("Error") || word.ends_with("Exception")
}

/// Whether `word` is a thread (`main`, `pool-1-thread-2`), an id (`req-4711`, `1-5759e988-bd86`) or a placeholder for
/// one: no word of prose, so that a level may follow.
pub fn is_thread_or_id(word: &str) -> bool {
    let placeholder = matches!(
        word,
        "main" | "undefined" | "null" | "none" | "None" | "N/A" | "-"
    );
    let bytes = word.as_bytes();
    let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'#');
    let id = bytes.iter().all(letter)
        && (bytes.iter().any(u8::is_ascii_digit) && bytes.len() >= 6
            || word.contains('_') && bytes.iter().all(|b| !b.is_ascii_lowercase()));
    placeholder || id
}

/// Whether `word` is a tag such as `#LUMIGO#`.
pub fn is_tag(word: &str) -> bool {
    let name = word
        .strip_prefix('#')
        .and_then(|word| word.strip_suffix('#'));
    name.is_some_and(has_name_letters)
}

/// Whether the text behind a level makes the level a word of a sentence: `ERROR is what the customer wrote`.
pub fn begins_with_verb(behind: &str) -> bool {
    const WORDS: [&str; 14] = [
        "is", "was", "are", "were", "has", "had", "means", "meant", "became", "and", "or", "of",
        "level", "levels",
    ];
    let Some(rest) = behind.strip_prefix(' ') else {
        return false;
    };
    let end = rest.find(' ').unwrap_or(rest.len());
    WORDS.contains(&&rest[..end])
}
