/*! A question and the aggregations of its answer go in; the report comes out. Pure. */

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::search::error::SearchError;
use crate::search::report::answer::{
    ErrorExample, Figures, GroupCount, GroupKey, PriceCount, Quantiles, ReasonCount, Report, Row,
    StatusCounts, TimeBucket, TotalBucket,
};
use crate::search::report::memory::{MemoryUse, SizeBill};
use crate::search::report::order;
use crate::search::report::question::{GroupBy, ReportQuestion};
use crate::search::report::response::{
    Aggregations, BucketKey, FigureAggregations, GroupBucket, GroupTerms, Histogram, NamedBucket,
    PairBucket, SizeBucket, SpanAggregations, StatusBucket, TopHits,
};
use crate::search::report::time_steps::{bucket_count, bucket_index};
use logferry_core::document::stored::StoredInvocation;
use logferry_core::invocation::{Architecture, Prices};

pub fn report(question: &ReportQuestion, answer: Aggregations) -> Result<Report, SearchError> {
    let SpanAggregations {
        figures: total,
        prices,
        groups,
    } = answer.now;
    let prices: Vec<PriceCount> = prices.buckets.into_iter().map(price_count).collect();
    let reader = Reader {
        question,
        gb_seconds_of_a_request: gb_seconds_of_a_request(&prices),
    };
    let count = group_count(
        &groups.rows,
        groups.distinct.map(|distinct| distinct.count()),
    );
    let mut rows = Vec::new();
    for bucket in groups.rows.buckets {
        rows.push(reader.row(bucket)?);
    }
    let over_time = reader.total_over_time(&total.statuses.buckets);
    let (mut before_total, mut before_groups) = (None, None);
    if let Some(before) = answer.before {
        before_total = Some(figures(&before.figures));
        let distinct = before.groups.distinct.map(|distinct| distinct.count());
        before_groups = Some(group_count(&before.groups.rows, distinct));
        let all_are_read = count.left_out_invocations == 0;
        reader.compare(&mut rows, all_are_read, before.groups.rows);
    }
    order::sort(&mut rows, question.sort);
    Ok(Report {
        by: question.by,
        sort: question.sort,
        span: question.span,
        before_span: question.before,
        step_ms: question.step_ms,
        total: figures(&total),
        before_total,
        over_time,
        rows,
        groups: count,
        before_groups,
        prices,
    })
}

struct Reader<'a> {
    question: &'a ReportQuestion,
    gb_seconds_of_a_request: f64,
}

impl Reader<'_> {
    fn row(&self, bucket: GroupBucket) -> Result<Row, SearchError> {
        let memory = bucket.sizes.buckets.iter().map(|size| self.memory(size));
        let types = bucket.failed.types.buckets.into_iter();
        Ok(Row {
            now: figures(&bucket.figures),
            before: None,
            over_time: self.over_time(&bucket.over_time, &bucket.failed.over_time),
            reasons: types.map(reason_count).collect(),
            memory: memory.collect(),
            functions: bucket.functions.map(|functions| functions.count()),
            example: bucket.example.map(example).transpose()?.flatten(),
            key: self.key(bucket.key),
        })
    }

    /// A group that had invocations in the span before only.
    fn gone(&self, key: GroupKey) -> Row {
        Row {
            key,
            now: Figures::default(),
            before: None,
            over_time: self.over_time(&Histogram::default(), &Histogram::default()),
            reasons: Vec::new(),
            memory: Vec::new(),
            functions: None,
            example: None,
        }
    }

    /// Gives each row its figures of the span before, and adds the groups that are gone.
    /// A group that may have been left out of a span is neither new nor gone.
    fn compare(&self, rows: &mut Vec<Row>, all_are_read: bool, before: GroupTerms) {
        let all_were_read = before.sum_other_doc_count == 0;
        let mut figures_before: BTreeMap<GroupKey, Figures> = (before.buckets.into_iter())
            .map(|bucket| (self.key(bucket.key), figures(&bucket.figures)))
            .collect();
        for row in rows.iter_mut() {
            let known = figures_before.remove(&row.key);
            row.before = known.or_else(|| all_were_read.then(Figures::default));
        }
        if all_are_read {
            for (key, before) in figures_before {
                rows.push(Row {
                    before: Some(before),
                    ..self.gone(key)
                });
            }
        }
    }

    fn key(&self, key: BucketKey) -> GroupKey {
        let (first, second) = match key {
            BucketKey::One(name) => (name, None),
            BucketKey::Several(names) => {
                let mut names = names.into_iter();
                (names.next().unwrap_or_default(), names.next())
            }
        };
        // Documents without the field are counted under the empty text.
        let named = |name: String| (!name.is_empty()).then_some(name);
        let second = second.and_then(named);
        match self.question.by {
            GroupBy::Function => GroupKey::Function {
                function: named(first),
            },
            GroupBy::Version => GroupKey::Version {
                function: named(first),
                version: second,
            },
            GroupBy::Error => GroupKey::Error {
                status: first,
                error_type: second,
            },
            GroupBy::Account => GroupKey::Account {
                account: named(first),
            },
            GroupBy::Region => GroupKey::Region {
                region: named(first),
            },
        }
    }

    fn over_time(&self, all: &Histogram, failed: &Histogram) -> Vec<TimeBucket> {
        let mut buckets = self.buckets(|start| TimeBucket {
            start,
            invocations: 0,
            failed: 0,
        });
        self.fill(&mut buckets, all, |bucket, count| {
            bucket.invocations += count
        });
        self.fill(&mut buckets, failed, |bucket, count| bucket.failed += count);
        buckets
    }

    fn total_over_time(&self, statuses: &[StatusBucket]) -> Vec<TotalBucket> {
        let mut buckets = self.buckets(|start| TotalBucket {
            start,
            statuses: StatusCounts::default(),
        });
        for StatusBucket { key, over_time, .. } in statuses {
            self.fill(&mut buckets, over_time, |bucket, count| {
                if let Some(of_status) = bucket.statuses.of(key) {
                    *of_status += count;
                }
            });
        }
        buckets
    }

    /// One bucket for each step of the span.
    fn buckets<B>(&self, bucket: impl Fn(Timestamp) -> B) -> Vec<B> {
        let ReportQuestion { span, step_ms, .. } = self.question;
        let since = span.since.as_millisecond();
        (0_i64..)
            .take(bucket_count(*span, *step_ms))
            .map(|index| Timestamp::from_millisecond(since + index * step_ms))
            .map_while(Result::ok)
            .map(bucket)
            .collect()
    }

    fn fill<B>(&self, buckets: &mut [B], histogram: &Histogram, add: impl Fn(&mut B, u64)) {
        let ReportQuestion { span, step_ms, .. } = self.question;
        for counted in &histogram.buckets {
            let index = bucket_index(*span, *step_ms, counted.key);
            if let Some(bucket) = index.and_then(|index| buckets.get_mut(index)) {
                add(bucket, counted.doc_count);
            }
        }
    }

    fn memory(&self, size: &SizeBucket) -> MemoryUse {
        let bill = SizeBill {
            size_mb: size.key,
            used_mb: size.used.value,
            billed_ms: size.billed.or_zero(),
            requests: size.attempts.or_zero(),
            cost_usd: size.cost.or_zero(),
            gb_seconds_of_a_request: self.gb_seconds_of_a_request,
        };
        MemoryUse {
            size_mb: size.key,
            invocations: size.doc_count,
            used_mb: size.used.value,
            cost_usd: bill.cost_usd,
            smaller: bill.smaller(),
        }
    }
}

