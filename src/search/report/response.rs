/*! The aggregations of an answer, as OpenSearch writes them. `request` asks for them by the names of these fields. */

use serde::Deserialize;

use crate::search::response::Hit;

#[derive(Debug, Deserialize)]
pub struct Aggregations {
    pub now: SpanAggregations,
    #[serde(default)]
    pub before: Option<SpanAggregations>,
}

#[derive(Debug, Deserialize)]
pub struct SpanAggregations {
    #[serde(flatten)]
    pub figures: FigureAggregations,
    #[serde(default)]
    pub prices: Terms<NamedBucket>,
    pub groups: Groups,
}

#[derive(Debug, Deserialize)]
pub struct FigureAggregations {
    pub doc_count: u64,
    pub statuses: Terms<StatusBucket>,
    pub attempts: Number,
    pub cold: Filtered,
    pub cold_known: Number,
    pub init: Percentiles,
    pub duration: Percentiles,
    pub longest: Number,
    pub measured: Number,
    pub billed: Number,
    pub cost: Number,
    pub priced: Number,
    pub memory_used: Number,
    pub memory_used_p99: Percentiles,
    pub memory_size: Number,
    pub newest: Number,
}

#[derive(Debug, Deserialize)]
pub struct Groups {
    pub rows: GroupTerms,
    #[serde(default)]
    pub distinct: Option<Number>,
}

#[derive(Debug, Deserialize)]
pub struct GroupTerms {
    /// -1 if OpenSearch does not know.
    #[serde(default)]
    pub doc_count_error_upper_bound: i64,
    #[serde(default)]
    pub sum_other_doc_count: u64,
    pub buckets: Vec<GroupBucket>,
}

#[derive(Debug, Deserialize)]
pub struct GroupBucket {
    pub key: BucketKey,
    #[serde(flatten)]
    pub figures: FigureAggregations,
    #[serde(default)]
    pub over_time: Histogram,
    #[serde(default)]
    pub failed: Failed,
    #[serde(default)]
    pub sizes: Terms<SizeBucket>,
    #[serde(default)]
    pub functions: Option<Number>,
    #[serde(default)]
    pub example: Option<TopHits>,
}

/// `terms` has one key, `multi_terms` a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum BucketKey {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
pub struct Failed {
    #[serde(default)]
    pub over_time: Histogram,
    #[serde(default)]
    pub types: Terms<PairBucket>,
}

#[derive(Debug, Deserialize)]
pub struct Terms<B> {
    pub buckets: Vec<B>,
}

impl<B> Default for Terms<B> {
    fn default() -> Self {
        Self {
            buckets: Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct NamedBucket {
    pub key: String,
    pub doc_count: u64,
}

#[derive(Debug, Deserialize)]
pub struct PairBucket {
    pub key: [String; 2],
    pub doc_count: u64,
}

#[derive(Debug, Deserialize)]
pub struct StatusBucket {
    pub key: String,
    pub doc_count: u64,
    #[serde(default)]
    pub over_time: Histogram,
}

#[derive(Debug, Deserialize)]
pub struct SizeBucket {
    pub key: f64,
    pub doc_count: u64,
    pub used: Number,
    pub billed: Number,
    pub attempts: Number,
    pub cost: Number,
}

#[derive(Debug, Default, Deserialize)]
pub struct Histogram {
    pub buckets: Vec<TimeBucketAggregation>,
}

#[derive(Debug, Deserialize)]
pub struct TimeBucketAggregation {
    /// Milliseconds since 1970.
    pub key: i64,
    pub doc_count: u64,
}

#[derive(Debug, Deserialize)]
pub struct Filtered {
    pub doc_count: u64,
}

/// The value of one figure; `None` if no document has the field.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Number {
    pub value: Option<f64>,
}

impl Number {
    pub fn or_zero(self) -> f64 {
        self.value.unwrap_or_default()
    }

    /// A count: OpenSearch writes some as whole numbers, others with a fraction of zero.
    pub fn count(self) -> u64 {
        self.or_zero() as u64
    }
}

#[derive(Debug, Deserialize)]
pub struct Percentiles {
    values: PercentileValues,
}

#[derive(Debug, Deserialize)]
struct PercentileValues {
    #[serde(rename = "50.0")]
    p50: Option<f64>,
    #[serde(rename = "95.0")]
    p95: Option<f64>,
    #[serde(rename = "99.0")]
    p99: Option<f64>,
}

impl Percentiles {
    pub fn p50(&self) -> Option<f64> {
        self.values.p50
    }

    pub fn p95(&self) -> Option<f64> {
        self.values.p95
    }

    pub fn p99(&self) -> Option<f64> {
        self.values.p99
    }
}

/// The newest documents of a group.
#[derive(Debug, Deserialize)]
pub struct TopHits {
    pub hits: HitList,
}

#[derive(Debug, Deserialize)]
pub struct HitList {
    pub hits: Vec<Hit>,
}
