/*! Log groups as CloudWatch lists them go in; the groups to export come out, and the others with the reason. */

use regex::Regex;

use crate::decode::log_group;
use crate::export::{TagFilter, Tags};

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogGroup {
    pub name: String,
    pub account: String,
    pub region: String,
    /// Without the `:*` that CloudWatch puts at the end of some: the ARN that has the tags.
    pub arn: String,
    /// CloudWatch's word for the class. Servers that know no classes leave it out.
    pub class: Option<String>,
}

/// Which groups to export. The parts add up, and the tags filter what they name. Tags alone filter all groups.
#[derive(Debug, Clone, Default)]
pub struct GroupSelector {
    pub names: Vec<String>,
    pub prefixes: Vec<String>,
    /// Found anywhere in the name.
    pub patterns: Vec<Regex>,
    /// All groups below `/aws/lambda/`.
    pub all_lambda: bool,
    /// A group must have all of them.
    pub tags: Vec<TagFilter>,
}

/// A group that is not exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub name: String,
    /// Completes the sentence "the group is left out: …".
    pub reason: String,
}

/// The groups to export, in the order of their names, and the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    pub chosen: Vec<LogGroup>,
    /// Groups that the selector names and that are not exported.
    pub left_out: Vec<LeftOut>,
    /// Names that no group has.
    pub missing: Vec<String>,
    /// Names of groups that lack a tag.
    pub untagged: Vec<String>,
    /// Groups whose tags could not be read.
    pub undecided: Vec<LeftOut>,
}

/// What is known of a group's tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupTags {
    Read(Tags),
    /// The group was deleted after it was listed.
    Gone,
    /// The reason completes the sentence "the group is left out: …".
    Unreadable(String),
}

const LAMBDA: &str = "/aws/lambda/";

impl GroupSelector {
    pub fn is_empty(&self) -> bool {
        self.names_none() && self.tags.is_empty()
    }

    fn names_none(&self) -> bool {
        self.names.is_empty()
            && self.prefixes.is_empty()
            && self.patterns.is_empty()
            && !self.all_lambda
    }

