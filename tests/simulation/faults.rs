/*! The seed's plan: which faults happen, how often, and for how long; and how the workers are configured. */

use std::time::Duration;

use fastrand::Rng;
use logferry::pipeline::{BulkConfig, ObjectLimits, PipelineConfig, ReadConfig, ReceiveConfig};
use logferry::sink::BulkCompression;
use logferry_core::allow_list::BucketAllowList;
use logferry_core::decode::DecodeOptions;
use logferry_core::document::{DocumentOptions, PlatformLines};
use logferry_core::invocation::{Architecture, Prices};

/// Everything that can go wrong by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    ReceiveFails,
    ReceiveHangs,
    ReceiveEmpty,
    DeliveredTwice,
    ExtendFails,
    ExtendEntryFails,
    ReleaseFails,
    ReleaseEntryFails,
    DeleteFails,
    DeleteEntryFails,
    DeleteUnanswered,
    QueueSlow,
    OpenFails,
    OpenSlow,
    BucketDenied,
    BodyCut,
    BodyEndsEarly,
    BodyStalls,
    StorePanics,
    BulkUnreachable,
    BulkHangs,
    BulkUnanswered,
    BulkPartlyApplied,
    BulkFewerItems,
    BulkHtml,
    BulkTruncated,
    BulkThrottled,
    BulkUnauthorised,
    BulkSlow,
    ItemThrottled,
    ItemUnavailable,
    ItemBlocked,
    IndexMissing,
    FetchFails,
    FetchHangs,
    NewPrimary,
    LettersFail,
    LettersUnanswered,
    /// Virtual time jumps while the workers are stopped.
    ClockJumps,
    /// SIGKILL, SIGTERM.
    Crashes,
    Stops,
    /// Minutes to hours at once.
    ClockLeaps,
    /// Queue and store refuse every call.
    CredentialsExpired,
    /// One of two buckets refuses every object.
    OtherBucketDenied,
    OtherBucketThrottled,
    /// The bucket is in a region that was not configured.
    OtherBucketMoved,
    /// Some indices refuse every document, as under a wrong template.
    MappingConflict,
    /// All indices refuse every document.
    AllRefused,
    /// S3 refuses every request because of the caller.
    CallerRefused,
    /// A permission on the queue is missing.
    ReceiveDenied,
    DeleteDenied,
    VisibilityDenied,
    AttributesDenied,
}

use Fault::*;

const ALL: &[Fault] = &[
    ReceiveFails,
    ReceiveHangs,
    ReceiveEmpty,
    DeliveredTwice,
    ExtendFails,
    ExtendEntryFails,
    ReleaseFails,
    ReleaseEntryFails,
    DeleteFails,
    DeleteEntryFails,
    DeleteUnanswered,
    QueueSlow,
    OpenFails,
    OpenSlow,
    BucketDenied,
    BodyCut,
    BodyEndsEarly,
    BodyStalls,
    StorePanics,
    BulkUnreachable,
    BulkHangs,
    BulkUnanswered,
    BulkPartlyApplied,
    BulkFewerItems,
    BulkHtml,
    BulkTruncated,
    BulkThrottled,
    BulkUnauthorised,
    BulkSlow,
    ItemThrottled,
    ItemUnavailable,
    ItemBlocked,
    IndexMissing,
    FetchFails,
    FetchHangs,
    NewPrimary,
    LettersFail,
    LettersUnanswered,
    ClockJumps,
    Crashes,
    Stops,
];

/// Drawn on their own.
const MORE: &[Fault] = &[
    ClockLeaps,
    CredentialsExpired,
    OtherBucketDenied,
    OtherBucketThrottled,
    OtherBucketMoved,
    MappingConflict,
];

/// Drawn on their own again.
const REFUSALS: &[Fault] = &[
    AllRefused,
    CallerRefused,
    ReceiveDenied,
    DeleteDenied,
    VisibilityDenied,
    AttributesDenied,
];

impl Fault {
    /// A policy is a state: while it denies, it denies every call.
    const DENIALS: [Fault; 2] = [BucketDenied, OtherBucketDenied];

    pub const OTHER_BUCKET: [Fault; 3] =
        [OtherBucketDenied, OtherBucketThrottled, OtherBucketMoved];

    /// After these a lease may end although its worker lives.
    pub const LOSE_LEASES: &[Fault] = &[
        ReceiveHangs,
        DeliveredTwice,
        ExtendFails,
        ExtendEntryFails,
        ReleaseFails,
        ReleaseEntryFails,
        DeleteFails,
        DeleteEntryFails,
        DeleteUnanswered,
        QueueSlow,
        StorePanics,
        ClockJumps,
        ClockLeaps,
        CredentialsExpired,
        Crashes,
        Stops,
        BulkUnauthorised,
        ReceiveDenied,
        DeleteDenied,
        VisibilityDenied,
        AttributesDenied,
    ];
}

