/*!
Deliberately wrong workers: the real pipeline with one end that lies to it, each a mistake that log shippers have made.
If the invariants miss one of them, they prove nothing.
*/

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use logferry::pipeline::Ends;
use logferry::sink::{Index, IndexError, Stored};
use logferry_core::bulk::{Bulk, DocumentToResend, Verdict};
use logferry_core::decode::KeyInfo;

use crate::driver::Wrap;
use crate::faults::{Fault, Plan};
use crate::index::SimIndex;
use crate::seeds::Case;
use crate::sim::Wire;
use crate::world::World;
use crate::wrong_ends::{Fib, Trick, no_letters, queue, store};

const MINUTE: Duration = Duration::from_secs(60);

/// A wrong worker, and the faults under which an invariant must catch it.
pub struct Wrong {
    pub name: &'static str,
    pub wrap: Wrap,
    pub plan: fn(u64) -> Plan,
    /// Whether it can be caught only if some messages cannot be settled.
    pub trouble: bool,
}

impl Wrong {
    pub fn case(&self, seed: u64) -> Case {
        let case = Case::new((self.plan)(seed));
        match self.trouble {
            true => case.with_trouble(),
            false => case,
        }
    }
}

/// A plan without faults: only the worker is wrong.
fn calm(seed: u64) -> Plan {
    Plan::calm(seed)
}

fn throttled(seed: u64) -> Plan {
    Plan::calm(seed).with(Fault::ItemThrottled, 0.3, MINUTE)
}

/// Bulks last longer than a visibility timeout.
fn slow(seed: u64) -> Plan {
    let mut plan = Plan::calm(seed).with(Fault::BulkHangs, 0.5, 2 * MINUTE);
    plan.visibility = Duration::from_secs(5);
    plan
}

fn cut(seed: u64) -> Plan {
    Plan::calm(seed).with(Fault::BodyCut, 0.8, MINUTE)
}

/// Bodies stall, and meanwhile every object is overwritten.
fn overwritten(seed: u64) -> Plan {
    let mut plan = Plan::calm(seed).with(Fault::BodyStalls, 1.0, 2 * MINUTE);
    plan.overwrites = true;
    plan
}

/// Leases expire because extensions fail.
fn leases_end(seed: u64) -> Plan {
    slow(seed).with(Fault::ExtendFails, 0.8, 2 * MINUTE)
}

/// The bucket denies everything for a while.
fn denied(seed: u64) -> Plan {
    let mut plan = Plan::calm(seed).with(Fault::BucketDenied, 1.0, MINUTE);
    plan.dead_letters = true;
    plan
}

/// Nothing can be deleted for a while.
fn undeletable(seed: u64) -> Plan {
    Plan::calm(seed).with(Fault::DeleteDenied, 1.0, MINUTE)
}

/// Some documents are refused and become dead letters.
fn refused(seed: u64) -> Plan {
    let mut plan = Plan::calm(seed);
    plan.faults_end = MINUTE;
    plan.cursed = 10;
    plan.dead_letters = true;
    plan
}

pub const ALL: &[Wrong] = &[
    Wrong {
        name: "deletes before documents are settled",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::AnswersAtOnce),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "ignores the items of an answer",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::AllIndexed),
        plan: throttled,
        trouble: false,
    },
    Wrong {
        name: "looks for \"errors\":true",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::Substring),
        plan: throttled,
        trouble: false,
    },
    Wrong {
        name: "takes a conflict for a refusal",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::ConflictRefused),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "overwrites summaries",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::Overwrites),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "keeps the first part of a summary",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::FirstPartStands),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "lets the index choose ids",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::OwnIds),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "names events by their chunk too",
        wrap: |ends, wire, world| index(ends, wire, world, Lie::ChunkInIds),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "reads Records[0] only",
        wrap: |ends, _, _| queue(ends, Fib::FirstRecord),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "keeps the + of keys",
        wrap: |ends, _, _| queue(ends, Fib::LostPlus),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "has no heartbeat",
        wrap: |ends, _, _| queue(ends, Fib::NoHeartbeat),
        plan: slow,
        trouble: false,
    },
    Wrong {
        name: "never releases",
        wrap: |ends, _, _| queue(ends, Fib::NoRelease),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "deletes what it releases",
        wrap: |ends, _, _| queue(ends, Fib::DeletesInstead),
        plan: throttled,
        trouble: false,
    },
    Wrong {
        name: "reads one gzip member",
        wrap: |ends, _, _| store(ends, Trick::OneMember),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "takes a broken body for a short one",
        wrap: |ends, _, _| store(ends, Trick::ShortBody),
        plan: cut,
        trouble: false,
    },
    Wrong {
        name: "resumes at the beginning",
        wrap: |ends, _, _| store(ends, Trick::FromTheBeginning),
        plan: cut,
        trouble: false,
    },
    Wrong {
        name: "resumes whatever is there now",
        wrap: |ends, _, _| store(ends, Trick::AnyVersion),
        plan: overwritten,
        trouble: false,
    },
    Wrong {
        name: "deletes by a handle that it has lost",
        wrap: |ends, _, _| queue(ends, Fib::NeverLost),
        plan: leases_end,
        trouble: false,
    },
    Wrong {
        name: "extends without end and never deletes",
        wrap: |ends, _, _| queue(ends, Fib::HoldsForever),
        plan: calm,
        trouble: false,
    },
    Wrong {
        name: "condemns a key at its first refusal",
        wrap: |ends, _, _| store(ends, Trick::CondemnsAtOnce),
        plan: denied,
        trouble: false,
    },
    Wrong {
        name: "takes a delete that is denied for one that failed",
        wrap: |ends, _, _| queue(ends, Fib::DeniedIsFailed),
        plan: undeletable,
        trouble: false,
    },
    Wrong {
        name: "says that dead letters are written",
        wrap: |ends, _, _| no_letters(ends),
        plan: refused,
        trouble: true,
    },
];

