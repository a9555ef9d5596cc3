/*! A seed goes in; loads come out: export objects as files, made once and reused. */

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::data::{FUNCTIONS, Generator};

const SEED: u64 = 20_261_121;
/// Part of the folder's name: increment it when the generator's bytes change.
const GENERATION: u32 = 5;

/// Number and size of a load's objects.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub name: &'static str,
    pub objects: usize,
    /// Decompressed bytes of each object.
    pub bytes: usize,
}

pub const LARGE: Load = Load {
    name: "large",
    objects: 8,
    bytes: 250_000_000,
};
pub const TYPICAL: Load = Load {
    name: "typical",
    objects: 500,
    bytes: 4_000_000,
};
pub const TINY: Load = Load {
    name: "tiny",
    objects: 20_000,
    bytes: 3_000,
};
/// Many short streams, as in the index of a whole account.
pub const STREAMS: Load = Load {
    name: "streams",
    objects: 600,
    bytes: 100_000,
};

/// One object of a load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Object {
    pub key: String,
    pub file: PathBuf,
    /// Decompressed size.
    pub bytes: u64,
    /// Stored size.
    pub packed: u64,
    pub events: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Objects {
    pub objects: Vec<Object>,
    pub bytes: u64,
    pub packed: u64,
    pub events: u64,
}

impl Load {
    /// A fraction of the load: large objects become smaller, other objects fewer.
    pub fn scaled(self, scale: f64) -> Self {
        let part = |n: usize| ((n as f64 * scale).ceil() as usize).max(1);
        match self.objects {
            0..10 => Self {
                bytes: part(self.bytes),
                ..self
            },
            n => Self {
                objects: part(n),
                ..self
            },
        }
    }

    /// The load's files; missing files are made.
    pub fn objects(&self) -> Result<Objects> {
        let Self {
            name,
            objects,
            bytes,
        } = self;
        let folder = crate::folder()?.join(format!("{name}-{objects}x{bytes}-{SEED}.{GENERATION}"));
        let list = folder.join("objects.json");
        if let Ok(list) = fs::read(&list) {
            return serde_json::from_slice(&list).context("a list of objects of our own");
        }
        eprintln!("bench: making {objects} objects of {bytes} bytes");
        fs::create_dir_all(&folder)?;
        let all: Vec<usize> = (0..*objects).collect();
        // Two threads make one half each; each object has its own seed.
        let (left, right) = all.split_at(objects / 2);
        let made = std::thread::scope(|scope| {
            let left = scope.spawn(|| self.make_all(left, &folder));
            let right = self.make_all(right, &folder)?;
            let mut made = left.join().expect("no panic while objects are made")?;
            made.extend(right);
            anyhow::Ok(made)
        })?;
        let made = Objects {
            bytes: made.iter().map(|o| o.bytes).sum(),
            events: made.iter().map(|o| o.events).sum(),
            packed: made.iter().map(|o| o.packed).sum(),
            objects: made,
        };
        fs::write(list, serde_json::to_vec(&made)?)?;
        Ok(made)
    }

    fn make_all(&self, numbers: &[usize], folder: &Path) -> Result<Vec<Object>> {
        numbers
            .iter()
            .map(|number| self.make(*number, folder))
            .collect()
    }

    fn make(&self, number: usize, folder: &Path) -> Result<Object> {
        let mut generator = Generator::new(SEED + number as u64);
        let function = &FUNCTIONS[number % FUNCTIONS.len()];
        let file = folder.join(format!("{number:06}.gz"));
        let mut gzip = GzEncoder::new(BufWriter::new(File::create(&file)?), Compression::default());
        let mut object = Object {
            key: generator.export_key(function),
            file,
            bytes: 0,
            packed: 0,
            events: 0,
        };
        let mut text = String::new();
        while object.bytes < self.bytes as u64 {
            text.clear();
            object.events += generator.exported_invocation(function, &mut text) as u64;
            gzip.write_all(text.as_bytes())?;
            object.bytes += text.len() as u64;
        }
        gzip.finish()?.flush()?;
        object.packed = fs::metadata(&object.file)?.len();
        Ok(object)
    }
}
