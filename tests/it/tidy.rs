//! The house rules that a compiler does not hold: who may call whom, what may be named where, how
//! long a file or a function may be, and that no test is left out or skipped.
//!
//! Each rule is a function from text to complaints, and is shown here to complain of bad samples.

mod reading;

use std::fs;

use reading::{Source, code, goes_through, paths, repository, sources};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// What every floor may name, and what names errors at most.
const GROUND: [&str; 5] = ["config", "error", "log", "random", "sys"];

/// The modules that each may name beside itself: calls go down the floors, never up or sideways.
const CALLS: [(&str, &[&str]); 15] = [
    (
        "server",
        &["routes", "http", "storage", "events", "confinement"],
    ),
    // A route tells this machine's address for others.
    ("routes", &["http", "storage", "events", "access", "lan"]),
    ("access", &[]),
    ("http", &[]),
    ("storage", &[]),
    ("events", &[]),
    // The binary's own; no floor knows of it.
    ("options", &[]),
    ("lan", &[]),
    ("terminal", &[]),
    ("confinement", &[]),
    ("config", &[]),
    ("error", &[]),
    ("log", &[]),
    ("random", &[]),
    ("sys", &[]),
];

/// What may be named only in some places.
const ONLY_THERE: [(&str, &[&str]); 14] = [
    ("tiny_http", &["src/server.rs", "src/server/"]),
    ("cap_std", &["src/storage/"]),
    // `http` sends files that are open; `lan` reads `/proc/net`, `accept` `/proc/self/fd`, and
    // `listener` removes the socket that an earlier run has left; `access` reads its accounts;
    // `broken` is in no build but that of the unit tests.
    (
        "std::fs",
        &[
            "src/storage/",
            "src/http/",
            "src/access/file.rs",
            "src/routes/broken.rs",
            "src/lan.rs",
            "src/server/accept.rs",
            "src/server/listener.rs",
        ],
    ),
    // `accept` looks at its own descriptors, `socket` has the kernel copy a file out.
    (
        "rustix::fs",
        &[
            "src/storage/",
            "src/confinement.rs",
            "src/server/accept.rs",
            "src/http/socket.rs",
        ],
    ),
    (
        "File::open",
        &["src/storage/", "src/lan.rs", "src/access/file.rs"],
    ),
    ("File::create", &["src/storage/"]),
    ("OpenOptions", &["src/storage/"]),
    ("print!", &[]),
    ("println!", &[]),
    ("eprint!", &[]),
    ("eprintln!", &[]),
    ("stdout", &["src/main.rs"]),
    ("stderr", &["src/main.rs"]),
    ("process::exit", &["src/main.rs"]),
];

/// The lint that forbids `unsafe` is in the manifest; this is who may lift it.
const UNSAFE: (&str, &str) = ("unsafe_code", "src/sys.rs");

fn module_of(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap_or(path);
    rest.split(['/', '.']).next().unwrap_or_default()
}

/// The modules that a file lies in, its own among them.
fn depth(path: &str) -> usize {
    path.matches('/').count() - usize::from(path.ends_with("/mod.rs"))
}

fn calls(source: &Source) -> Vec<String> {
    let from = module_of(&source.path);
    // The binary may use everything, and the library's first page has nothing to call with.
    if from == "main" || from == "lib" {
        return Vec::new();
    }
    let Some((_, below)) = CALLS.iter().find(|(module, _)| *module == from) else {
        return vec![format!("{}: {from} is on no floor", source.path)];
    };
    let may_name = |name: &str| {
        let is_ground = GROUND.contains(&from);
        name == from
            || below.contains(&name)
            || if is_ground {
                name == "error"
            } else {
                GROUND.contains(&name)
            }
    };
    let mut complaints = Vec::new();
    for (number, path) in paths(&source.text) {
        let up = path.split("::").take_while(|step| *step == "super").count();
        let named = path
            .strip_prefix("crate::")
            .and_then(|rest| rest.split("::").next());
        if up >= depth(&source.path) || named.is_some_and(|name| !may_name(name)) {
            complaints.push(format!("{}:{number}: {from} names {path}", source.path));
        }
    }
    complaints
}

