//! Links between the pages, and the index of `docs`.

use std::path::{Component, Path, PathBuf};

use super::markdown::{Page, pages, root};

/// The path without `.` and `..`; `None` if it leaves the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => normal.pop().then_some(())?,
            Component::Normal(part) => normal.push(part),
            _ => {}
        }
    }
    Some(normal)
}

/// What is wrong with the link of a page, if anything is.
fn fault(page: &Page, target: &str, all: &[Page]) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    let file = match path {
        "" => page.path.clone(),
        path => match normal(&page.path.parent().unwrap().join(path)) {
            Some(file) => file,
            None => return Some("leads out of the repository".to_owned()),
        },
    };
    if !root().join(&file).exists() {
        return Some(format!("there is no {}", file.display()));
    }
    let anchor = anchor?;
    let anchors = &all.iter().find(|other| other.path == file)?.anchors;
    (!anchors.iter().any(|known| known == anchor))
        .then(|| format!("{} has no heading #{anchor}", file.display()))
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let all = pages();
    let mut faults = Vec::new();
    for page in &all {
        for link in &page.links {
            if let Some(fault) = fault(page, &link.target, &all) {
                faults.push(format!(
                    "{}:{}: {}: {fault}",
                    page.path.display(),
                    link.line,
                    link.target
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_link_to_nothing_is_found() {
    let all = pages();
    let readme = all
        .iter()
        .find(|page| page.path == Path::new("README.md"))
        .unwrap();
    for (target, wrong) in [
        ("docs/access.md#role-logferry-worker", false),
        ("https://example.com/nothing", false),
        ("docs/access.md#role-of-nobody", true),
        ("docs/nothing.md", true),
        ("#nothing", true),
        ("../nothing.md", true),
    ] {
        assert_eq!(fault(readme, target, &all).is_some(), wrong, "{target}");
    }
}

/// A reader finds every page from the index.
#[test]
fn the_index_of_docs_names_every_page() {
    let all = pages();
    let index = all
        .iter()
        .find(|page| page.path == Path::new("docs/README.md"))
        .unwrap();
    let linked: Vec<_> = index
        .links
        .iter()
        .map(|link| link.target.as_str())
        .collect();
    let pages_of_docs = all
        .iter()
        .filter(|page| page.path.parent() == Some(Path::new("docs")));
    let missing: Vec<_> = pages_of_docs
        .map(|page| page.path.file_name().unwrap().to_str().unwrap())
        .filter(|name| *name != "README.md" && !linked.contains(name))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/README.md does not name {missing:?}"
    );
}
