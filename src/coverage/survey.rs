/*! A listing goes in, page by page; the finding about each object goes to its log group. Memory depends on the page. */

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream;

use crate::coverage::{Examiner, Groups, answered};
use crate::search::{SearchClient, SearchError};
use crate::sink::IndexError;
use crate::source::listing::feed::next_page;
use crate::source::listing::{ListError, Listed, Lister, Selection};
use logferry_core::coverage::{
    Finding, FindingRules, GroupCoverage, ListedObject, ObjectEvidence, first_look,
};
use logferry_core::decode::KeyInfo;
use logferry_core::export::Window;

/// Objects that are read at the same time.
const READERS: usize = 8;
/// Prefixes of export tasks in one request.
const PREFIXES: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum CoverageError {
    /// Other listings may succeed.
    #[error(transparent)]
    Listing(#[from] ListError),
    #[error("the documents cannot be counted: {0}")]
    Search(#[from] SearchError),
    #[error("documents cannot be asked for: {0}")]
    Index(#[from] IndexError),
}

/// Judges the objects of listings.
pub struct Surveyor {
    pub search: SearchClient,
    pub examiner: Examiner,
    pub rules: FindingRules,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// An object of the range, and what is known about it.
struct Candidate {
    listed: Listed,
    key: KeyInfo,
    evidence: ObjectEvidence,
}

impl Candidate {
    /// `None` for objects that are no logs: CloudWatch's write tests, folder markers.
    fn new(listed: Listed, now: i64) -> Option<Self> {
        let key = KeyInfo::read(&listed.object.key, &[]);
        if key.is_write_test || listed.object.key.ends_with('/') {
            return None;
        }
        Some(Self {
            evidence: ObjectEvidence {
                size: listed.object.size,
                age: listed
                    .last_modified
                    .map(|stored| now.saturating_sub(stored)),
                is_local_copy: key.is_local_copy,
                ..ObjectEvidence::default()
            },
            listed,
            key,
        })
    }

    fn object(&self) -> ListedObject<'_> {
        ListedObject {
            key: &self.listed.object.key,
            size: self.listed.object.size.unwrap_or(0),
            last_modified: self.listed.last_modified,
            task: self.key.export_task_id.as_deref(),
        }
    }
}

impl Surveyor {
    /// Judges all objects of a listing. `judged` gets the numbers of objects and of missing ones after each page.
    pub async fn survey(
        &self,
        lister: &dyn Lister,
        groups: &mut Groups,
        judged: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), CoverageError> {
        let (range, bucket) = (groups.range, groups.bucket.clone());
        let all = Selection::default();
        let mut cursor = None;
        loop {
            let page = next_page(lister, &all, cursor.as_deref()).await?;
            let candidates = page.objects.into_iter();
            let candidates = candidates.filter_map(|listed| Candidate::new(listed, self.now));
            let candidates: Vec<Candidate> = candidates
                .filter(|candidate| groups.of(&candidate.key).holds(&candidate.object(), range))
                .collect();
            let (mut objects, mut missing) = (0, 0);
            let counts = self.documents(&bucket, &candidates).await?;
            let findings = stream::iter(candidates).map(|candidate| self.judge(candidate, &counts));
            let mut findings = findings.buffered(READERS);
            while let Some(found) = findings.next().await {
                let (candidate, finding) = found?;
                objects += 1;
                missing += u64::from(matches!(finding, Finding::Missing(_)));
                let group = groups.of(&candidate.key);
                group.add(candidate.object(), finding, candidate.evidence.documents);
            }
            judged(objects, missing);
            cursor = page.through.or(cursor);
            if !page.more {
                return Ok(());
            }
        }
    }

    async fn documents(
        &self,
        bucket: &str,
        candidates: &[Candidate],
    ) -> Result<HashMap<String, u64>, SearchError> {
        if candidates.is_empty() {
            return Ok(HashMap::new());
        }
        let keys = candidates.iter().map(|c| c.listed.object.key.as_str());
        let keys: Vec<&str> = keys.collect();
        let counted = || self.search.documents_of_objects(bucket, &keys);
        answered(counted, SearchError::is_retryable).await
    }

    async fn judge(
        &self,
        mut candidate: Candidate,
        documents: &HashMap<String, u64>,
    ) -> Result<(Candidate, Finding), IndexError> {
        let object = &candidate.listed.object;
        let evidence = ObjectEvidence {
            documents: documents.get(&object.key).copied().unwrap_or(0),
            is_dead_letter: (self.examiner.letters).has_object(&object.bucket, &object.key),
            ..candidate.evidence
        };
        let finding = match first_look(&evidence, &self.rules) {
            Some(finding) => finding,
            None => {
                let reading = self.examiner.read(object).await?;
                reading.finding(&evidence, &self.rules)
            }
        };
        candidate.evidence = evidence;
        Ok((candidate, finding))
    }

    /// Judges the windows without objects: whether documents name objects of their tasks, below this prefix.
    pub async fn judge_windows(
        &self,
        group: &mut GroupCoverage,
        prefix: &str,
        oldest: Option<i64>,
        delay: i64,
    ) -> Result<(), SearchError> {
        let in_doubt = group.windows_in_doubt(oldest, delay);
        let in_doubt = in_doubt.map(|w| (w.window(), format!("{prefix}/{}/", w.task)));
        let (windows, prefixes): (Vec<Window>, Vec<String>) = in_doubt.unzip();
        let mut judged = Vec::with_capacity(windows.len());
        for (windows, prefixes) in windows.chunks(PREFIXES).zip(prefixes.chunks(PREFIXES)) {
            let counted = || self.search.documents_below(&group.bucket, prefixes);
            let counts = answered(counted, SearchError::is_retryable).await?;
            judged.extend(windows.iter().copied().zip(counts));
        }
        group.judge_windows(judged);
        Ok(())
    }
}