fn places(source: &Source) -> Vec<String> {
    // A module of tests that has a file of its own.
    if source.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    let unsafe_there: [&str; 1] = [UNSAFE.1];
    let rules = ONLY_THERE.iter().map(|(name, there)| (*name, *there));
    let rules: Vec<(&str, &[&str])> = rules.chain([(UNSAFE.0, &unsafe_there[..])]).collect();
    for (number, path) in paths(&source.text) {
        for (name, there) in &rules {
            let is_there = there.iter().any(|place| source.path.starts_with(place));
            if goes_through(&path, name) && !is_there {
                complaints.push(format!("{}:{number}: {path} is not for here", source.path));
            }
        }
    }
    complaints
}

/// Whether a line begins a function whose body goes on below it.
fn begins_function(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| {
        word.starts_with("pub") || ["const", "async", "unsafe", "extern", "\"C\""].contains(word)
    });
    words.next() == Some("fn") && !line.ends_with(['}', ';'])
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
        if open.is_none() && begins_function(line) {
            open = Some((i, indent));
        }
        if let Some((start, column)) = open
            && indent == column
            && line.trim_start().starts_with('}')
        {
            let length = i - start + 1;
            if length > FUNCTION_LINES_MAX {
                complaints.push(format!("{}:{}: {length} lines", source.path, start + 1));
            }
            open = None;
        }
    }
    complaints
}

fn openings(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    if !source.text.starts_with("//! ") {
        complaints.push(format!("{} does not open with what it is", source.path));
    }
    let vague = [
        "util", "utils", "helper", "helpers", "common", "manager", "misc",
    ];
    let modules = code(&source.text).into_iter().filter_map(|(_, line)| {
        let declared = line.trim_end_matches([';', '{', ' ']);
        declared
            .trim_start()
            .rsplit_once("mod ")
            .map(|(_, name)| name)
    });
    let names = modules.chain(source.path.split(['/', '.', '_']));
    if names.into_iter().any(|name| vague.contains(&name)) {
        complaints.push(format!("{} has a name that says nothing", source.path));
    }
    complaints
}

/// Tests wait for what they want to see, and none is passed over.
fn waits(source: &Source) -> Vec<String> {
    // Where a server is killed, or its power cut, at a random moment, that is what is waited for.
    let may_sleep = [
        "tests/it/durable.rs",
        "tests/it/power.rs",
        "tests/it/tus_survives.rs",
    ]
    .contains(&source.path.as_str());
    // The samples of this rule.
    if source.path == "tests/it/tidy.rs" {
        return Vec::new();
    }
    let is_bad = |path: &str| goes_through(path, "sleep") && !may_sleep || path == "ignore";
    let found = paths(&source.text)
        .into_iter()
        .filter(|(_, path)| is_bad(path));
    found
        .map(|(number, path)| format!("{}:{number}: {path}", source.path))
        .collect()
}