    /// Adds a pattern, or says what is wrong with it.
    pub fn add_pattern(&mut self, pattern: &str) -> Result<(), String> {
        let compiled = Regex::new(pattern).map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        });
        self.patterns.push(compiled?);
        Ok(())
    }

    /// The prefixes whose groups must be listed, none of them below another. An empty prefix lists all groups.
    pub fn listed_prefixes(&self) -> Vec<&str> {
        if !self.patterns.is_empty() || (self.names_none() && !self.tags.is_empty()) {
            return vec![""];
        }
        let named = self.names.iter().chain(&self.prefixes).map(String::as_str);
        let mut prefixes: Vec<&str> = named.chain(self.all_lambda.then_some(LAMBDA)).collect();
        // A prefix sorts before the texts that begin with it.
        prefixes.sort_unstable();
        prefixes.dedup_by(|text, prefix| text.starts_with(*prefix));
        prefixes
    }

    /// Chooses among the listed groups; a group may be listed twice.
    pub fn select(&self, listed: Vec<LogGroup>) -> Selection {
        let mut listed: Vec<LogGroup> = listed
            .into_iter()
            .filter(|group| self.names(group))
            .collect();
        listed.sort();
        listed.dedup_by(|group, before| group.name == before.name);
        let is_listed = |name: &&String| listed.iter().any(|group| group.name == **name);
        let missing = self.names.iter().filter(|name| !is_listed(name));
        let mut selection = Selection {
            missing: missing.cloned().collect(),
            ..Selection::default()
        };
        for group in listed {
            match self.why_not(&group) {
                None => selection.chosen.push(group),
                Some(reason) => selection.left_out.push(LeftOut {
                    name: group.name,
                    reason,
                }),
            }
        }
        selection
    }

    /// Keeps the chosen groups that have all tags. `tags` has each chosen group once.
    pub fn filter_by_tags(
        &self,
        selection: Selection,
        tags: Vec<(LogGroup, GroupTags)>,
    ) -> Selection {
        let mut selection = Selection {
            chosen: Vec::new(),
            ..selection
        };
        for (group, tags) in tags {
            match tags {
                GroupTags::Read(tags) if self.tags.iter().all(|tag| tag.fits(&tags)) => {
                    selection.chosen.push(group);
                }
                GroupTags::Read(_) => selection.untagged.push(group.name),
                GroupTags::Gone if self.names.contains(&group.name) => {
                    selection.missing.push(group.name);
                }
                GroupTags::Gone => {}
                GroupTags::Unreadable(reason) => selection.undecided.push(LeftOut {
                    name: group.name,
                    reason,
                }),
            }
        }
        selection
    }

    /// Tags alone select among all groups.
    fn names(&self, group: &LogGroup) -> bool {
        self.names_none() || self.names_group(&group.name)
    }

    /// Whether a name, prefix or pattern fits the name of a group.
    pub fn names_group(&self, name: &str) -> bool {
        self.names.iter().any(|named| named == name)
            || self.prefixes.iter().any(|p| name.starts_with(p.as_str()))
            || self.patterns.iter().any(|pattern| pattern.is_match(name))
            || (self.all_lambda && name.starts_with(LAMBDA))
    }

    fn why_not(&self, group: &LogGroup) -> Option<String> {
        let reason = match group.class.as_deref() {
            None | Some("STANDARD") => {
                let is_copy = log_group::read(&group.name).is_local_copy;
                let is_named = self.names.contains(&group.name);
                return (is_copy && !is_named).then(|| {
                    format!(
                        "its events are in {} too; --log-group exports it all the same",
                        log_group::original_of(&group.name)
                    )
                });
            }
            Some("INFREQUENT_ACCESS") => {
                "its class is INFREQUENT_ACCESS, and CloudWatch exports only groups of class STANDARD"
            }
            Some("DELIVERY") => {
                "its class is DELIVERY, and its subscription brings the events to S3 already"
            }
            Some(other) => {
                return Some(format!(
                    "its class is {other}, and CloudWatch exports only groups of class STANDARD"
                ));
            }
        };
        Some(reason.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, class: Option<&str>) -> LogGroup {
        LogGroup {
            name: name.to_owned(),
            account: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            arn: format!("arn:aws:logs:eu-central-1:123456789012:log-group:{name}"),
            class: class.map(str::to_owned),
        }
    }

    fn listed() -> Vec<LogGroup> {
        vec![
            group("/aws/lambda/orders", Some("STANDARD")),
            group("/aws/lambda/cheap", Some("INFREQUENT_ACCESS")),
            group("/aws/lambda/direct", Some("DELIVERY")),
            group("/aws/lambda/new", Some("GLACIAL")),
            group("/aws/lambda/web/site", None),
            group("/aws/lambda/web/site.local", None),
            group("team/app", None),
            group("/aws/lambda/orders", Some("STANDARD")),
        ]
    }

    fn names(groups: &[LogGroup]) -> Vec<&str> {
        groups.iter().map(|group| group.name.as_str()).collect()
    }

    #[test]
    fn all_lambda_groups_but_other_classes_and_local_copies() {
        let selector = GroupSelector {
            all_lambda: true,
            ..GroupSelector::default()
        };
        let selection = selector.select(listed());
        assert_eq!(
            names(&selection.chosen),
            ["/aws/lambda/orders", "/aws/lambda/web/site"]
        );
        let left: Vec<(&str, &str)> = selection
            .left_out
            .iter()
            .map(|left| (left.name.as_str(), left.reason.as_str()))
            .collect();
        for (name, word) in [
            ("/aws/lambda/cheap", "INFREQUENT_ACCESS"),
            ("/aws/lambda/direct", "DELIVERY"),
            ("/aws/lambda/new", "GLACIAL"),
            ("/aws/lambda/web/site.local", "/aws/lambda/web/site too"),
        ] {
            assert!(
                left.iter()
                    .any(|(n, reason)| *n == name && reason.contains(word)),
                "{left:?}"
            );
        }
        assert_eq!(left.len(), 4);
        assert!(selection.missing.is_empty());
    }

    #[test]
    fn names_are_exact_and_a_named_local_copy_is_exported() {
        let selector = GroupSelector {
            names: [
                "/aws/lambda/web/site.local",
                "/aws/lambda/ord",
                "/aws/lambda/cheap",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..GroupSelector::default()
        };
        let selection = selector.select(listed());
        assert_eq!(names(&selection.chosen), ["/aws/lambda/web/site.local"]);
        assert_eq!(selection.missing, ["/aws/lambda/ord"]);
        assert_eq!(selection.left_out.len(), 1);
    }

    #[test]
    fn prefixes_and_patterns_add_up() {
        let selector = GroupSelector {
            prefixes: vec!["team/".to_owned()],
            patterns: vec![Regex::new("ders$").unwrap()],
            ..GroupSelector::default()
        };
        assert_eq!(
            names(&selector.select(listed()).chosen),
            ["/aws/lambda/orders", "team/app"]
        );
    }

    #[test]
    fn tags_filter_what_the_names_select() {
        let selector = GroupSelector {
            names: ["/aws/lambda/gone", "team/app"].map(str::to_owned).to_vec(),
            all_lambda: true,
            tags: ["team=orders", "live"]
                .map(|tag| TagFilter::read(tag).unwrap())
                .to_vec(),
            ..GroupSelector::default()
        };
        let tags = |text: &str| {
            let pairs = text
                .split_whitespace()
                .map(|tag| TagFilter::read(tag).unwrap());
            GroupTags::Read(
                pairs
                    .map(|tag| (tag.key, tag.value.unwrap_or_default()))
                    .collect(),
            )
        };
        let tagged = [
            ("/aws/lambda/both", tags("team=orders live=yes")),
            ("/aws/lambda/deleted", GroupTags::Gone),
            ("/aws/lambda/gone", GroupTags::Gone),
            ("/aws/lambda/none", tags("")),
            ("/aws/lambda/one", tags("team=orders")),
            ("/aws/lambda/other", tags("team=payments live=yes")),
            ("/aws/lambda/secret", GroupTags::Unreadable("no".to_owned())),
        ]
        .map(|(name, tags)| (group(name, None), tags));
        let before = selector.select(tagged.iter().map(|(group, _)| group.clone()).collect());
        assert_eq!(before.chosen.len(), tagged.len(), "tags are not known yet");
        let selection = selector.filter_by_tags(before, tagged.to_vec());
        assert_eq!(names(&selection.chosen), ["/aws/lambda/both"]);
        assert_eq!(
            selection.untagged,
            ["/aws/lambda/none", "/aws/lambda/one", "/aws/lambda/other"]
        );
        assert_eq!(selection.missing, ["team/app", "/aws/lambda/gone"]);
        assert_eq!(selection.undecided.len(), 1);
        assert_eq!(selection.undecided[0].name, "/aws/lambda/secret");
    }

    #[test]
    fn tags_alone_filter_all_groups() {
        let selector = GroupSelector {
            tags: vec![TagFilter::read("team").unwrap()],
            ..GroupSelector::default()
        };
        assert!(!selector.is_empty());
        assert_eq!(selector.listed_prefixes(), [""]);
        let selection = selector.select(listed());
        assert_eq!(
            names(&selection.chosen),
            ["/aws/lambda/orders", "/aws/lambda/web/site", "team/app"]
        );
        let named = GroupSelector {
            names: vec!["team/app".to_owned()],
            ..selector
        };
        assert_eq!(named.listed_prefixes(), ["team/app"]);
        assert_eq!(names(&named.select(listed()).chosen), ["team/app"]);
    }

    #[test]
    fn no_prefix_is_listed_twice() {
        let mut selector = GroupSelector {
            names: vec!["/aws/lambda/orders".to_owned(), "team/app".to_owned()],
            prefixes: vec!["team/".to_owned(), "/aws/lambda/ord".to_owned()],
            ..GroupSelector::default()
        };
        assert_eq!(selector.listed_prefixes(), ["/aws/lambda/ord", "team/"]);
        selector.all_lambda = true;
        assert_eq!(selector.listed_prefixes(), ["/aws/lambda/", "team/"]);
        selector.patterns.push(Regex::new("x").unwrap());
        assert_eq!(selector.listed_prefixes(), [""]);
    }
}
