//! The files of `src` import each other without circles, so that each can be read and changed by itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use regex::Regex;

use crate::{files, root};

/// A module, by the names on its path.
type Module = Vec<String>;

/// The files, with what each imports and what it exports again.
#[derive(Default)]
struct Imports {
    of: BTreeMap<Module, Vec<Module>>,
    exported: BTreeMap<Module, BTreeMap<String, Module>>,
}

/// Returns the modules of `src`, with their texts without comments and tests.
fn modules() -> BTreeMap<Module, String> {
    let comments = Regex::new(r"(?m)//.*$").unwrap();
    let mut found = BTreeMap::new();
    for file in files(&root(), &root().join("src")) {
        let path = file.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
        let mut module: Module = path.split('/').map(str::to_owned).collect();
        let name = module.last().unwrap().clone();
        if ["tests", "fixtures", "main"].contains(&&*name) {
            continue;
        }
        module.truncate(module.len() - usize::from(["mod", "lib"].contains(&&*name)));
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let text =
            text.split("#[cfg(test)]\nmod tests").next().unwrap().split("#[cfg(test)]\npub(super) mod tests").next().unwrap();
        found.insert(module, comments.replace_all(text, "").into_owned());
    }
    found
}

/// Returns the paths in a tree of imports, such as `a::{b, c::d}`.
fn paths(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![path.trim().trim_end_matches("::self").to_owned()];
    };
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for letter in rest[..rest.rfind('}').unwrap()].chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        if letter == ',' && depth == 0 { parts.push(std::mem::take(&mut part)) } else { part.push(letter) }
    }
    parts.push(part);
    parts.retain(|part| !part.trim().is_empty());
    parts.iter().flat_map(|part| paths(&format!("{}{}", head.trim(), part.trim()))).collect()
}

impl Imports {
    fn read(files: &BTreeMap<Module, String>) -> Self {
        let uses = Regex::new(r"(?m)^\s*(pub(?:\([a-z ]+\))? )?use ([^;]+);").unwrap();
        let others = Regex::new(r"\b(?:crate|super)(?:::\w+)+").unwrap();
        let mut imports = Self::default();
        for (module, text) in files {
            let absolute = |path: &str| {
                let mut names: Vec<String> = path.split("::").map(str::to_owned).collect();
                let mut base = module.clone();
                match &*names[0] {
                    "crate" => base.clear(),
                    "self" => {}
                    "super" => _ = base.pop(),
                    child if files.contains_key(&[module.clone(), vec![child.to_owned()]].concat()) => {
                        return [base, names].concat();
                    }
                    _ => return Vec::new(),
                }
                names.remove(0);
                while names.first().is_some_and(|name| name == "super") {
                    names.remove(0);
                    base.pop();
                }
                [base, names].concat()
            };
            let of = imports.of.entry(module.clone()).or_default();
            let exported = imports.exported.entry(module.clone()).or_default();
            for tree in uses.captures_iter(text) {
                for path in paths(&tree[2]).iter().map(|path| absolute(path)).filter(|path| !path.is_empty()) {
                    exported.insert(path.last().unwrap().clone(), path.clone());
                    // A module that exports what its own modules contain does not need them.
                    of.extend(tree.get(1).is_none().then_some(path));
                }
            }
            let rest = uses.replace_all(text, "");
            of.extend(others.find_iter(&rest).map(|path| absolute(path.as_str())).filter(|path| !path.is_empty()));
        }
        imports
    }

    /// Returns the module that defines what a path names.
    fn defined(&self, path: &[String], depth: usize) -> Module {
        let known = (0..=path.len()).rev().map(|length| &path[..length]).find(|module| self.of.contains_key(*module));
        let module = known.unwrap_or_default();
        let again = path.get(module.len()).and_then(|name| self.exported.get(module)?.get(name));
        match again.filter(|again| *again != path && depth < 9) {
            Some(again) => self.defined(&[again, &path[module.len() + 1..]].concat(), depth + 1),
            None => module.to_vec(),
        }
    }

    /// Returns the modules that a module needs, directly and through others.
    fn needed(&self, module: &Module) -> BTreeSet<Module> {
        let (mut found, mut new) = (BTreeSet::new(), vec![module.clone()]);
        while let Some(next) = new.pop() {
            let needs = self.of.get(&next).into_iter().flatten().map(|path| self.defined(path, 0)).filter(|of| *of != next);
            new.extend(needs.filter(|of| found.insert(of.clone())));
        }
        found
    }
}

#[test]
fn files_import_each_other_without_circles() {
    let modules = modules();
    let imports = Imports::read(&modules);
    let needed: BTreeMap<_, _> = modules.keys().map(|module| (module, imports.needed(module))).collect();
    assert!(needed.values().map(BTreeSet::len).sum::<usize>() > 1_000, "the imports are not found");
    let circles: Vec<_> =
        needed.iter().filter(|(module, needs)| needs.contains(**module)).map(|(module, _)| module.join("::")).collect();
    assert!(circles.is_empty(), "these need themselves through others: {circles:?}");
}

#[test]
fn trees_of_imports_are_read() {
    assert_eq!(
        paths("super::{a::{B, C as D},\n    e, self}"),
        ["super::a::B", "super::a::C", "super::e", "super"].map(str::to_owned)
    );
}
