/*! Dead letters go in; whether one of them names an object or a document comes out. Eight bytes a letter are kept. */

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

use crate::sink::dead_letters::DeadLetter;

/// What the dead letters of a store name.
#[derive(Debug, Default)]
pub struct KnownLetters {
    objects: HashSet<u64>,
    documents: HashSet<u64>,
}

impl KnownLetters {
    pub fn add(&mut self, letter: &DeadLetter) {
        match (&*letter.kind, &letter.index, &letter.id) {
            (DeadLetter::OBJECT, ..) => {
                self.objects.insert(hash(&letter.bucket, &letter.key));
            }
            (_, Some(index), Some(id)) => {
                self.documents.insert(hash(index, id));
            }
            _ => {}
        }
    }

    pub fn has_object(&self, bucket: &str, key: &str) -> bool {
        self.objects.contains(&hash(bucket, key))
    }

    pub fn has_document(&self, index: &str, id: &str) -> bool {
        self.documents.contains(&hash(index, id))
    }
}

/// Neither text has a zero byte.
fn hash(a: &str, b: &str) -> u64 {
    xxh3_64([a, b].join("\0").as_bytes())
}
