/*! The queues and stores of the wrong workers, which lie to them. */

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use logferry::error_class::ErrorClass;
use logferry::pipeline::Ends;
use logferry::sink::dead_letters::{DeadLetterError, DeadLetterFile, DeadLetters};
use logferry::source::{
    Attributes, Depth, Handle, Message, OpenError, Opened, Outcome, Queue, QueueError, Store,
    StoreError,
};
use logferry_core::notification::ObjectRef;

#[derive(Clone, Copy, PartialEq)]
pub enum Fib {
    FirstRecord,
    LostPlus,
    NoHeartbeat,
    NoRelease,
    DeletesInstead,
    NeverLost,
    HoldsForever,
    DeniedIsFailed,
}

struct LyingQueue {
    honest: Arc<dyn Queue>,
    fib: Fib,
}

pub fn queue(ends: Ends, fib: Fib) -> Ends {
    Ends {
        queue: Arc::new(LyingQueue {
            honest: ends.queue,
            fib,
        }),
        ..ends
    }
}

fn first_record(body: &str) -> Option<String> {
    let mut value: serde_json::Value = serde_json::from_str(body).ok()?;
    value.get_mut("Records")?.as_array_mut()?.truncate(1);
    Some(value.to_string())
}

#[async_trait]
impl Queue for LyingQueue {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        self.honest.attributes().await
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        let mut messages = self.honest.receive(at_most).await?;
        for message in &mut messages {
            match self.fib {
                Fib::FirstRecord => {
                    message.body = first_record(&message.body).unwrap_or(message.body.clone())
                }
                Fib::LostPlus => message.body = message.body.replace('+', "%2B"),
                _ => {}
            }
        }
        Ok(messages)
    }

    async fn extend(
        &self,
        handles: &[Handle],
        visibility: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        match self.fib {
            Fib::NoHeartbeat => Ok(vec![Outcome::Done; handles.len()]),
            Fib::NeverLost => {
                let _ = self.honest.extend(handles, visibility).await;
                Ok(vec![Outcome::Done; handles.len()])
            }
            _ => self.honest.extend(handles, visibility).await,
        }
    }

    async fn release(
        &self,
        handles: &[Handle],
        delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        match self.fib {
            Fib::NoRelease => Ok(vec![Outcome::Done; handles.len()]),
            Fib::DeletesInstead => self.honest.delete(handles).await,
            _ => self.honest.release(handles, delay).await,
        }
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        let failed = vec![Outcome::Failed("simulated".to_owned()); handles.len()];
        match self.fib {
            Fib::HoldsForever => {}
            Fib::DeniedIsFailed => {
                return Ok(match self.honest.delete(handles).await {
                    Ok(outcomes) if !matches!(outcomes[0], Outcome::Fatal(_)) => outcomes,
                    _ => failed,
                });
            }
            _ => return self.honest.delete(handles).await,
        }
        let (honest, handles) = (self.honest.clone(), handles.to_vec());
        tokio::spawn(async move {
            loop {
                let _ = honest.extend(&handles, Duration::from_secs(30)).await;
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        });
        Ok(failed)
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        self.honest.depth().await
    }
}

/// A store that confirms dead letters without storing them.
struct NoLetters;

pub fn no_letters(ends: Ends) -> Ends {
    Ends {
        dead_letters: Some(Arc::new(NoLetters)),
        ..ends
    }
}

#[async_trait]
impl DeadLetters for NoLetters {
    async fn write(&self, _letters: &DeadLetterFile) -> Result<(), DeadLetterError> {
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Trick {
    OneMember,
    ShortBody,
    FromTheBeginning,
    AnyVersion,
    CondemnsAtOnce,
}

struct LyingStore {
    honest: Arc<dyn Store>,
    trick: Trick,
}

pub fn store(ends: Ends, trick: Trick) -> Ends {
    Ends {
        store: Arc::new(LyingStore {
            honest: ends.store,
            trick,
        }),
        ..ends
    }
}

/// The length of the first gzip member; of other bytes, all of them.
fn first_member(bytes: &[u8]) -> usize {
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    match std::io::copy(&mut decoder, &mut std::io::sink()) {
        Ok(_) => bytes.len() - decoder.into_inner().len(),
        Err(_) => bytes.len(),
    }
}

async fn whole(opened: Opened) -> Result<(Bytes, Opened), OpenError> {
    let Opened {
        mut chunks,
        etag,
        last_modified,
        size,
    } = opened;
    let mut bytes = Vec::new();
    while let Some(chunk) = futures_util::StreamExt::next(&mut chunks).await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok((
        bytes.into(),
        Opened {
            chunks,
            etag,
            last_modified,
            size,
        },
    ))
}

#[async_trait]
impl Store for LyingStore {
    async fn open(
        &self,
        object: &ObjectRef,
        from: u64,
        etag: Option<&str>,
    ) -> Result<Opened, OpenError> {
        match self.trick {
            Trick::AnyVersion => {
                let opened = self.honest.open(object, from, None).await?;
                Ok(Opened {
                    etag: etag.map(str::to_owned).or(opened.etag.clone()),
                    ..opened
                })
            }
            Trick::CondemnsAtOnce => {
                let opened = self.honest.open(object, from, etag).await;
                opened.map_err(|error| match error {
                    OpenError::Denied(reason) => StoreError::new(ErrorClass::Broken, reason).into(),
                    error => error,
                })
            }
            Trick::FromTheBeginning => self.honest.open(object, 0, etag).await,
            Trick::ShortBody => {
                let opened = self.honest.open(object, from, etag).await?;
                let until_broken = futures_util::StreamExt::take_while(opened.chunks, |chunk| {
                    std::future::ready(chunk.is_ok())
                });
                Ok(Opened {
                    chunks: Box::pin(until_broken),
                    size: None,
                    ..opened
                })
            }
            Trick::OneMember => {
                let (bytes, opened) = whole(self.honest.open(object, from, etag).await?).await?;
                let first = bytes.slice(..first_member(&bytes));
                let chunks = Box::pin(futures_util::stream::iter([Ok(first)]));
                Ok(Opened {
                    chunks,
                    size: None,
                    ..opened
                })
            }
        }
    }
}
