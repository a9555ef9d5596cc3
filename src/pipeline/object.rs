/*! One reference to an object goes in; its documents are sent as parcels, and the object waits for their verdicts. */

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::pipeline::breaker;
use crate::pipeline::breaker::BucketAttempt;
use crate::pipeline::context::PipelineContext;
use crate::pipeline::encode::{Expected, ParcelWriter};
use crate::pipeline::limits::{ReaderPermit, SMALL_CONTENT, SMALL_STORED};
use crate::pipeline::memory;
use crate::pipeline::memory::LargeReaderPermit;
use crate::pipeline::settle::{
    AwaitedVerdicts, ObjectInFlight, ReadFailure, ReadProgress, SkipReason,
};
use crate::sink::dead_letters::ObjectName;
use crate::source::decompress;
use crate::source::decompress::{ReadError, Step, Unpacked, Whole};
use crate::source::{OpenError, Opened};
use logferry_core::decode::{Decoder, KeyInfo};
use logferry_core::document::ObjectInfo;
use logferry_core::notification::ObjectRef;

/// Decompressed bytes that are processed before other tasks have their turn: half a millisecond's work.
const STEP: usize = 64 * 1024;

/// Reads an object and sends its documents. If it is not as small as its permit says, the permit changes. Returns when
/// the last parcel is sent; or at once, with how long the object's bucket is paused.
pub(crate) async fn read(
    context: &PipelineContext,
    object: &ObjectRef,
    delivery: u64,
    permit: &mut Option<ReaderPermit>,
) -> Result<ObjectInFlight, Duration> {
    let mut in_flight = ObjectInFlight::new(ObjectName {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        etag: object.etag.clone(),
        version_id: object.version_id.clone(),
    });
    let key = KeyInfo::read(&object.key, &context.read.decode.log_groups);
    in_flight.skip = skip_reason(object, &key, context.read.decode.skip_local_copies);
    if in_flight.skip.is_none() {
        let attempt = (context.breakers).admit(&object.bucket, &object.key, delivery)?;
        let _reading = ReadingGauge::count(&context.metrics);
        open_and_read(context, object, key, attempt, permit, &mut in_flight).await;
    }
    Ok(in_flight)
}

async fn open_and_read(
    context: &PipelineContext,
    object: &ObjectRef,
    key: KeyInfo,
    attempt: BucketAttempt<'_>,
    permit: &mut Option<ReaderPermit>,
    in_flight: &mut ObjectInFlight,
) {
    let opened = match context.ends.store.open(object, 0, None).await {
        Ok(opened) => opened,
        Err(OpenError::Gone) => {
            in_flight.skip = Some(SkipReason::Gone);
            return;
        }
        Err(error) => {
            let (class, reason) = breaker::not_opened(&context.metrics, object, attempt, &error);
            in_flight.failure = Some(ReadFailure { class, reason });
            return;
        }
    };
    attempt.given();
    if let Some(etag) = &opened.etag {
        Arc::make_mut(&mut in_flight.name).etag = Some(etag.clone());
    }
    let info = ObjectInfo {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        etag: in_flight.name.etag.clone(),
        last_modified: opened.last_modified,
        id_scope: key.prefix.clone(),
    };
    let read = match permit.as_ref().is_some_and(ReaderPermit::is_part) {
        true => decompress::whole(opened, SMALL_STORED, SMALL_CONTENT).await,
        false => Err(opened),
    };
    let expected = match &read {
        Ok(whole) => Expected::Small(whole.content.len()),
        Err(opened) if opened.size.is_some_and(|stored| stored > memory::SMALL) => Expected::Large,
        Err(_) => Expected::Unknown,
    };
    let is_large = matches!(expected, Expected::Large);
    let mut reader = ObjectReader {
        context,
        decoder: Decoder::of_key(key, &context.read.decode),
        writer: ParcelWriter::new(context, &info, in_flight.name.clone(), expected),
        verdicts: &mut in_flight.verdicts,
        progress: &mut in_flight.progress,
        removed: &mut in_flight.removed,
        counted: ReadProgress::default(),
    };
    let result = match read {
        Ok(whole) => reader.write_whole(whole).await,
        Err(opened) => {
            context.places.take_whole(permit).await;
            // An object that is surely large waits before it has buffers; its bytes arrive meanwhile.
            let permit = match is_large {
                true => LargeReaderPermit::acquire(&context.memory, 0).await,
                false => LargeReaderPermit::default(),
            };
            reader.stream_events(object, opened, permit).await
        }
    };
    reader.count_progress();
    in_flight.failure = result.err();
}

/// An opened object, on its way through decoder and encoder.
struct ObjectReader<'a> {
    context: &'a PipelineContext,
    decoder: Decoder,
    writer: ParcelWriter<'a>,
    verdicts: &'a mut AwaitedVerdicts,
    progress: &'a mut ReadProgress,
    removed: &'a mut bool,
    /// The progress that the metrics hold already.
    counted: ReadProgress,
}

