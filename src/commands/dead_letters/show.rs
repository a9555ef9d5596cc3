/*! `dead-letters show`: the id of a letter goes in; the letter with its document comes out. */

use std::collections::BTreeMap;
use std::io::Write;
use std::pin::pin;

use anyhow::bail;
use futures_util::StreamExt;
use serde_json::value::RawValue;

use crate::commands::dead_letters::select::Selector;
use crate::commands::dead_letters::store;
use crate::commands::dead_letters::unreadable::Unreadable;
use crate::commands::shared::table::{Table, harmless};
use crate::config::ShowLetterConfig;
use crate::sink::dead_letters::{DeadLetter, Read, sets};

pub async fn run(config: ShowLetterConfig) -> anyhow::Result<()> {
    let store = store::open(config.store).await?;
    let selector = Selector::new(config.selection, jiff::Timestamp::now());
    let mut unreadable = Unreadable::default();
    let wanted = config.id.as_deref().unwrap_or_default();
    let mut sets = pin!(sets(&*store.archive, |address| selector.may_hold(address)));
    while let Some(read) = sets.next().await {
        let set = match read {
            Read::Set(set) => set,
            Read::Unreadable(error) => {
                unreadable.add(error.to_string());
                continue;
            }
            Read::Failed(error) => bail!("the store cannot be read: {error}"),
        };
        for stored in set.letters {
            match stored.letter {
                Ok(letter) if stored.reference.starts_with(wanted) && selector.selects(&letter) => {
                    let shown = match config.json {
                        true => format!("{}\n", letter.to_line()?),
                        false => text(&letter, &stored.reference, &set.address.name),
                    };
                    std::io::stdout().write_all(shown.as_bytes())?;
                    return Ok(());
                }
                Ok(_) => {}
                Err(reason) => unreadable.add(reason),
            }
        }
    }
    eprint!("{}", unreadable.lines());
    match &config.id {
        Some(id) => {
            bail!("no letter whose id begins with {id:?}: see `logferry dead-letters list`")
        }
        None => bail!("no letter is selected"),
    }
}

fn text(letter: &DeadLetter, reference: &str, stored_in: &str) -> String {
    let mut out = String::new();
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), harmless(&value)]);
    row("id", reference.to_owned());
    row("kind", letter.kind.to_string());
    row("time", letter.time.clone());
    row("reason", letter.reason.clone());
    let optional = [
        ("status", letter.status.map(|status| status.to_string())),
        ("index", letter.index.clone()),
        ("size", letter.size.map(|size| format!("{size} bytes"))),
        ("etag", letter.etag.clone()),
        ("version", letter.version_id.clone()),
    ];
    row("object", format!("s3://{}/{}", letter.bucket, letter.key));
    row("offset", format!("{} bytes, decompressed", letter.offset));
    for (name, value) in optional {
        if let Some(value) = value {
            row(name, value);
        }
    }
    row("worker", letter.worker.to_string());
    row("stored in", stored_in.to_owned());
    if let Some(source) = &letter.source {
        // Values as they were sent: reading numbers could round them.
        match serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(source.get()) {
            Ok(fields) => {
                for (name, value) in fields {
                    row(
                        &format!("document {}", harmless(&name)),
                        value.get().to_owned(),
                    );
                }
            }
            Err(_) => row("document", source.get().to_owned()),
        }
    }
    table.write(&mut out, usize::MAX);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::dead_letters::tests::letter;

    #[test]
    fn a_letter_with_its_document() {
        let source =
            r#"{"message":"a\u001b[31mb","lambda":{"duration_ms":12345678901234567890.5}}"#;
        let letter = DeadLetter {
            status: Some(400),
            size: Some(70),
            source: Some(RawValue::from_string(source.to_owned()).unwrap()),
            ..letter(
                "2026-11-23T10:00:12Z",
                "document",
                Some("logferry-logs-2026.11.23"),
                "failed\nto parse",
            )
        };
        insta::assert_snapshot!(text(&letter, "AbC", "file"));
    }
}
