/*! A text from a log goes in; markup that shows it and cannot act comes out. Pure.

Markup is escaped, the direction of the text cannot leave its `<bdi>`, and a character that a reader would not see is
shown by its code point. */

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

use askama::filters::HtmlSafe;

use crate::search::reading::is_hidden;

/// A text that came from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inert<'a> {
    text: Cow<'a, str>,
    /// More characters follow that are not shown.
    pub is_cut: bool,
    lines: Lines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// A line break is shown as a hidden character.
    One,
    /// Line breaks and tabs stay, for `<pre>`.
    Many,
}

impl<'a> Inert<'a> {
    /// A text of one line.
    pub fn line(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            text: text.into(),
            is_cut: false,
            lines: Lines::One,
        }
    }

    /// A text of many lines.
    pub fn block(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            lines: Lines::Many,
            ..Self::line(text)
        }
    }

    /// The beginning of the text, at most so many bytes.
    pub fn cut(mut self, longest: usize) -> Self {
        if self.text.len() > longest {
            let end = self.text.floor_char_boundary(longest);
            self.text = match self.text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
                Cow::Owned(mut text) => {
                    text.truncate(end);
                    Cow::Owned(text)
                }
            };
            self.is_cut = true;
        }
        self
    }
}

/// The template engine does not escape it again.
impl HtmlSafe for Inert<'_> {}

impl Display for Inert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        let mut plain = 0;
        for (at, c) in self.text.char_indices() {
            let entity = match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                '\n' | '\t' if self.lines == Lines::Many => continue,
                c if is_hidden(c) => "",
                _ => continue,
            };
            f.write_str(&self.text[plain..at])?;
            plain = at + c.len_utf8();
            match entity {
                "" => write!(f, "<span class=\"hidden\">U+{:04X}</span>", u32::from(c))?,
                entity => f.write_str(entity)?,
            }
        }
        f.write_str(&self.text[plain..])?;
        if self.is_cut {
            f.write_char('…')?;
        }
        f.write_str("</bdi>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    #[test]
    fn nothing_acts_and_nothing_is_hidden() {
        for (text, shown) in [
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            ("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"),
            (
                "\u{1b}[31mred\u{202e}gpj",
                "<span class=\"hidden\">U+001B</span>[31mred<span class=\"hidden\">U+202E</span>gpj",
            ),
            ("a\nb", "a<span class=\"hidden\">U+000A</span>b"),
        ] {
            assert_eq!(Inert::line(text).to_string(), format!("<bdi>{shown}</bdi>"));
        }
        assert_eq!(Inert::block("a\n\tb").to_string(), "<bdi>a\n\tb</bdi>");
        let cut = Inert::line("ééé").cut(3);
        assert_eq!(cut.to_string(), "<bdi>é…</bdi>");
    }

    proptest! {
        #[test]
        fn any_text_is_inert(text in ".{0,64}") {
            let shown = Inert::block(&*text).to_string();
            let inside = shown.trim_start_matches("<bdi>").trim_end_matches("</bdi>");
            let inside = inside.replace("<span class=\"hidden\">", "").replace("</span>", "");
            prop_assert!(!inside.contains(['<', '>', '"', '\'']), "{shown}");
            prop_assert!(!inside.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'), "{shown}");
        }
    }
}