#[derive(Clone, Copy, PartialEq)]
enum Lie {
    AnswersAtOnce,
    AllIndexed,
    Substring,
    ConflictRefused,
    Overwrites,
    FirstPartStands,
    OwnIds,
    ChunkInIds,
}

struct LyingIndex {
    honest: Arc<SimIndex>,
    lie: Lie,
}

fn index(ends: Ends, wire: &Wire, world: &Arc<World>, lie: Lie) -> Ends {
    let honest = Arc::new(SimIndex {
        server: world.index.clone(),
        wire: wire.clone(),
    });
    Ends {
        index: Arc::new(LyingIndex { honest, lie }),
        ..ends
    }
}

/// The bulk with some action lines changed.
fn rewritten(bulk: &Bulk, rewrite: impl Fn(usize, &str) -> Option<String>) -> Bulk {
    let keep: Vec<DocumentToResend> = bulk
        .documents()
        .iter()
        .enumerate()
        .map(|(document, sent)| {
            let action = String::from_utf8_lossy(bulk.action(sent));
            let lines =
                rewrite(document, &action).map(|a| (a.into_bytes(), bulk.source(sent).to_vec()));
            DocumentToResend { document, lines }
        })
        .collect();
    bulk.rebuild(&keep)
}

#[async_trait]
impl Index for LyingIndex {
    async fn version(&self) -> Result<String, IndexError> {
        self.honest.version().await
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        let all = |status: Verdict| vec![status; bulk.documents().len()];
        match self.lie {
            Lie::AnswersAtOnce => {
                let (honest, bulk) = (self.honest.clone(), bulk.clone());
                tokio::spawn(async move { honest.bulk(&bulk).await });
                Ok(all(Verdict::Indexed))
            }
            Lie::AllIndexed => self.honest.bulk(bulk).await.map(|_| all(Verdict::Indexed)),
            Lie::Substring => {
                let answer = self.honest.answer(bulk).await?;
                let retry = || Verdict::Retryable {
                    status: 200,
                    reason: String::new(),
                };
                Ok(all(if answer.contains("\"errors\":true") {
                    retry()
                } else {
                    Verdict::Indexed
                }))
            }
            Lie::ConflictRefused => {
                let statuses = self.honest.bulk(bulk).await?;
                let refused = || Verdict::Rejected {
                    status: 409,
                    reason: String::new(),
                };
                Ok(statuses
                    .into_iter()
                    .map(|s| {
                        if s == Verdict::AlreadyThere {
                            refused()
                        } else {
                            s
                        }
                    })
                    .collect())
            }
            Lie::Overwrites => {
                let blind = rewritten(bulk, |document, action| {
                    bulk.documents()[document]
                        .placed
                        .merge
                        .then(|| action.replacen("create", "index", 1))
                });
                self.honest.bulk(&blind).await
            }
            Lie::FirstPartStands => {
                let statuses = self.honest.bulk(bulk).await?;
                let there = |s| {
                    if s == Verdict::AlreadyThere {
                        Verdict::Indexed
                    } else {
                        s
                    }
                };
                Ok(statuses.into_iter().map(there).collect())
            }
            Lie::OwnIds => {
                let number = self.honest.wire.sim.steps();
                let ids = rewritten(bulk, |document, action| {
                    let (head, _) = action.split_once("\"_id\":\"")?;
                    Some(format!("{head}\"_id\":\"own-{number}-{document}\"}}}}"))
                });
                self.honest.bulk(&ids).await
            }
            Lie::ChunkInIds => {
                let ids = rewritten(bulk, |document, action| {
                    let sent = &bulk.documents()[document];
                    let source: serde_json::Value =
                        serde_json::from_slice(bulk.source(sent)).ok()?;
                    let key = source["aws"]["s3"]["key"].as_str()?;
                    let chunk = KeyInfo::read(key, &[]).chunk?;
                    Some(action.replacen("\"}}", &format!("{chunk}\"}}}}"), 1))
                });
                self.honest.bulk(&ids).await
            }
        }
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        self.honest.fetch(wanted).await
    }
}
