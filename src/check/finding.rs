/*! One finding for each check, and the report of all. */

use serde::Serialize;

/// What a check is about, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    Settings,
    Credentials,
    Clock,
    Queue,
    Bucket,
    Opensearch,
    DeadLetters,
}

impl Area {
    pub fn as_str(self) -> &'static str {
        match self {
            Area::Settings => "settings",
            Area::Credentials => "credentials",
            Area::Clock => "clock",
            Area::Queue => "queue",
            Area::Bucket => "bucket",
            Area::Opensearch => "opensearch",
            Area::DeadLetters => "dead letters",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    /// It works, with a risk; or something could not be seen.
    Warning,
    /// The worker would not work, or would lose data.
    Fault,
    /// The check did not run.
    NotChecked,
}

impl Outcome {
    pub fn mark(self) -> &'static str {
        match self {
            Outcome::Ok => "✓",
            Outcome::Warning => "!",
            Outcome::Fault => "✗",
            Outcome::NotChecked => "–",
        }
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub outcome: Outcome,
    pub area: Area,
    /// The bucket or the node, where there may be several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A stable name.
    pub check: &'static str,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    fn new(outcome: Outcome, area: Area, check: &'static str, text: impl Into<String>) -> Self {
        Self {
            outcome,
            area,
            subject: None,
            check,
            text: text.into(),
            remedy: None,
        }
    }

    pub fn ok(area: Area, check: &'static str, text: impl Into<String>) -> Self {
        Self::new(Outcome::Ok, area, check, text)
    }

    pub fn warning(area: Area, check: &'static str, text: impl Into<String>) -> Self {
        Self::new(Outcome::Warning, area, check, text)
    }

    pub fn fault(area: Area, check: &'static str, text: impl Into<String>) -> Self {
        Self::new(Outcome::Fault, area, check, text)
    }

    pub fn not_checked(area: Area, check: &'static str, text: impl Into<String>) -> Self {
        Self::new(Outcome::NotChecked, area, check, text)
    }

    /// With what to do.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// With the bucket or the node that it is about.
    pub fn about(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    /// The text, and what to do, in one line.
    pub fn sentence(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{}: {remedy}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Findings in the order of their areas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether the worker can start.
    pub ok: bool,
    pub faults: usize,
    pub warnings: usize,
    pub not_checked: usize,
    pub findings: Vec<Finding>,
}

impl Report {
    /// With `strict`, a warning is a fault.
    pub fn new(mut findings: Vec<Finding>, strict: bool) -> Self {
        findings.sort_by_key(|finding| finding.area);
        if strict {
            let warnings = findings
                .iter_mut()
                .filter(|f| f.outcome == Outcome::Warning);
            warnings.for_each(|finding| finding.outcome = Outcome::Fault);
        }
        let count = |outcome| findings.iter().filter(|f| f.outcome == outcome).count();
        Self {
            ok: count(Outcome::Fault) == 0,
            faults: count(Outcome::Fault),
            warnings: count(Outcome::Warning),
            not_checked: count(Outcome::NotChecked),
            findings,
        }
    }

    /// The counts in words, such as `1 fault, 2 warnings`.
    pub fn summary(&self) -> String {
        let counted = |n: usize, word: &str| match n {
            0 => None,
            1 => Some(format!("1 {word}")),
            n => Some(format!("{n} {word}s")),
        };
        let parts = [
            counted(self.faults, "fault").or(Some("no faults".to_owned())),
            counted(self.warnings, "warning"),
            (self.not_checked > 0).then(|| format!("{} not checked", self.not_checked)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_faults_only_if_the_report_is_strict() {
        let findings = vec![
            Finding::warning(Area::Queue, "retention", "short"),
            Finding::ok(Area::Settings, "flags", "valid"),
            Finding::not_checked(Area::Bucket, "read", "no credentials"),
        ];
        let report = Report::new(findings.clone(), false);
        assert!(report.ok);
        assert_eq!(report.summary(), "no faults, 1 warning, 1 not checked");
        let areas: Vec<_> = report.findings.iter().map(|f| f.area).collect();
        assert_eq!(areas, [Area::Settings, Area::Queue, Area::Bucket]);
        let strict = Report::new(findings, true);
        assert!(!strict.ok);
        assert_eq!(strict.summary(), "1 fault, 1 not checked");
    }
}
