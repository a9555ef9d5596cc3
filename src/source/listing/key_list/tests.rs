use super::*;
use std::io::Write;

fn list(text: &str, bucket: Option<&str>) -> KeyList {
    match ListInput::read(text.as_bytes(), bucket.map(str::to_owned)).unwrap() {
        ListInput::Lines(list) => list,
        ListInput::Manifest(manifest) => panic!("{manifest:?}"),
    }
}

/// bucket, key, size and time of each object.
fn objects(list: &KeyList) -> Vec<(String, String, Option<u64>, Option<i64>)> {
    let page = list.read_page(None).unwrap();
    let object = |listed: Listed| {
        let object = listed.object;
        (object.bucket, object.key, object.size, listed.last_modified)
    };
    page.objects.into_iter().map(object).collect()
}

fn object(
    bucket: &str,
    key: &str,
    size: Option<u64>,
    time: Option<i64>,
) -> (String, String, Option<u64>, Option<i64>) {
    (bucket.to_owned(), key.to_owned(), size, time)
}

const TIME: &str = "2026-11-23T12:00:00.000Z";
const MILLIS: i64 = 1_795_435_200_000;

#[test]
fn urls_keys_and_rows_of_inventories_are_objects() {
    let text = format!(
        "s3://logs/a+b%20c, d.gz\r\n\
         \n\
         exports/f/0001.gz\n\
         \"Bucket\",\"Key\",\"Size\"\n\
         \"inv\",\"a%2Bb+c%5B%24LATEST%5D.gz\"\n\
         \"inv\",\"sized\",\"120\",\"{TIME}\",\"etag\"\n\
         \"inv\",\"v\",\"3HL4kqtJvjVBH40Nrjfkd\",\"true\",\"false\",\"7\",\"{TIME}\"\n\
         \"inv\",\"older\",\"3HL4kqtJvjVBH40Nrjfkd\",\"false\",\"false\",\"7\",\"{TIME}\"\n\
         \"inv\",\"marker\",\"3HL4kqtJvjVBH40Nrjfkd\",\"true\",\"true\",\"\",\"{TIME}\"\n\
         \"inv\",\"say \"\"hi\"\"\",\"STANDARD\",\"9\"\n\
         s3://logs/last"
    );
    assert_eq!(
        objects(&list(&text, Some("mine"))),
        [
            object("logs", "a+b%20c, d.gz", None, None),
            object("mine", "exports/f/0001.gz", None, None),
            object("inv", "a+b c[$LATEST].gz", None, None),
            object("inv", "sized", Some(120), Some(MILLIS)),
            object("inv", "v", Some(7), Some(MILLIS)),
            object("inv", "say \"hi\"", None, None),
            object("logs", "last", None, None),
        ]
    );
}

#[test]
fn a_gzip_list_is_unpacked_and_a_manifest_is_told_apart() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"s3://logs/a\n").unwrap();
    let packed = gzip.finish().unwrap();
    let ListInput::Lines(list) = ListInput::read(packed.as_slice(), None).unwrap() else {
        panic!("it is a list");
    };
    assert_eq!(objects(&list), [object("logs", "a", None, None)]);

    let json = r#"{"sourceBucket":"logs","destinationBucket":"arn:aws:s3:::inventories","version":"2016-11-30",
        "creationTimestamp":"1764201600000","fileFormat":"CSV","fileSchema":"Bucket, Key, Size",
        "files":[{"key":"i/data/1.csv.gz","size":1,"MD5checksum":"x"}]}"#;
    let ListInput::Manifest(manifest) = ListInput::read(json.as_bytes(), None).unwrap() else {
        panic!("it is a manifest");
    };
    assert_eq!(manifest.bucket, "inventories");
    assert_eq!(manifest.files, ["i/data/1.csv.gz"]);
    assert_eq!(manifest.schema, ["Bucket", "Key", "Size"]);

    for (json, word) in [
        (json.replace("CSV", "Parquet"), "only CSV"),
        ("{\"keys\":[]}".to_owned(), "no manifest"),
    ] {
        let error = ListInput::read(json.as_bytes(), None).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_line_that_names_no_object_is_named() {
    for (line, word) in [
        ("exports/f/0001.gz", "--bucket"),
        ("s3://logs", "no key"),
        ("s3://logs/", "no object"),
        ("s3:///key", "no object"),
        ("\"logs\",\"key", "no row"),
        ("\"logs\"", "no column of keys"),
        (&format!("s3://logs/{}", "k".repeat(1025)), "1024"),
        (&"k".repeat(20_000), "longer"),
    ] {
        let error = list(&format!("s3://logs/a\n{line}\n"), None).read_page(None);
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("line 2 of the list "), "{error}");
        assert!(error.contains(word), "{line}: {error}");
    }
}

#[test]
fn a_cursor_continues_in_the_same_list_only() {
    let lines: Vec<String> = (0..2500).map(|n| format!("s3://logs/{n}\n")).collect();
    let whole = list(&lines.concat(), None);
    let first = whole.read_page(None).unwrap();
    let cursor = first.through.unwrap();
    let second = whole.read_page(Some(&cursor)).unwrap();
    assert_eq!(second.objects[0].object.key, "1000");
    let third = whole.read_page(second.through.as_deref()).unwrap();
    assert_eq!((third.objects.len(), third.more), (500, false));
    let end = whole.read_page(third.through.as_deref()).unwrap();
    assert!(end.objects.is_empty() && !end.more && end.through == third.through);

    let longer = list(&(lines.concat() + "s3://logs/new\n"), None);
    let more = longer.read_page(third.through.as_deref()).unwrap();
    assert_eq!(more.objects[0].object.key, "new");

    for other in [lines[1..].concat(), lines[..900].concat(), String::new()] {
        let error = list(&other, None).read_page(Some(&cursor)).unwrap_err();
        assert!(error.to_string().contains("another than"), "{error}");
    }
}