fn figures(read: &FigureAggregations) -> Figures {
    let mut statuses = StatusCounts::default();
    for bucket in &read.statuses.buckets {
        if let Some(count) = statuses.of(&bucket.key) {
            *count += bucket.doc_count;
        }
    }
    let duration = &read.duration;
    let quantiles = duration.p50().zip(duration.p95()).zip(duration.p99());
    let errors = statuses.failed();
    let ended = read.doc_count.saturating_sub(statuses.incomplete);
    let (cold_starts, cold_start_known) = (read.cold.doc_count, read.cold_known.count());
    let size = read.memory_size.value;
    let used = read.memory_used.value;
    let used_of_size = used.zip(size.filter(|size| *size > 0.0));
    Figures {
        invocations: read.doc_count,
        statuses,
        errors,
        error_rate: share(errors, ended),
        attempts: read.attempts.count(),
        cold_starts,
        cold_start_known,
        cold_start_rate: share(cold_starts, cold_start_known),
        init_p95_ms: read.init.p95(),
        duration_ms: quantiles.map(|((p50, p95), p99)| Quantiles { p50, p95, p99 }),
        longest_ms: read.longest.value,
        measured: read.measured.count(),
        billed_ms: read.billed.or_zero(),
        cost_usd: read.cost.or_zero(),
        priced: read.priced.count(),
        memory_used_max_mb: used,
        memory_used_p99_mb: read.memory_used_p99.p99(),
        memory_size_mb: size,
        memory_used_share: used_of_size.map(|(used, size)| used / size),
        newest: (read.newest.value).and_then(|ms| Timestamp::from_millisecond(ms as i64).ok()),
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn group_count(rows: &GroupTerms, distinct: Option<u64>) -> GroupCount {
    let read = rows.buckets.len() as u64;
    let left_out = rows.sum_other_doc_count;
    GroupCount {
        read,
        about: distinct.filter(|distinct| left_out > 0 && *distinct > read),
        left_out_invocations: left_out,
        missing_at_most: match left_out {
            // Each shard returned all of its groups.
            0 => Some(0),
            _ => u64::try_from(rows.doc_count_error_upper_bound).ok(),
        },
    }
}

/// An upper bound of savings takes the cheaper request, unless all prices are those of arm64.
fn gb_seconds_of_a_request(prices: &[PriceCount]) -> f64 {
    let is_arm =
        |price: &PriceCount| Architecture::of_price(&price.price) == Some(Architecture::Arm);
    let architecture = if !prices.is_empty() && prices.iter().all(is_arm) {
        Architecture::Arm
    } else {
        Architecture::X86
    };
    Prices::builtin(architecture).gb_seconds_of_a_request()
}

fn price_count(NamedBucket { key, doc_count }: NamedBucket) -> PriceCount {
    PriceCount {
        price: key,
        invocations: doc_count,
    }
}

fn reason_count(PairBucket { key, doc_count }: PairBucket) -> ReasonCount {
    let [status, error_type] = key;
    ReasonCount {
        status,
        error_type: (!error_type.is_empty()).then_some(error_type),
        invocations: doc_count,
    }
}

fn example(found: TopHits) -> Result<Option<ErrorExample>, SearchError> {
    let Some(hit) = found.hits.hits.first() else {
        return Ok(None);
    };
    let StoredInvocation {
        faas, invocation, ..
    } = hit.document()?;
    Ok(Some(ErrorExample {
        function: faas.name.map(|name| name.into_owned()),
        request_id: faas.invocation_id.map(|id| id.into_owned()),
        first_error: invocation.first_error.map(|text| text.into_owned()),
    }))
}
