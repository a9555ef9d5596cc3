/*!
Which file imports which, read from `use` declarations and from paths in the code.

A name that a `mod.rs` re-exports counts as imported from the file that defines it. Unit tests and macros are not read.
*/

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use regex::Regex;

use crate::text::{code, is_test, sources};

/// The path of a module in its crate: `["sink", "opensearch"]`.
type ModulePath = Vec<String>;

struct Module {
    file: PathBuf,
    /// Paths of its `use` declarations, as written.
    uses: Vec<Vec<String>>,
    /// The code without these declarations.
    rest: String,
}

struct Modules(BTreeMap<ModulePath, Module>);

/// A module and a module that it imports from.
type Imports = BTreeSet<(ModulePath, ModulePath)>;

pub fn circles_of_files(root: &str) -> Vec<String> {
    let modules = Modules::read(root);
    let imports = modules.imports();
    circles(&imports)
        .iter()
        .map(|circle| {
            let inside = |path| circle.contains(path);
            for (from, to) in imports
                .iter()
                .filter(|(from, to)| inside(from) && inside(to))
            {
                println!("{} imports from {}", from.join("::"), to.join("::"));
            }
            let names = circle.iter().map(|path| path.join("::"));
            names.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// Circles between folders of the same folder; at the top between all names, files as well.
pub fn circles_of_folders(root: &str) -> Vec<String> {
    let modules = Modules::read(root);
    let imports = modules.imports();
    let deepest = modules.0.keys().map(Vec::len).max().unwrap();
    let mut found = Vec::new();
    for depth in 1..=deepest {
        let folder = |path: &ModulePath| {
            let inside = path.len() > depth || depth == 1;
            inside.then(|| path[..depth].to_vec())
        };
        let between = imports
            .iter()
            .filter_map(|(from, to)| Some((folder(from)?, folder(to)?)))
            .filter(|(from, to)| from != to && from[..depth - 1] == to[..depth - 1])
            .collect();
        for circle in circles(&between) {
            let names = circle.iter().map(|path| path.join("::"));
            found.push(names.collect::<Vec<_>>().join(" "));
        }
    }
    found
}

impl Modules {
    fn read(root: &str) -> Self {
        let declaration = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);").unwrap();
        let mut modules = BTreeMap::new();
        for (file, text) in sources(root) {
            let inside = file.strip_prefix(root).unwrap().with_extension("");
            let names = inside.iter().map(|name| name.to_str().unwrap().to_owned());
            let mut path: ModulePath = names.collect();
            if is_test(&file) || path == ["main"] || path == ["lib"] {
                continue;
            }
            if path.last().unwrap() == "mod" {
                path.pop();
            }
            let code = code(&text);
            let mut uses = Vec::new();
            for found in declaration.captures_iter(&code) {
                expand(&[], &found[1], &mut uses);
            }
            let rest = declaration.replace_all(&code, "").into_owned();
            modules.insert(path, Module { file, uses, rest });
        }
        Self(modules)
    }

    fn imports(&self) -> Imports {
        let in_code = Regex::new(r"\b\w+(?:::\w+)+").unwrap();
        let mut imports = Imports::new();
        for (path, module) in &self.0 {
            let mut names: BTreeMap<String, ModulePath> = BTreeMap::new();
            let mut targets = Vec::new();
            for used in &module.uses {
                let Some(target) = self.absolute(path, used) else {
                    continue;
                };
                if self.0.contains_key(&target) {
                    names.insert(target.last().unwrap().clone(), target.clone());
                }
                targets.push(target);
            }
            for found in in_code.find_iter(&module.rest) {
                let written: Vec<String> = found.as_str().split("::").map(str::to_owned).collect();
                let target = match names.get(&written[0]) {
                    Some(module) => Some([module, &written[1..]].concat()),
                    None => self.absolute(path, &written),
                };
                targets.extend(target);
            }
            let defined = targets.iter().filter_map(|target| self.defines(target, 0));
            imports.extend(defined.filter(|to| to != path).map(|to| (path.clone(), to)));
        }
        imports
    }

    /// From the root of the crate; nothing for paths into other crates.
    fn absolute(&self, from: &ModulePath, written: &[String]) -> Option<ModulePath> {
        let mut base = from.clone();
        let mut rest = written;
        match rest[0].as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                base.push(child.to_owned());
                self.0.get(&base)?;
                base.pop();
            }
        }
        Some([&base, rest].concat())
    }

    /// The module that defines an item; nothing for a folder as such, since its `mod.rs` only declares.
    fn defines(&self, target: &[String], hops: usize) -> Option<ModulePath> {
        let length = (1..=target.len())
            .rev()
            .find(|n| self.0.contains_key(&target[..*n]))?;
        let (path, item) = (target[..length].to_vec(), target.get(length));
        let module = &self.0[&path];
        if !module.file.ends_with("mod.rs") {
            return Some(path);
        }
        let item = item?;
        let exported = module.uses.iter().find(|used| used.last() == Some(item));
        match exported.and_then(|used| self.absolute(&path, used)) {
            Some(target) if hops < 8 => self.defines(&target, hops + 1),
            _ => Some(path),
        }
    }
}

/// The paths of one `use` declaration: `a::{b, c::{d, e}}` gives `a::b`, `a::c::d` and `a::c::e`.
fn expand(prefix: &[String], tree: &str, paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if tree.is_empty() {
        return;
    }
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, Some(group.trim_end().strip_suffix('}').unwrap())),
        None => (tree.split(" as ").next().unwrap(), None),
    };
    let names = head
        .split("::")
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let mut path = prefix.to_vec();
    path.extend(names.map(str::to_owned));
    let Some(group) = group else {
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        if !path.is_empty() {
            paths.push(path);
        }
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                expand(&path, &group[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    expand(&path, &group[start..], paths);
}

/// Groups of modules that reach each other.
fn circles(imports: &Imports) -> Vec<Vec<ModulePath>> {
    let mut reached: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
    for (from, _) in imports {
        let mut open = vec![from];
        let mut seen = BTreeSet::new();
        while let Some(module) = open.pop() {
            let next = imports
                .iter()
                .filter(|(from, _)| from == module)
                .map(|(_, to)| to);
            open.extend(next.filter(|to| seen.insert(*to)));
        }
        reached.insert(from, seen);
    }
    let mut circles: Vec<Vec<ModulePath>> = Vec::new();
    for (from, seen) in &reached {
        let back = |to: &&&ModulePath| reached.get(**to).is_some_and(|seen| seen.contains(from));
        let circle: Vec<ModulePath> = seen.iter().filter(back).map(|to| (*to).clone()).collect();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

#[test]
fn a_use_declaration_is_expanded() {
    let mut paths = Vec::new();
    expand(&[], "crate::a::{self, b as c, d::{e,\n f},\n}", &mut paths);
    let written: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        written,
        [
            "crate::a",
            "crate::a::b",
            "crate::a::d::e",
            "crate::a::d::f"
        ]
    );
}
