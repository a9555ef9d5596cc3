//! A page goes in; its headings, links, code and the programs that it says are needed come out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A code block, or code within a sentence.
#[derive(Debug, Clone)]
pub struct Code {
    pub line: usize,
    pub text: String,
    /// The language of a fenced block. `None`: an indented block, or a fence without a language.
    pub language: Option<String>,
    /// Programs that a paragraph `Needs:` or `You need` of its section, or of a section around that, names.
    pub needs: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Link {
    pub line: usize,
    pub target: String,
}

#[derive(Debug)]
pub struct Page {
    /// From the root of the repository.
    pub path: PathBuf,
    pub anchors: Vec<String>,
    pub links: Vec<Link>,
    pub blocks: Vec<Code>,
    pub inline: Vec<Code>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages, in the order of their paths. Fixtures are inputs of tests and not pages.
pub fn pages() -> Vec<Page> {
    let mut paths = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let others = ["target", "node_modules", "fixtures"];
            if path.is_dir() && !name.starts_with('.') && !others.contains(&name.as_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().map(|path| read(&path)).collect()
}

fn read(path: &Path) -> Page {
    let text = std::fs::read_to_string(path).unwrap();
    page(path.strip_prefix(root()).unwrap(), &text)
}

pub fn page(path: &Path, text: &str) -> Page {
    let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
    let mut page = Page {
        path: path.to_owned(),
        anchors: Vec::new(),
        links: Vec::new(),
        blocks: Vec::new(),
        inline: Vec::new(),
    };
    let mut taken = BTreeMap::new();
    // Programs that each open section needs, with the level of its heading; the page itself has level 0.
    let mut needs: Vec<(usize, Vec<String>)> = vec![(0, Vec::new())];
    let mut heading: Option<String> = None;
    let mut paragraph: Option<(String, Vec<String>)> = None;
    let mut block: Option<Code> = None;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let line = line_of(range.start);
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                while needs
                    .last()
                    .is_some_and(|(open, _)| *open >= level as usize)
                {
                    needs.pop();
                }
                needs.push((level as usize, Vec::new()));
                heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor_of(&heading.take().unwrap());
                let before = taken.entry(anchor.clone()).or_insert(0);
                page.anchors.push(match *before {
                    0 => anchor,
                    n => format!("{anchor}-{n}"),
                });
                *before += 1;
            }
            Event::Start(Tag::Paragraph) => paragraph = Some(Default::default()),
            Event::End(TagEnd::Paragraph) => {
                let (text, code) = paragraph.take().unwrap_or_default();
                if text.starts_with("Needs:") || text.starts_with("You need ") {
                    needs.last_mut().unwrap().1.extend(code);
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(Link {
                    line,
                    target: dest_url.into_string(),
                });
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) if !info.is_empty() => Some(info.into_string()),
                    _ => None,
                };
                let needs = needs.iter().flat_map(|(_, programs)| programs.clone());
                block = Some(Code {
                    line,
                    text: String::new(),
                    language,
                    needs: needs.collect(),
                });
            }
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
            Event::Text(text) => {
                if let Some(block) = &mut block {
                    block.text.push_str(&text);
                }
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
                if let Some((paragraph, _)) = &mut paragraph {
                    paragraph.push_str(&text);
                }
            }
            Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
                if let Some((_, code)) = &mut paragraph {
                    code.push(text.to_string());
                }
                page.inline.push(Code {
                    line,
                    text: text.into_string(),
                    language: None,
                    needs: Vec::new(),
                });
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let ids = html.split("id=\"").skip(1);
                let ids = ids.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
                page.anchors.extend(ids);
            }
            _ => {}
        }
    }
    page
}

/// The anchor that GitHub gives a heading.
fn anchor_of(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

#[test]
fn a_page_gives_its_headings_links_and_blocks() {
    let text = "\
# The `worker`, and more
Needs: `aws`.

See [there](b.md#x).

    make test

## The `worker`, and more
You need `helm` and a cluster.

```sh
helm install
```

## Next
```json
{}
```
<a id=\"old-name\"></a>
";
    let page = page(Path::new("a.md"), text);
    assert_eq!(
        page.anchors,
        [
            "the-worker-and-more",
            "the-worker-and-more-1",
            "next",
            "old-name"
        ]
    );
    assert_eq!(
        (page.links[0].line, page.links[0].target.as_str()),
        (4, "b.md#x")
    );
    let blocks: Vec<_> = page
        .blocks
        .iter()
        .map(|block| (block.line, block.language.as_deref(), block.needs.join(" ")))
        .collect();
    assert_eq!(
        blocks,
        [
            (6, None, "aws".to_owned()),
            (11, Some("sh"), "aws helm".to_owned()),
            (16, Some("json"), "aws".to_owned()),
        ]
    );
}