fn dependencies(manifest: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut listed = false;
    let mut before = "";
    for line in manifest.lines() {
        let is_table = line.starts_with('[');
        if is_table {
            listed = line.ends_with("dependencies]");
        }
        let is_one = listed && line.contains('=') || is_table && line.contains("dependencies.");
        if is_one && !line.starts_with('#') && !before.starts_with("# ") {
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
    for (path, text) in [
        ("src/http/gate.rs", "use crate::routes::App;"),
        (
            "src/http/sse.rs",
            "use crate::{error::Error, events::Record};",
        ),
        ("src/events/hub.rs", "fn f() { crate::storage::x() }"),
        ("src/storage/name.rs", "use crate::http::target;"),
        ("src/storage/name.rs", "use super::super::routes;"),
        ("src/routes/list.rs", "fn f() { crate::server::x() }"),
        ("src/server/roll.rs", "use crate::options::help;"),
        ("src/server.rs", "use super::lan;"),
        ("src/lan.rs", "use crate::server::Server;"),
        ("src/error.rs", "use crate::http::refusal;"),
        ("src/attic.rs", "fn f() {}"),
    ] {
        assert_complains(calls, path, text);
    }
}

#[test]
fn names_stay_in_their_places() {
    assert_tidy("src", places);
    for (path, text) in [
        ("src/routes/list.rs", "use tiny_http::Request;"),
        ("src/http/body.rs", "use cap_std::fs::Dir;"),
        ("src/routes/list.rs", "use std::{fs, io};"),
        ("src/events/log.rs", "std::fs::write(a, b)"),
        ("src/routes/files.rs", "use rustix::fs::{statat};"),
        ("src/http/response.rs", "let file = File::open(path)?;"),
        ("src/http/response.rs", "OpenOptions::new()"),
        ("src/server.rs", "println!(\"x\")"),
        ("src/main.rs", "    eprintln!(\"x\");"),
        ("src/log.rs", "io::stderr().write_all(line)"),
        ("src/server.rs", "std::process::exit(1)"),
        ("src/http/socket.rs", "#[allow(unsafe_code)]"),
    ] {
        assert_complains(places, path, text);
    }
}

#[test]
fn files_and_functions_are_short() {
    for folder in [
        "src",
        "tests/it",
        "tests/bench",
        "tests/fuzz/fuzz_targets",
        "assets",
    ] {
        assert_tidy(folder, lengths);
    }
    assert_complains(lengths, "src/x.rs", &"//! x\n".repeat(FILE_LINES_MAX + 1));
    for begin in [
        "fn f() {",
        "pub(super) const fn f() {",
        "    fn f(\n        a: u8,\n    ) {",
    ] {
        let indent = &begin[..begin.len() - begin.trim_start().len()];
        let body = FUNCTION_LINES_MAX - begin.lines().count();
        let long = format!("{begin}\n{}{indent}}}\n", "        x();\n".repeat(body));
        assert_complains(lengths, "src/x.rs", &long);
    }
}

#[test]
fn files_open_with_what_they_are_and_are_named_for_it() {
    for folder in [
        "src",
        "tests/it",
        "tests/bench",
        "tests/fuzz/fuzz_targets",
        "assets",
    ] {
        assert_tidy(folder, openings);
    }
    assert_complains(openings, "src/x.rs", "use std::io;");
    assert_complains(openings, "src/http/util.rs", "//! Things.");
    assert_complains(
        openings,
        "src/x.rs",
        "//! Things.\npub(crate) mod helpers {\n}",
    );
}

#[test]
fn tests_wait_for_what_they_want_to_see_and_none_is_left_out() {
    assert_tidy("tests/it", waits);
    assert_complains(waits, "tests/it/x.rs", "std::thread::sleep(second);");
    assert_complains(waits, "tests/it/x.rs", "#[test]\n#[ignore = \"slow\"]");
    let main = fs::read_to_string(repository().join("tests/it/main.rs")).unwrap();
    for source in sources("tests/it") {
        let module = source
            .path
            .trim_start_matches("tests/it/")
            .trim_end_matches(".rs");
        let is_top = !module.contains('/') && module != "main";
        assert!(
            !is_top || main.contains(&format!("\nmod {module};\n")),
            "{module} never runs"
        );
    }
}

#[test]
fn each_dependency_has_its_sentence() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    assert_eq!(dependencies(&manifest), Vec::<String>::new());
    assert_eq!(dependencies("[dependencies]\nx = \"1\"\n").len(), 1);
    assert_eq!(dependencies("[dependencies.x]\nversion = \"1\"\n").len(), 1);
}
