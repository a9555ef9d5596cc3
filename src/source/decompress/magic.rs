/*! Formats that are no logs, told by their first bytes, so that an object of one is refused by its name. */

/// As many bytes of an object are looked at: a tar header.
pub(crate) const HEAD: usize = 512;

/// Signatures with a byte that no text has.
const BINARY: [(&[u8], &str); 43] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"PK\x07\x08", "a part of a ZIP archive"),
    (b"PK00PK\x03\x04", "a ZIP archive"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x5d\0\0", "LZMA"),
    (b"LZIP\x01", "lzip"),
    (b"\x89LZO\0", "lzop"),
    (b"\xff\x06\0\0sNaPpY", "framed snappy"),
    (b"\x82SNAPPY\0", "snappy"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x02\x21\x4c\x18", "lz4 of the legacy format"),
    (b"\x1f\x9d", "compress (.Z)"),
    (b"\x1f\xa0", "compress (.Z)"),
    (b"\x1f\x8b", "gzip of an unknown method"),
    (b"\x37\xa4\x30\xec", "a zstd dictionary"),
    (b"\xb5\x2f\xfd", "zstd of an old version"),
    (b"Obj\x01", "Avro"),
    (b"SEQ\x06", "a Hadoop sequence file"),
    (b"RCF\x01", "an RCFile"),
    (b"ARROW1\0\0", "Arrow"),
    (b"\xe0\x01\0\xea", "Amazon Ion"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"MSCF\0\0\0\0", "a Windows cabinet"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"\x7fELF", "an ELF program"),
    (b"\xca\xfe\xba\xbe", "a Java class"),
    (b"\0asm", "a WebAssembly module"),
    (b"SQLite format 3\0", "an SQLite database"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "a Microsoft Office document",
    ),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"ElfFile\0", "a Windows event log"),
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"\x80\x02}q", "a Python pickle"),
];

/// Signatures that a text could begin with: they count only where the head has other bytes that no text has.
const PRINTABLE: [(&[u8], &str); 12] = [
    (b"PAR1", "Parquet"),
    (b"PARE", "encrypted Parquet"),
    (b"ORC", "ORC"),
    (b"FEA1", "Feather"),
    (b"%PDF-", "a PDF document"),
    (b"GIF8", "a GIF image"),
    (b"MZ", "a Windows program"),
    (b"Salted__", "a file encrypted by OpenSSL"),
    (b"age-encryption.org/", "a file encrypted by age"),
    (b"!<arch>\n", "an ar archive"),
    (b"07070", "a cpio archive"),
    (b"x", "zlib"),
];

/// The name of a format that is not read, if the head of an object shows one.
pub(crate) fn name(head: &[u8]) -> Option<&'static str> {
    if is_bzip2(head) {
        return Some("bzip2");
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    if let Some((_, name)) = BINARY.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(name);
    }
    let printable = PRINTABLE.iter().find(|(magic, _)| head.starts_with(magic));
    let (magic, name) = printable?;
    let sure = match *name {
        "zlib" => matches!(head.get(1), Some(0x01 | 0x9c | 0xda)) && is_binary(&head[2..]),
        _ => is_binary(&head[magic.len()..]),
    };
    sure.then_some(*name)
}

/// `BZh`, the size of blocks, and the number that begins a block or the end.
fn is_bzip2(head: &[u8]) -> bool {
    const BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    const END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    let Some(rest) = head.strip_prefix(b"BZh") else {
        return false;
    };
    rest.first().is_some_and(|b| matches!(b, b'1'..=b'9'))
        && (rest[1..].starts_with(&BLOCK) || rest[1..].starts_with(&END))
}

/// Whether a control byte is there that no text has.
fn is_binary(head: &[u8]) -> bool {
    head.iter()
        .any(|b| matches!(b, 0..=6 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_no_name() {
        for text in [
            "",
            "P",
            "PK",
            "PK is short for primary key",
            "PAR1 is up\n",
            "ORC: started\n",
            "BZh91AY is not enough",
            "MZ\n",
            "x\u{1}",
            "%PDF-1.7 was sent\n",
            "{\"a\":1}",
            "2026-11-23T10:00:00.000Z \x1b[31mred\x1b[0m\n",
            "\u{feff}byte order mark",
            "überall",
        ] {
            assert_eq!(name(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn printable_signatures_need_bytes_that_no_text_has() {
        assert_eq!(name(b"PAR1\x15\x04\x15\x10"), Some("Parquet"));
        assert_eq!(name(b"ORC\x0a\x14\x0a\x04\x00\x01"), Some("ORC"));
        assert_eq!(
            name(b"%PDF-1.7\n%\xb5\xb5\n1 0 obj\n\x00"),
            Some("a PDF document")
        );
        assert_eq!(name(b"x\x9c\x4b\x4c\x02\x00"), Some("zlib"));
    }
}
