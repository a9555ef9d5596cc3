/*! A report goes in; a line for each finding, or one JSON object, comes out. */

use std::io::Write;

use console::style;

use crate::check::{Finding, Outcome, Report};
use crate::commands::shared::table::{Table, harmless};

pub(super) fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    let text = match json {
        true => format!("{}\n", serde_json::to_string_pretty(report)?),
        false => lines(report),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn lines(report: &Report) -> String {
    let mut table = Table::new(&["", "", "", ""]);
    for finding in &report.findings {
        table.row(row(finding));
    }
    let mut out = String::new();
    // A sentence is never cut: what to do is at its end.
    table.write(&mut out, usize::MAX);
    out.push_str(&format!("\n  {}\n", report.summary()));
    out
}

fn row(finding: &Finding) -> [String; 4] {
    let mark = finding.outcome.mark();
    let mark = match finding.outcome {
        Outcome::Ok => style(mark).green(),
        Outcome::Warning => style(mark).yellow(),
        Outcome::Fault => style(mark).red().bold(),
        Outcome::NotChecked => style(mark).dim(),
    };
    let sentence = match &finding.subject {
        Some(subject) => format!("{subject}: {}", finding.sentence()),
        None => finding.sentence(),
    };
    [
        mark.to_string(),
        finding.area.as_str().to_owned(),
        finding.check.to_owned(),
        harmless(&sentence),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Area;

    #[test]
    fn a_line_for_each_finding() {
        let findings = vec![
            Finding::ok(Area::Queue, "retention", "messages are kept for 14days"),
            Finding::fault(
                Area::Bucket,
                "notification",
                "the bucket notifies nobody of new objects",
            )
            .remedy("add a queue configuration")
            .about("logs"),
            Finding::not_checked(Area::Bucket, "read", "the bucket cannot be listed")
                .about("more\u{1b}[2J"),
            Finding::warning(Area::Opensearch, "disk", "node a uses 91 % of its disk")
                .remedy("add disk"),
        ];
        let report = Report::new(findings, false);
        insta::assert_snapshot!(lines(&report));
        insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
    }
}
