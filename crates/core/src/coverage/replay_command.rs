/*! The keys of missing objects go in; the command lines that replay them come out: few, whatever the number of keys. */

use std::collections::BTreeMap;

/// Most command lines for one group.
const MOST: usize = 5;

/// Prefixes that hold all keys that were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayPrefixes {
    /// The longest common prefix of the keys below each export task, by the task's prefix.
    tasks: BTreeMap<String, String>,
}

/// Flags that a replay has in common with the command that found the gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayFlags {
    pub opensearch_urls: Vec<String>,
    /// `None` for the usual one.
    pub index_prefix: Option<String>,
    pub dead_letters: Option<String>,
}

impl ReplayPrefixes {
    /// Adds the key of a missing object. `task` is the part of the key that ends with the task's id, or any other
    /// beginning of the key.
    pub fn add(&mut self, task: &str, key: &str) {
        match self.tasks.get_mut(task) {
            Some(prefix) => *prefix = common(prefix, key).to_owned(),
            None => {
                self.tasks.insert(task.to_owned(), key.to_owned());
            }
        }
        if self.tasks.len() > MOST {
            let mut prefixes = self.tasks.values();
            let first = prefixes.next().cloned().unwrap_or_default();
            let all = prefixes.fold(first, |all, prefix| common(&all, prefix).to_owned());
            // The next task makes a second prefix, which is within the first.
            self.tasks = BTreeMap::from([(String::new(), all)]);
        }
    }

    /// Prefixes, none within another.
    pub fn prefixes(&self) -> Vec<&str> {
        let mut prefixes: Vec<&str> = self.tasks.values().map(String::as_str).collect();
        prefixes.sort_unstable();
        prefixes.dedup_by(|longer, shorter| longer.starts_with(*shorter));
        prefixes
    }

    /// The command lines for a shell.
    pub fn commands(&self, bucket: &str, flags: &ReplayFlags) -> Vec<String> {
        let prefixes = self.prefixes().into_iter();
        let lines = prefixes.map(|prefix| {
            let mut words = vec!["logferry replay".to_owned()];
            words.push(quoted(&format!("s3://{bucket}/{prefix}")));
            for url in &flags.opensearch_urls {
                words.push(format!("--opensearch-url {}", quoted(url)));
            }
            for (flag, value) in [
                ("--index-prefix", &flags.index_prefix),
                ("--dead-letters", &flags.dead_letters),
            ] {
                if let Some(value) = value {
                    words.push(format!("{flag} {}", quoted(value)));
                }
            }
            words.join(" ")
        });
        lines.collect()
    }
}

/// The longest common beginning.
fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let mut length = 0;
    for (x, y) in a.chars().zip(b.chars()) {
        if x != y {
            break;
        }
        length += x.len_utf8();
    }
    &a[..length]
}

/// The text as one word of a shell. Control characters are written as bash and zsh read them (`$'\x1b'`): a terminal
/// does not obey them.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    if !text.contains(char::is_control) {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let mut word = String::from("$'");
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => word.extend(['\\', letter]),
            letter if letter.is_control() => {
                let mut utf8 = [0; 4];
                let bytes = letter.encode_utf8(&mut utf8).bytes();
                word.extend(bytes.map(|byte| format!("\\x{byte:02x}")));
            }
            letter => word.push(letter),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_line_for_a_shell() {
        let mut prefixes = ReplayPrefixes::default();
        for (task, name) in [("a/t1", "[$LATEST]7f/000000.gz"), ("a/t2", "x/000001.gz")] {
            prefixes.add(task, &format!("{task}/{name}"));
        }
        prefixes.add("a/t2", "a/t2/x/000012.gz");
        prefixes.add("it's", "it's");
        let flags = ReplayFlags {
            opensearch_urls: vec!["https://localhost:9200/".to_owned()],
            index_prefix: Some("app".to_owned()),
            dead_letters: None,
        };
        insta::assert_snapshot!(prefixes.commands("logs", &flags).join("\n"));
    }
}
