/*! The bytes of a file of dead letters go in; its letters come out. A line that is no letter is kept as it is. */

use std::io::Read;

use crate::sink::dead_letters::archive::{ArchiveError, StoredLetter, Token};
use logferry_core::dead_letter::DeadLetter;

/// Ending of the names of files with letters.
pub(super) const ENDING: &str = ".ndjson.gz";
/// Most decompressed bytes of a file: letters of one parcel, whose documents hold at most 16 MiB of text three times,
/// with escapes.
const LARGEST: u64 = 256 << 20;
/// Most stored bytes of a file.
pub(super) const LARGEST_STORED: u64 = LARGEST / 4;

/// The kind of the letters in a file of this name.
pub(super) fn kind_of(name: &str) -> String {
    match name.ends_with(&format!("/object{ENDING}")) {
        true => DeadLetter::OBJECT.to_owned(),
        false => DeadLetter::DOCUMENT.to_owned(),
    }
}

/// Reads a file. `name` is its name in the store.
pub(super) fn read_letters(name: &str, gzipped: &[u8]) -> Result<Vec<StoredLetter>, ArchiveError> {
    let mut text = String::new();
    let read = flate2::read::MultiGzDecoder::new(gzipped)
        .take(LARGEST + 1)
        .read_to_string(&mut text);
    match read {
        Ok(n) if n as u64 > LARGEST => {
            return Err(ArchiveError(format!(
                "{name}: larger than any file of dead letters"
            )));
        }
        Ok(_) => {}
        Err(error) => return Err(ArchiveError(format!("{name}: corrupt: {error}"))),
    }
    let file = name.strip_suffix(ENDING).unwrap_or(name);
    let parts: Vec<&str> = file.rsplitn(3, '/').take(2).collect();
    let short = parts.into_iter().rev().collect::<Vec<_>>().join("/");
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty());
    let letters = lines.map(|(number, line)| {
        let letter = DeadLetter::from_line(line);
        let letter = letter.map_err(|error| format!("{name}: line {}: {error}", number + 1));
        let id = letter.as_ref().ok().and_then(|letter| letter.id.clone());
        StoredLetter {
            reference: id.unwrap_or_else(|| short.clone()),
            letter,
            token: Token::Line(line.to_owned()),
        }
    });
    Ok(letters.collect())
}

/// The lines as the bytes of a file.
pub(super) fn gzip(lines: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(lines)?;
    encoder.finish()
}
