/*! Flags that `worker`, `ingest` and `explain` share go in; the configurations of the pipeline and of the decoder come
out. */

use std::time::Duration;

use crate::cli::{DecodeArgs, IndexArgs, PipelineArgs, PlatformArgs};
use crate::config::ConfigErrors;
use crate::config::shared::memory::shares;
use crate::pipeline::{BulkConfig, ObjectLimits, PipelineConfig, ReadConfig, ReceiveConfig};
use crate::sink::BulkCompression;
use logferry_core::allow_list::BucketAllowList;
use logferry_core::decode::{DecodeOptions, Format, LogGroupPattern};
use logferry_core::document::{DocumentOptions, PlatformLines};
use logferry_core::invocation::{Architecture, Prices};

impl ConfigErrors {
    pub(crate) fn pipeline(
        &mut self,
        args: PipelineArgs,
        index: &IndexArgs,
    ) -> Option<PipelineConfig> {
        let timeout = self.duration("--bulk-timeout", &args.bulk_timeout);
        let prefix = self.index_prefix(&index.index_prefix);
        let decode = self.decode(&args.decode);
        let platform_lines = self.platform_lines(&args.platform);
        // None is a mistake that has been reported, Some(None) a flag that is not given.
        let objects = match &args.objects_in_flight {
            Some(objects) => (self.count("--objects-in-flight", objects, 1, 10_000)).map(Some),
            None => Some(None),
        };
        let in_flight = self.count("--bulks-in-flight", &args.bulks_in_flight, 1, 1000);
        let attempts = self.count("--bulk-attempts", &args.bulk_attempts, 1, 1000);
        let compression = self.compression(&args.bulk_compression);
        let linger = self.duration("--bulk-linger", &args.bulk_linger);
        let bulk = match &args.bulk_size {
            Some(bulk) => (self.size("--bulk-size", bulk, 1 << 16, 100 << 20)).map(Some),
            None => Some(None),
        };
        let memory = self.size("--memory", &args.memory, 8 << 20, 1 << 40);
        let shares = match (memory, objects, bulk, &decode, compression) {
            (Some(memory), Some(objects), Some(bulk), Some(decode), Some(compression)) => {
                Some(shares(
                    memory,
                    decode.max_event_bytes,
                    objects,
                    bulk,
                    !compression.is_none(),
                ))
            }
            _ => None,
        };
        if let Some(shares) = &shares {
            let (objects, least) = (shares.objects_in_flight, shares.least());
            if shares.bytes < least {
                let least = bytesize::ByteSize(least as u64).display().iec();
                self.add(
                    "--memory",
                    &args.memory,
                    &format!("is too little for {objects} objects at once, --bulk-size and --max-event-bytes: give {least} or more, or lower one of these"),
                );
            }
        }
        let longest = self.size(
            "--max-object-bytes",
            &args.max_object_bytes,
            1 << 10,
            1 << 50,
        );
        let ratio = self.count("--max-ratio", &args.max_ratio, 2, 1_000_000);
        let shares = shares?;
        Some(PipelineConfig {
            receive: ReceiveConfig {
                objects_in_flight: shares.objects_in_flight,
                messages_in_flight: shares.objects_in_flight,
                until_empty: None,
            },
            read: ReadConfig {
                allowed_buckets: BucketAllowList::default(),
                limits: ObjectLimits {
                    max_object_bytes: longest? as u64,
                    max_ratio: ratio? as u64,
                },
                decode: DecodeOptions {
                    skip_local_copies: args.skip_local_copies,
                    ..decode?
                },
                prices: Prices::builtin(Architecture::X86),
                document: DocumentOptions {
                    index_prefix: prefix,
                    keep_original: args.keep_original,
                    platform_lines: platform_lines?,
                },
            },
            bulk: BulkConfig {
                bytes: shares.bulk_bytes,
                linger: linger?,
                in_flight: in_flight?,
                compression: compression?,
                attempts: attempts?,
                first_delay: Duration::from_millis(200),
                longest_delay: Duration::from_secs(30),
            },
            memory: shares.bytes,
            bulk_timeout: timeout?,
            drain_timeout: Duration::from_secs(5),
        })
    }

    fn compression(&mut self, text: &str) -> Option<BulkCompression> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.add(
                "--bulk-compression",
                text,
                "is none of none, gzip, zstd, auto",
            );
        }
        parsed
    }

    pub(crate) fn platform_lines(&mut self, args: &PlatformArgs) -> Option<PlatformLines> {
        match &*args.platform_lines {
            "all" => Some(PlatformLines::All),
            "folded" => Some(PlatformLines::Folded),
            other => {
                self.add("--platform-lines", other, "is none of all, folded");
                None
            }
        }
    }

    pub(crate) fn decode(&mut self, args: &DecodeArgs) -> Option<DecodeOptions> {
        let format = match args.format.as_deref() {
            None => Some(None),
            Some(text) => match text.parse::<Format>() {
                Ok(format) => Some(Some(format)),
                Err(_) => {
                    self.add(
                        "--format",
                        text,
                        "is none of export, subscription, json-lines, tail, text",
                    );
                    None
                }
            },
        };
        let mut patterns = Vec::new();
        for text in &args.log_group_pattern {
            match text.parse::<LogGroupPattern>() {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.add(
                    "--log-group-pattern",
                    text,
                    &format!("is no pattern: {error}"),
                ),
            }
        }
        let event = self.size(
            "--max-event-bytes",
            &args.max_event_bytes,
            1 << 10,
            16 << 20,
        );
        // A mistake in a pattern has been reported; the options are not used then.
        Some(DecodeOptions {
            format: format?,
            max_event_bytes: event?,
            log_groups: patterns,
            ..DecodeOptions::default()
        })
    }
}
