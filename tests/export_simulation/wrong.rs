//! Wrong exporters, as people have written them: the simulation must catch each.

use std::sync::Arc;

use async_trait::async_trait;

use logferry::export::{LogsApi, LogsError, Page};
use logferry_core::export::{ExportTask, LogGroup, Tags, Target, TaskStatus, Window, WindowRules};

use crate::run::{Fault, Setting, run};
use crate::world::DAY;

/// Takes a task that was created for one that is completed.
pub struct CompletedAtOnce(pub Arc<dyn LogsApi>);

#[async_trait]
impl LogsApi for CompletedAtOnce {
    async fn groups(&self, prefix: &str, page: Option<&str>) -> Result<Page<LogGroup>, LogsError> {
        self.0.groups(prefix, page).await
    }

    async fn tags(&self, group: &LogGroup) -> Result<Option<Tags>, LogsError> {
        self.0.tags(group).await
    }

    async fn create(&self, target: &Target, window: Window) -> Result<String, LogsError> {
        self.0.create(target, window).await
    }

    async fn task(&self, id: &str) -> Result<Option<ExportTask>, LogsError> {
        let task = self.0.task(id).await?;
        Ok(task.map(|task| ExportTask {
            status: TaskStatus::Completed,
            ..task
        }))
    }

    async fn tasks(
        &self,
        status: Option<TaskStatus>,
        page: Option<&str>,
    ) -> Result<Page<ExportTask>, LogsError> {
        self.0.tasks(status, page).await
    }

    async fn cancel(&self, id: &str) -> Result<(), LogsError> {
        self.0.cancel(id).await
    }
}

/// Reads only the first page of the groups.
pub struct FirstPage(pub Arc<dyn LogsApi>);

#[async_trait]
impl LogsApi for FirstPage {
    async fn groups(&self, prefix: &str, page: Option<&str>) -> Result<Page<LogGroup>, LogsError> {
        let page = self.0.groups(prefix, page).await?;
        Ok(Page { next: None, ..page })
    }

    async fn tags(&self, group: &LogGroup) -> Result<Option<Tags>, LogsError> {
        self.0.tags(group).await
    }

    async fn create(&self, target: &Target, window: Window) -> Result<String, LogsError> {
        self.0.create(target, window).await
    }

    async fn task(&self, id: &str) -> Result<Option<ExportTask>, LogsError> {
        self.0.task(id).await
    }

    async fn tasks(
        &self,
        status: Option<TaskStatus>,
        page: Option<&str>,
    ) -> Result<Page<ExportTask>, LogsError> {
        self.0.tasks(status, page).await
    }

    async fn cancel(&self, id: &str) -> Result<(), LogsError> {
        self.0.cancel(id).await
    }
}

/// The first fault that the seeds show.
fn caught(setting: &Setting) -> Fault {
    let found = (0..12).find_map(|seed| run(seed, setting).into_iter().next());
    found.expect("a wrong exporter is caught")
}

fn rules() -> WindowRules {
    Setting::default().rules
}

#[test]
fn a_checkpoint_that_advances_before_the_task_is_completed_is_caught() {
    let fault = caught(&Setting {
        completed_at_once: true,
        ..Setting::default()
    });
    assert!(matches!(fault, Fault::Missed { .. }), "{fault:?}");
}

#[test]
fn windows_without_an_overlap_are_caught() {
    let rules = WindowRules {
        overlap: 0,
        ..rules()
    };
    let fault = caught(&Setting {
        rules,
        ..Setting::default()
    });
    assert!(matches!(fault, Fault::Missed { .. }), "{fault:?}");
}

#[test]
fn windows_that_end_now_are_caught() {
    let rules = WindowRules {
        lateness: 0,
        ..rules()
    };
    let fault = caught(&Setting {
        rules,
        ..Setting::default()
    });
    assert!(matches!(fault, Fault::Missed { .. }), "{fault:?}");
}

#[test]
fn a_checkpoint_that_is_put_blindly_is_caught() {
    let fault = caught(&Setting {
        exporters: 2,
        blind: true,
        ..Setting::default()
    });
    assert!(matches!(fault, Fault::Backwards(_)), "{fault:?}");
}

#[test]
fn groups_behind_the_first_page_are_missed_and_that_is_caught() {
    let fault = caught(&Setting {
        first_page: true,
        ..Setting::default()
    });
    assert!(
        matches!(fault, Fault::Behind { hours: None, .. }),
        "{fault:?}"
    );
}

#[test]
fn a_year_of_history_of_all_groups_is_split_and_exported() {
    let setting = Setting {
        days: 6,
        faults: false,
        rules: WindowRules {
            initial: 365 * DAY,
            ..rules()
        },
        ..Setting::default()
    };
    let found = run(1, &setting);
    assert!(found.is_empty(), "{found:?}");
}
