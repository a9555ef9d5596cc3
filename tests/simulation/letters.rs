/*! A simulated store of dead letters: by name, so that letters written again replace the earlier ones. */

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use logferry::sink::dead_letters::{DeadLetter, DeadLetterError, DeadLetterFile, DeadLetters};

use crate::faults::Fault;
use crate::history::What;
use crate::index::Place;
use crate::sim::{Wire, lock};

const LATENCY: Duration = Duration::from_millis(100);

#[derive(Default)]
pub struct LetterServer {
    letters: Mutex<BTreeMap<String, Vec<DeadLetter>>>,
    /// Names that a worker knows to be safe.
    told: Mutex<Vec<(u32, String)>>,
}

impl LetterServer {
    fn any(&self, worker: Option<u32>, is: impl Fn(&DeadLetter) -> bool) -> bool {
        let letters = lock(&self.letters);
        let told = lock(&self.told);
        let mut named = letters
            .iter()
            .filter(|(_, letters)| letters.iter().any(&is));
        named.any(|(name, _)| {
            worker.is_none_or(|w| told.iter().any(|(by, n)| *by == w && n == name))
        })
    }

    /// Whether this document is among the dead letters; with a worker, whether that one knows.
    pub fn has_document(&self, place: &Place, worker: Option<u32>) -> bool {
        self.any(worker, |letter| {
            letter.kind == "document"
                && (letter.index.as_ref(), letter.id.as_ref()) == (Some(&place.0), Some(&place.1))
        })
    }

    /// Whether this object is.
    pub fn has_object(&self, key: &str, worker: Option<u32>) -> bool {
        self.any(worker, |letter| {
            letter.kind == "object" && letter.key == key
        })
    }

    /// What all letters are about: kind, key, and the document's place.
    pub fn all(&self) -> Vec<(String, String, Option<Place>)> {
        let letters = lock(&self.letters);
        let about = |l: &DeadLetter| {
            (
                l.kind.to_string(),
                l.key.clone(),
                l.index.clone().zip(l.id.clone()),
            )
        };
        letters.values().flatten().map(about).collect()
    }
}

/// One worker's client of the store.
pub struct SimLetters {
    pub server: Arc<LetterServer>,
    pub wire: Wire,
}

#[async_trait]
impl DeadLetters for SimLetters {
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError> {
        let sim = &self.wire.sim;
        let failed = |why: &str| DeadLetterError::new(format!("simulated: {why}"));
        self.wire.there(LATENCY).await;
        if sim.strikes(Fault::LettersFail) {
            return Err(failed("HTTP 503"));
        }
        for letter in &letters.letters {
            self.wire.note(What::Buried {
                kind: match &*letter.kind {
                    "object" => "object",
                    _ => "document",
                },
                key: letter.key.clone(),
                reason: letter.reason.clone(),
            });
        }
        lock(&self.server.letters).insert(letters.name.clone(), letters.letters.clone());
        if sim.strikes(Fault::LettersUnanswered) {
            tokio::time::sleep(Duration::from_secs(30)).await;
            return Err(failed("timeout"));
        }
        self.wire.back(LATENCY).await;
        lock(&self.server.told).push((self.wire.worker, letters.name.clone()));
        Ok(())
    }
}
