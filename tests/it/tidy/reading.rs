//! Reads sources for the house's rules: which lines are code, and which paths they name.
//!
//! It reads text, not Rust: what a macro would write is beyond it, and a string is read as code.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file: its path below the repository, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Where the manifest lies.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust sources below a folder of the repository.
pub fn sources(folder: &str) -> Vec<Source> {
    let root = repository();
    let mut ahead = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(at) = ahead.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(at)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                ahead.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.push(Source {
                    path: path.to_owned(),
                    text,
                });
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// The lines that are code, with their numbers: no comments, and no module of tests.
pub fn code(text: &str) -> Vec<(usize, &str)> {
    let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    let mut code = Vec::new();
    let mut is_of_tests = false;
    while let Some((number, line)) = lines.next() {
        if is_of_tests && line.starts_with("mod ") {
            // The module stands elsewhere, or ends where it began: at the margin.
            while !line.ends_with(';') && lines.next().is_some_and(|(_, line)| line != "}") {}
        } else if !line.trim_start().starts_with("//") {
            code.push((number, line.split(" // ").next().unwrap_or_default()));
        }
        is_of_tests = line == "#[cfg(test)]";
    }
    code
}

/// Every path that is named, with its line; the groups of `use` are written out.
pub fn paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // What each open brace stands behind: the beginning of a path, or nothing.
    let mut open: Vec<Option<String>> = Vec::new();
    for (number, line) in code(text) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let is_in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let mut end = rest.find(|c| !is_in_path(c)).unwrap_or(rest.len());
            if end > 0 && rest[end..].starts_with('!') && !rest[end..].starts_with("!=") {
                end += 1;
            }
            let prefix = open.last().cloned().flatten().unwrap_or_default();
            let path = format!("{prefix}{}", &rest[..end]);
            let begins_group = end > 0 && path.ends_with("::") && rest[end..].starts_with('{');
            match first {
                _ if begins_group => {
                    open.push(Some(path));
                    rest = &rest[end + 1..];
                    continue;
                }
                '{' => open.push(None),
                '}' => drop(open.pop()),
                _ if end > 0 => found.push((number, path)),
                _ => {}
            }
            rest = &rest[end.max(first.len_utf8())..];
        }
    }
    found
}

/// Whether a path is, or goes through, what is named.
pub fn goes_through(path: &str, name: &str) -> bool {
    format!("::{path}::").contains(&format!("::{name}::"))
}

#[test]
fn paths_are_found_however_they_are_written() {
    let text = "use a::{b, c::{d, e as f}, g};\nfn h() { if !x { i::j!(k) } } // l::m\n\
                #[cfg(test)]\nmod tests {\n    n::o();\n}\n#[cfg(test)]\nmod p;\nq::r();\n";
    let found = paths(text);
    let named = |path: &str| found.iter().find(|(_, p)| p == path).map(|(line, _)| *line);
    for (path, line) in [
        ("a::b", 1),
        ("a::c::d", 1),
        ("a::g", 1),
        ("i::j!", 2),
        ("q::r", 9),
    ] {
        assert_eq!(named(path), Some(line), "{path}: {found:?}");
    }
    for absent in ["l::m", "n::o", "p"] {
        assert_eq!(named(absent), None, "{absent}: {found:?}");
    }
}