/// Faults of one kind, within a time.
#[derive(Debug, Clone)]
struct Spell {
    fault: Fault,
    rate: f64,
    from: Duration,
    to: Duration,
}

/// The plan of one seed.
#[derive(Debug, Clone)]
pub struct Plan {
    spells: Vec<Spell>,
    /// The time from which on there are no faults.
    pub faults_end: Duration,
    pub workers: usize,
    pub visibility: Duration,
    pub max_receive_count: Option<u32>,
    /// How long before the start the messages were first delivered.
    pub aged: Duration,
    /// 413 above this.
    pub max_body: usize,
    /// One document in this many is refused for good; 0: none.
    pub cursed: u64,
    /// Whether there is a store of dead letters.
    pub dead_letters: bool,
    /// Some objects lie in a second bucket.
    pub other_bucket: bool,
    /// Some objects are in a bucket that is not allowed.
    pub barred_bucket: bool,
    /// Some objects are longer than `max_object_bytes`, or are decompression bombs.
    pub over_cap: bool,
    /// Some are compressed with zstd.
    pub zstd: bool,
    /// Every object is overwritten once.
    pub overwrites: bool,
    /// Messages that do not need the second bucket are settled within this time.
    pub neighbours_within: Option<Duration>,
    pub road: PipelineConfig,
}

impl Plan {
    /// No fault at all, and nothing that could be refused.
    pub fn calm(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x000c_a1a3);
        let mut road = road(&mut rng);
        // Drawn on its own, so that the seeds stay what they were.
        if Rng::with_seed(seed ^ 0x0f01_ded0).bool() {
            road.read.document.platform_lines = PlatformLines::Folded;
        }
        Self {
            spells: Vec::new(),
            faults_end: Duration::ZERO,
            workers: 1,
            visibility: Duration::from_secs(30),
            max_receive_count: Some(8),
            aged: Duration::ZERO,
            max_body: usize::MAX,
            cursed: 0,
            dead_letters: false,
            other_bucket: false,
            barred_bucket: false,
            over_cap: false,
            zstd: false,
            overwrites: false,
            neighbours_within: None,
            road,
        }
    }

    /// A few kinds of faults, some rare, some common, some all the time for a while.
    pub fn wild(seed: u64) -> Self {
        let mut plan = Self::calm(seed);
        let mut rng = Rng::with_seed(seed ^ 0x3a17_0fa1);
        plan.faults_end = Duration::from_secs(rng.u64(20..600));
        plan.workers = if rng.u8(0..3) == 0 { 2 } else { 1 };
        plan.visibility = Duration::from_secs(*choose(&mut rng, &[5, 12, 30, 120]));
        plan.max_receive_count = *choose(&mut rng, &[Some(3), Some(5), Some(10), Some(30), None]);
        plan.max_body = *choose(&mut rng, &[usize::MAX, usize::MAX, 8 << 10, 40 << 10]);
        plan.dead_letters = rng.bool();
        plan.cursed = *choose(&mut rng, &[0, 0, 0, 300, 40]);
        for _ in 0..rng.usize(0..9) {
            let fault = *choose(&mut rng, ALL);
            let rate = *choose(&mut rng, &[0.02, 0.1, 0.1, 0.3, 0.6, 1.0]);
            plan.add(fault, rate, &mut rng);
        }
        plan.widen(seed);
        plan.refuse(seed);
        plan
    }

    /// Refusals of S3 and SQS, for a while.
    fn refuse(&mut self, seed: u64) {
        let mut rng = Rng::with_seed(seed ^ 0x0de1_11ed);
        for _ in 0..*choose(&mut rng, &[0, 0, 0, 1, 2]) {
            let fault = *choose(&mut rng, REFUSALS);
            let from = rng.f64() * self.faults_end.as_secs_f64();
            let to = (from + rng.f64() * 60.0).min(self.faults_end.as_secs_f64());
            self.spells.push(Spell {
                fault,
                rate: 1.0,
                from: Duration::from_secs_f64(from),
                to: Duration::from_secs_f64(to),
            });
        }
    }

    /// More, drawn on its own, so that the seeds without it stay what they were.
    fn widen(&mut self, seed: u64) {
        let mut rng = Rng::with_seed(seed ^ 0x00ff_ad0e);
        self.zstd = rng.u8(0..3) == 0;
        self.other_bucket = rng.u8(0..3) == 0;
        if rng.u8(0..6) == 0 {
            self.bar();
        }
        if rng.u8(0..5) == 0 {
            self.over_cap = true;
            self.road.read.limits.max_object_bytes = 48 << 10;
        }
        if rng.u8(0..8) == 0 {
            let seconds = *choose(&mut rng, &[0, 5, 20]);
            self.road.receive.until_empty = Some(Duration::from_secs(seconds));
        }
        for _ in 0..*choose(&mut rng, &[0, 0, 1, 2]) {
            let fault = *choose(&mut rng, MORE);
            let rate = match fault {
                ClockLeaps => 0.05,
                // A template is a state.
                MappingConflict => 1.0,
                _ => *choose(&mut rng, &[0.3, 1.0]),
            };
            self.other_bucket |= Fault::OTHER_BUCKET.contains(&fault);
            self.add(fault, rate, &mut rng);
        }
    }

    /// Some objects lie in a bucket that is not allowed.
    pub fn bar(&mut self) {
        self.barred_bucket = true;
        self.road.read.allowed_buckets = BucketAllowList::new(vec!["logs-of-*".to_owned()]);
    }

    fn add(&mut self, fault: Fault, rate: f64, rng: &mut Rng) {
        let end = self.faults_end.as_secs_f64();
        let (from, to) = match rng.u8(0..3) {
            0 => (0.0, end),
            _ => {
                let from = rng.f64() * end;
                (from, (from + rng.f64() * 120.0).min(end))
            }
        };
        let is_denial = Fault::DENIALS.contains(&fault);
        // A key that is denied twice while others are read in between counts as denied for good.
        if is_denial && Fault::DENIALS.iter().any(|denial| self.has(*denial)) {
            return;
        }
        self.spells.push(Spell {
            fault,
            // These faults end a worker; it needs time between them.
            rate: match fault {
                StorePanics | BulkUnauthorised => rate.min(0.1),
                _ if is_denial => 1.0,
                _ => rate,
            },
            from: Duration::from_secs_f64(from),
            to: Duration::from_secs_f64(to),
        });
    }

    /// The plan with one fault, from the beginning to `end`.
    pub fn with(mut self, fault: Fault, rate: f64, end: Duration) -> Self {
        self.faults_end = self.faults_end.max(end);
        self.spells.push(Spell {
            fault,
            rate,
            from: Duration::ZERO,
            to: end,
        });
        self
    }

    /// The plan with one fault all the time between two moments, after which there is time to get over it.
    pub fn between(mut self, fault: Fault, from: Duration, to: Duration) -> Self {
        self.faults_end = self.faults_end.max(to + Duration::from_secs(60));
        self.spells.push(Spell {
            fault,
            rate: 1.0,
            from,
            to,
        });
        self
    }

    pub fn rate(&self, fault: Fault, now: Duration) -> f64 {
        let spells = self
            .spells
            .iter()
            .filter(|s| s.fault == fault && s.from <= now && now < s.to);
        spells.map(|s| s.rate).fold(0.0, f64::max)
    }

    /// Nothing goes wrong, and nothing that cannot be settled is sent.
    pub fn is_calm(&self) -> bool {
        self.faults_end.is_zero()
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.spells.iter().any(|s| s.fault == fault)
    }
}

