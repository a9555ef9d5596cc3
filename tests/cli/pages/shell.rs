//! The text of a code block goes in; the commands come out, each as its words.
//!
//! It reads what pages use of the shell: quotes, continued lines, comments, pipes, redirections, `$(…)` and documents
//! behind `<<`. Variables stay as they are written.

/// Commands in the order in which they are typed; one within `$(…)` comes before the command around it.
pub fn commands(script: &str) -> Vec<Vec<String>> {
    let text = without_documents(script);
    let chars: Vec<char> = text.chars().collect();
    let mut reader = Reader {
        chars: &chars,
        at: 0,
        found: Vec::new(),
    };
    reader.list();
    reader.found
}

/// Leaves out the lines of documents behind `<<WORD`.
fn without_documents(script: &str) -> String {
    let mut kept = String::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        kept.push_str(line);
        kept.push('\n');
        let Some((_, word)) = line.split_once("<<") else {
            continue;
        };
        let word = word.trim_start_matches('-').trim_start();
        let word: String = word
            .chars()
            .filter(|c| !matches!(c, '\'' | '"'))
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if !word.is_empty() {
            lines.by_ref().find(|line| line.trim() == word);
        }
    }
    kept
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    found: Vec<Vec<String>>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.get(self.at).copied();
        self.at += 1;
        next
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Reads to the end, or to the `)` that closes a `$(`.
    fn list(&mut self) {
        let mut words = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' => self.at += 1,
                '#' => self.skip_line(),
                '\\' if self.chars.get(self.at + 1) == Some(&'\n') => self.at += 2,
                ')' => {
                    self.at += 1;
                    break;
                }
                '\n' | ';' | '|' | '&' | '(' => {
                    self.at += 1;
                    self.end(&mut words);
                }
                '<' | '>' => self.redirection(),
                _ => {
                    let word = self.word();
                    let descriptor = word.chars().all(|c| c.is_ascii_digit());
                    if !(descriptor && matches!(self.peek(), Some('<' | '>'))) {
                        words.push(word);
                    }
                }
            }
        }
        self.end(&mut words);
    }

    fn end(&mut self, words: &mut Vec<String>) {
        if !words.is_empty() {
            self.found.push(std::mem::take(words));
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    fn redirection(&mut self) {
        while matches!(self.peek(), Some('<' | '>' | '&' | '-' | ' ')) {
            self.at += 1;
        }
        self.word();
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\n' | ';' | '|' | '&' | '(' | ')' | '<' | '>' => break,
                _ => self.at += 1,
            }
            match c {
                '\'' => {
                    while let Some(c) = self.next().filter(|c| *c != '\'') {
                        word.push(c);
                    }
                }
                '"' => {
                    while let Some(c) = self.next().filter(|c| *c != '"') {
                        match c {
                            '\\' => word.extend(self.next()),
                            '$' => self.variable(&mut word),
                            c => word.push(c),
                        }
                    }
                }
                '\\' => word.extend(self.next().filter(|c| *c != '\n')),
                '$' => self.variable(&mut word),
                c => word.push(c),
            }
        }
        word
    }

    /// Behind a `$`.
    fn variable(&mut self, word: &mut String) {
        word.push('$');
        if self.peek() == Some('(') {
            self.at += 1;
            self.list();
            word.push_str("(…)");
        }
    }
}

#[test]
fn commands_of_a_script() {
    let script = r#"
# a comment
export A=1 B="x y"   # another
cat >file <<'END'
not a command
END
URL=$(aws sqs get-queue-url --queue-name "$(cat name)" 2>/dev/null) # ends
logferry search --function 'orders*' 'a AND (b OR c)' |
  head -n 1; logferry worker \
    --queue-url "$URL" && echo it\ ends
"#;
    let found: Vec<_> = commands(script)
        .iter()
        .map(|words| words.join("·"))
        .collect();
    assert_eq!(
        found,
        [
            "export·A=1·B=x y",
            "cat",
            "cat·name",
            "aws·sqs·get-queue-url·--queue-name·$(…)",
            "URL=$(…)",
            "logferry·search·--function·orders*·a AND (b OR c)",
            "head·-n·1",
            "logferry·worker·--queue-url·$URL",
            "echo·it ends",
        ]
    );
}
