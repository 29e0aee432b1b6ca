//! The house rules that a compiler does not hold: who may call whom, what may be named where, and
//! how long a file or a function may be.
//!
//! Each rule is a function from text to complaints, and is shown here to complain of a bad sample.

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// A source file: its path below the repository, and its text.
struct Source {
    path: String,
    text: String,
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
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
                let path = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.push(Source { path, text });
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// The lines that are code, with their numbers: no comments, and nothing behind `#[cfg(test)]`.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end]
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
        .filter(|(_, line)| !line.trim().is_empty())
}

/// The floor of a module: what it may name is its own floor's module, and what is below.
fn floor(module: &str) -> Option<u8> {
    match module {
        "server" => Some(4),
        "routes" => Some(3),
        "http" | "storage" | "events" => Some(2),
        // What every floor may name, and what names errors at most.
        "config" | "log" | "random" | "sys" => Some(1),
        "error" => Some(0),
        _ => None,
    }
}

fn module_of(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap_or(path);
    rest.split(['/', '.']).next().unwrap_or_default()
}

/// Calls go down, never up, never sideways.
fn calls(source: &Source) -> Vec<String> {
    let from = module_of(&source.path);
    let Some(own) = floor(from) else {
        return Vec::new();
    };
    let mut complaints = Vec::new();
    for (number, line) in code(&source.text) {
        for rest in line.split("crate::").skip(1) {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let allowed = name == from || floor(&name).is_some_and(|f| f < own);
            if !allowed && !name.is_empty() {
                complaints.push(format!("{}:{number}: {from} names {name}", source.path));
            }
        }
    }
    complaints
}

/// What may be named only in some places.
const ONLY_THERE: [(&str, &[&str]); 6] = [
    ("tiny_http", &["src/server.rs", "src/server/"]),
    // `lan` reads the kernel's tables, `server` its own descriptors and a socket that was left.
    ("std::fs::read", &["src/lan.rs", "src/server/accept.rs"]),
    ("cap_std", &["src/storage/"]),
    ("println!", &[]),
    ("process::exit", &["src/main.rs"]),
    ("unsafe {", &["src/sys.rs"]),
];

fn places(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in code(&source.text) {
        for (name, there) in ONLY_THERE {
            if line.contains(name) && !there.iter().any(|place| source.path.starts_with(place)) {
                complaints.push(format!("{}:{number}: {name} is not for here", source.path));
            }
        }
    }
    complaints
}

fn lengths(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines: Vec<&str> = source.text.lines().collect();
    if lines.len() > FILE_LINES_MAX {
        complaints.push(format!("{} has {} lines", source.path, lines.len()));
    }
    let mut open: Option<(usize, usize)> = None;
    for (i, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim_start();
        let begins = words.starts_with("fn ")
            || (words.starts_with("pub") && words.contains(" fn "))
            || words.starts_with("const fn ");
        if begins && open.is_none() {
            open = Some((i, indent));
        }
        if let Some((start, column)) = open
            && indent == column
            && words.starts_with('}')
        {
            if i - start + 1 > FUNCTION_LINES_MAX {
                let length = i - start + 1;
                complaints.push(format!("{}:{}: {length} lines", source.path, start + 1));
            }
            open = None;
        }
    }
    complaints
}

fn openings(source: &Source) -> Vec<String> {
    let first = source.text.lines().next().unwrap_or_default();
    let is_vague = ["util", "helper", "common", "manager", "misc"]
        .iter()
        .any(|name| source.path.contains(&format!("/{name}")));
    let mut complaints = Vec::new();
    if !first.starts_with("//! ") {
        complaints.push(format!("{} does not open with what it is", source.path));
    }
    if is_vague {
        complaints.push(format!("{} has a name that says nothing", source.path));
    }
    complaints
}

fn dependencies(manifest: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut listed = false;
    let mut before = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            listed = line.ends_with("dependencies]");
        } else if listed
            && line.contains('=')
            && !line.starts_with('#')
            && !before.starts_with("# ")
        {
            complaints.push(format!("without a sentence: {line}"));
        }
        before = line;
    }
    complaints
}

fn assert_tidy(folder: &str, rule: fn(&Source) -> Vec<String>) {
    let complaints: Vec<String> = sources(folder).iter().flat_map(rule).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn assert_complains(rule: fn(&Source) -> Vec<String>, path: &str, text: &str) {
    let source = Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(rule(&source).len(), 1, "{path}: {text}");
}

#[test]
fn calls_go_down_the_floors() {
    assert_tidy("src", calls);
    assert_complains(calls, "src/http/gate.rs", "use crate::routes::App;");
    assert_complains(calls, "src/storage/name.rs", "use crate::http::target;");
    assert_complains(calls, "src/routes/list.rs", "fn f() { crate::server::x() }");
    assert_complains(calls, "src/error.rs", "use crate::http::refusal;");
}

#[test]
fn names_stay_in_their_places() {
    assert_tidy("src", places);
    assert_complains(places, "src/routes/list.rs", "use tiny_http::Request;");
    assert_complains(places, "src/http/body.rs", "use cap_std::fs::Dir;");
    assert_complains(places, "src/server.rs", "println!(\"x\")");
    assert_complains(places, "src/http/socket.rs", "unsafe { x() }");
}

#[test]
fn files_and_functions_are_short() {
    assert_tidy("src", lengths);
    assert_tidy("tests/it", lengths);
    assert_complains(lengths, "src/x.rs", &"//! x\n".repeat(FILE_LINES_MAX + 1));
    let long = format!(
        "fn f() {{\n{}}}\n",
        "    x();\n".repeat(FUNCTION_LINES_MAX - 1)
    );
    assert_complains(lengths, "src/x.rs", &long);
}

#[test]
fn files_open_with_what_they_are_and_are_named_for_it() {
    assert_tidy("src", openings);
    assert_tidy("tests/it", openings);
    assert_complains(openings, "src/x.rs", "use std::io;");
    assert_complains(openings, "src/http/util.rs", "//! Things.");
}

#[test]
fn each_dependency_has_its_sentence() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    assert_eq!(dependencies(&manifest.unwrap()), Vec::<String>::new());
    assert_eq!(dependencies("[dependencies]\nx = \"1\"\n").len(), 1);
}