pub fn choose<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(0..from.len())]
}

/// The workers' configuration: such as an operator could choose, but smaller; some with less memory than they may have.
fn road(rng: &mut Rng) -> PipelineConfig {
    let objects_in_flight = *choose(rng, &[1, 2, 4, 8]);
    PipelineConfig {
        receive: ReceiveConfig {
            objects_in_flight,
            messages_in_flight: objects_in_flight * *choose(rng, &[1, 3, 20]),
            until_empty: None,
        },
        // Each object that is read needs 512 KiB; one of them is large, and parcels need the rest.
        memory: (objects_in_flight * 512 + 2816 + *choose(rng, &[0, 100, 4000])) << 10,
        bulk: BulkConfig {
            bytes: *choose(rng, &[1 << 10, 8 << 10, 64 << 10, 1 << 20]),
            linger: Duration::from_millis(*choose(rng, &[0, 10, 200, 2000])),
            in_flight: *choose(rng, &[1, 2, 4]),
            compression: BulkCompression::None,
            attempts: *choose(rng, &[1, 3, 6]),
            first_delay: Duration::from_millis(200),
            longest_delay: Duration::from_secs(*choose(rng, &[1, 30])),
        },
        drain_timeout: Duration::from_secs(*choose(rng, &[0, 2, 25])),
        bulk_timeout: Duration::from_secs(60),
        read: ReadConfig {
            allowed_buckets: BucketAllowList::default(),
            limits: ObjectLimits {
                max_object_bytes: 1 << 30,
                max_ratio: 1000,
            },
            decode: DecodeOptions {
                max_event_bytes: *choose(rng, &[2 << 10, 64 << 10]),
                ..DecodeOptions::default()
            },
            prices: Prices::builtin(Architecture::X86),
            document: DocumentOptions {
                index_prefix: "logferry".to_owned(),
                keep_original: rng.bool(),
                ..DocumentOptions::default()
            },
        },
    }
}
