/*! The evidence about one object goes in; whether the object is settled, waits, is missing or is in doubt comes out. */

/// What is known of an object before it is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObjectEvidence {
    /// Stored bytes, if the listing tells them.
    pub size: Option<u64>,
    /// Milliseconds since S3 stored it, if the listing tells it.
    pub age: Option<i64>,
    /// Log documents that name the object.
    pub documents: u64,
    /// A dead letter says that the object cannot be read to its end.
    pub is_dead_letter: bool,
    /// The object is of the local copy of a Web Function's log group.
    pub is_local_copy: bool,
}

/// Documents that the events of an object have, by whether the index holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// In the index, under the name of this object or of another one that holds the same events.
    pub present: u64,
    /// Not in the index, and a dead letter has them.
    pub dead_letters: u64,
    /// Not in the index, and of a day that the retention has deleted.
    pub expired: u64,
    /// Their index is closed.
    pub closed: u64,
    /// Not in the index, without any such reason.
    pub absent: u64,
    pub end: ReadEnd,
}

/// Why a reading ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReadEnd {
    /// At the end of the object.
    #[default]
    Whole,
    /// At the first absent document: that decides.
    Decided,
    /// The object was deleted meanwhile.
    Gone,
    /// The object cannot be opened: archived, or no permission.
    Refused(String),
    /// The object is damaged, or holds no logs.
    Broken(String),
}

/// The operator's rules for findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingRules {
    /// Every object is read, also one that documents name.
    pub verify: bool,
    /// A younger object waits for a worker. Milliseconds.
    pub grace: i64,
    /// The store of dead letters was read.
    pub knows_dead_letters: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    Settled(SettledBy),
    /// Not settled, and too young to be missing.
    Waiting(String),
    /// Not settled: the reason.
    Missing(String),
    /// Nobody can tell: the reason.
    Doubtful(String),
}

/// The evidence that an object is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettledBy {
    Documents,
    /// All its events are indexed under the names of other objects: windows overlap.
    OtherObjects,
    /// It holds no events.
    NoEvents,
    DeadLetter,
}

/// The finding about an object that need not be read; `None` if it must be.
pub fn first_look(evidence: &ObjectEvidence, rules: &FindingRules) -> Option<Finding> {
    if evidence.is_dead_letter {
        Some(Finding::Settled(SettledBy::DeadLetter))
    } else if evidence.size == Some(0) {
        Some(Finding::Settled(SettledBy::NoEvents))
    } else if evidence.documents > 0 && !rules.verify {
        Some(Finding::Settled(SettledBy::Documents))
    } else {
        None
    }
}

impl Reading {
    /// The finding about the object that was read.
    pub fn finding(&self, evidence: &ObjectEvidence, rules: &FindingRules) -> Finding {
        if self.absent > 0 {
            let reason = match self.present {
                0 => "none of its documents is there".to_owned(),
                present => {
                    format!("a document behind the first {present} is not there")
                }
            };
            return unsettled(reason, evidence, rules);
        }
        match &self.end {
            ReadEnd::Gone => {
                return Finding::Doubtful("it was deleted after it was listed".to_owned());
            }
            ReadEnd::Refused(reason) => {
                return Finding::Doubtful(format!("it cannot be opened: {reason}"));
            }
            ReadEnd::Broken(reason) if rules.knows_dead_letters => {
                let reason =
                    format!("it cannot be read to its end, and no dead letter says so: {reason}");
                return unsettled(reason, evidence, rules);
            }
            ReadEnd::Broken(reason) => {
                return Finding::Doubtful(format!(
                    "it cannot be read to its end; --dead-letters tells whether a worker has said so: {reason}"
                ));
            }
            ReadEnd::Whole | ReadEnd::Decided => {}
        }
        if self.expired > 0 {
            let reason = "its documents are of days that --retain-logs deletes";
            return Finding::Doubtful(reason.to_owned());
        }
        if self.closed > 0 {
            return Finding::Doubtful("its documents are of closed indices".to_owned());
        }
        Finding::Settled(match self {
            _ if self.dead_letters > 0 => SettledBy::DeadLetter,
            _ if self.present == 0 => SettledBy::NoEvents,
            _ if evidence.documents > 0 => SettledBy::Documents,
            _ => SettledBy::OtherObjects,
        })
    }
}

fn unsettled(reason: String, evidence: &ObjectEvidence, rules: &FindingRules) -> Finding {
    if evidence.is_local_copy {
        let why = "a local copy, which a worker with --skip-local-copies leaves out";
        return Finding::Doubtful(why.to_owned());
    }
    match evidence.age {
        Some(age) if age < rules.grace => Finding::Waiting(reason),
        _ => Finding::Missing(reason),
    }
}