impl ObjectReader<'_> {
    /// The hot path of small objects.
    async fn write_whole(&mut self, whole: Whole) -> Result<(), ReadFailure> {
        let limits = &self.context.read.limits;
        let bytes = whole.content.len() as u64;
        self.progress.stored_bytes = whole.stored_bytes;
        limits.check(self.progress, bytes)?;
        self.decoder
            .allow_inflated(limits.inflatable(self.progress, bytes));
        self.decoder.whole(whole.content);
        self.progress.bytes = bytes;
        self.write_events().await?;
        self.warn_of_firehose_failures();
        self.finish().await;
        Ok(())
    }

    /// The hot path: bytes → log events → documents → parcels.
    async fn stream_events(
        &mut self,
        object: &ObjectRef,
        opened: Opened,
        mut permit: LargeReaderPermit,
    ) -> Result<(), ReadFailure> {
        let context = self.context;
        let limits = &context.read.limits;
        let (store, limit) = (context.ends.store.clone(), context.memory.largest_window());
        let unpacked = Unpacked::within(store, object.clone(), opened, limit);
        let mut unpacked = match unpacked.await {
            Ok(unpacked) => unpacked,
            Err(error) => return self.end_early(error),
        };
        let mut windows = 0;
        let mut long_element: Option<OwnedSemaphorePermit> = None;
        loop {
            let is_large = self.progress.bytes > memory::SMALL || windows > 0;
            if is_large && !permit.suffices(windows) {
                // No parcel may be held while this task waits.
                self.writer.send(self.verdicts).await;
                // Given back first: two readers that hold a permit and wait for a larger one would wait for each other.
                drop(permit);
                permit = LargeReaderPermit::acquire(&context.memory, windows).await;
            }
            if !self.decoder.is_in_long_element() {
                long_element = None;
            } else if long_element.is_none() {
                self.writer.send(self.verdicts).await;
                long_element = Some(context.memory.long_element().await);
            }
            let space = self.decoder.space();
            let step = space.len().min(STEP);
            let read = unpacked.step(&mut space[..step]).await;
            self.progress.stored_bytes = unpacked.stored_bytes();
            let n = match read {
                Ok(Step::Window(bytes)) => {
                    windows = bytes;
                    unpacked.grant(bytes);
                    continue;
                }
                Ok(Step::Read(n)) => n,
                Err(error) => {
                    if error.class() == ErrorClass::Broken {
                        self.write_rest(error.is_behind_whole_members()).await;
                    }
                    self.finish().await;
                    return self.end_early(error);
                }
            };
            let more = n as u64 + self.decoder.inflated();
            if let Err(failure) = limits.check(self.progress, more) {
                self.write_rest(false).await;
                self.finish().await;
                return Err(failure);
            }
            self.decoder
                .allow_inflated(limits.inflatable(self.progress, n as u64));
            match n {
                0 => self.decoder.finish(),
                n => self.decoder.filled(n),
            }
            self.progress.bytes += n as u64;
            self.write_events().await?;
            if n == 0 {
                self.warn_of_firehose_failures();
                self.finish().await;
                return Ok(());
            }
            self.count_progress();
            // Other tasks had to wait while this step ran.
            tokio::task::yield_now().await;
        }
    }

    /// An object that was removed while it was read is no failure: what was read of it stays.
    fn end_early(&mut self, error: ReadError) -> Result<(), ReadFailure> {
        if matches!(error, ReadError::Removed) {
            *self.removed = true;
            return Ok(());
        }
        Err(ReadFailure {
            class: error.class(),
            reason: error.to_string(),
        })
    }

    /// Writes the events that the decoder has whole.
    async fn write_events(&mut self) -> Result<(), ReadFailure> {
        loop {
            match self.decoder.next() {
                Ok(Some(event)) => {
                    let (verdicts, progress) = (&mut *self.verdicts, &mut *self.progress);
                    self.writer.write(&event, verdicts, progress).await;
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.finish().await;
                    let limits = &self.context.read.limits;
                    let reason = match limits.check(self.progress, self.decoder.inflated()) {
                        Err(over) => format!("{} at byte {}", over.reason, error.offset),
                        Ok(()) => error.to_string(),
                    };
                    return Err(ReadFailure {
                        class: ErrorClass::Broken,
                        reason,
                    });
                }
            }
        }
    }

    async fn write_rest(&mut self, whole: bool) {
        self.writer
            .write_rest(&mut self.decoder, whole, self.verdicts, self.progress)
            .await;
    }

    async fn finish(&mut self) {
        self.writer.finish(self.verdicts, self.progress).await;
    }

    fn warn_of_firehose_failures(&self) {
        if let Some(error) = self.decoder.firehose_error() {
            tracing::warn!(
                records = self.decoder.counters().firehose_failures,
                error,
                "Firehose could not process these records; they were read from its report"
            );
        }
    }

    /// Moves the metrics to the progress.
    fn count_progress(&mut self) {
        let metrics = &self.context.metrics;
        self.progress.local_copies = self.decoder.counters().local_copies;
        let (progress, counted) = (*self.progress, self.counted);
        metrics.events.inc_by(progress.events - counted.events);
        (metrics.events_folded).inc_by(progress.folded - counted.folded);
        metrics.object_bytes.inc_by(progress.bytes - counted.bytes);
        (metrics.local_copies).inc_by(progress.local_copies - counted.local_copies);
        self.counted = progress;
    }
}

/// Counts an object as being read while it lives, also if its task is dropped.
struct ReadingGauge<'a>(&'a Metrics);

impl<'a> ReadingGauge<'a> {
    fn count(metrics: &'a Metrics) -> Self {
        metrics.objects_reading.inc();
        Self(metrics)
    }
}

impl Drop for ReadingGauge<'_> {
    fn drop(&mut self) {
        self.0.objects_reading.dec();
    }
}

fn skip_reason(object: &ObjectRef, key: &KeyInfo, skip_local_copies: bool) -> Option<SkipReason> {
    if key.is_write_test {
        Some(SkipReason::WriteTest)
    } else if object.key.ends_with('/') {
        Some(SkipReason::FolderMarker)
    } else if object.size == Some(0) {
        Some(SkipReason::Empty)
    } else if skip_local_copies && key.is_local_copy {
        Some(SkipReason::LocalCopy)
    } else {
        None
    }
}
