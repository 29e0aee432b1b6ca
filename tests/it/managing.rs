//! Making folders, moving, copying, deleting: every method on every kind of target, with its
//! status, what the disk is then, and what is told.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::harness::{Instance, Stream};

/// A share with one of everything, and a stream of all that happens in it.
fn share() -> (Instance, Stream) {
    let server = Instance::start();
    server.write("file", b"file");
    server.write("other", b"other!");
    server.write("tree/a", b"a");
    server.write("tree/sub/b", b"bb");
    fs::create_dir(server.path("empty")).unwrap();
    symlink("file", server.path("link")).unwrap();
    symlink("tree", server.path("tree-link")).unwrap();
    symlink("../../../etc/hostname", server.path("out")).unwrap();
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    (server, stream)
}

/// What lies in the share: contents of files, targets of links.
fn disk(server: &Instance) -> BTreeMap<String, String> {
    let tree = server.tree().into_iter();
    tree.filter(|name| !name.starts_with(".livedrop"))
        .map(|name| {
            let path = server.path(&name);
            let content = match fs::read_link(&path) {
                Ok(target) => format!("-> {}", target.display()),
                Err(_) if path.is_dir() => String::new(),
                Err(_) => fs::read_to_string(&path).unwrap(),
            };
            (name, content)
        })
        .collect()
}

/// One request, with its status and the changes of the disk: what is gone, and what is new.
pub fn check(
    line: &str,
    fields: &[(&str, &str)],
    status: u16,
    gone: &[&str],
    new: &[(&str, &str)],
) {
    check_told(line, fields, status, gone, new, None);
}

fn check_told(
    line: &str,
    fields: &[(&str, &str)],
    status: u16,
    gone: &[&str],
    new: &[(&str, &str)],
    told: Option<serde_json::Value>,
) {
    let (server, mut stream) = share();
    let mut expected = disk(&server);
    let answer = server.ask(line, fields, b"");
    assert_eq!(
        answer.status,
        status,
        "{line} {fields:?}: {}",
        answer.text()
    );
    for name in gone {
        assert!(expected.remove(*name).is_some(), "{name}");
    }
    for (name, content) in new {
        expected.insert((*name).to_owned(), (*content).to_owned());
    }
    assert_eq!(disk(&server), expected, "{line} {fields:?}");
    // The next change that is told is the one expected, or else the one that we make now.
    server.ask("PUT /files/last", &[], b"");
    let next = stream.next_change();
    match told {
        Some(told) => {
            let mut data = next.data;
            data["event"] = next.name.into();
            assert_eq!(data, told, "{line} {fields:?}");
        }
        None if status < 300 => assert_ne!(next.data["path"], "last", "{line} {fields:?}"),
        None => assert_eq!(next.data["path"], "last", "{line} {fields:?}"),
    }
}

const TREE: [&str; 4] = ["tree/", "tree/a", "tree/sub/", "tree/sub/b"];

#[test]
fn mkcol_makes_a_folder_where_nothing_stands() {
    let folder = json!({"event": "folder", "path": "new"});
    for line in ["MKCOL /files/new", "MKCOL /files/new/"] {
        check_told(line, &[], 201, &[], &[("new/", "")], Some(folder.clone()));
    }
    check("MKCOL /files/tree/new", &[], 201, &[], &[("tree/new/", "")]);
    check(
        "MKCOL /files/tree-link/new",
        &[],
        201,
        &[],
        &[("tree/new/", "")],
    );
    for (target, status) in [
        ("file", 405),
        ("tree", 405),
        ("link", 405),
        ("out", 405),
        ("", 405),
        ("missing/new", 409),
        ("file/new", 409),
        ("out/new", 403),
        (".livedrop", 400),
        (".livedrop-x", 400),
        ("%0A", 400),
        ("a%2F..%2Fb", 400),
    ] {
        check(&format!("MKCOL /files/{target}"), &[], status, &[], &[]);
    }
    let server = Instance::start();
    let answer = server.ask("MKCOL /files/new", &[], b"<mkcol/>");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (415, "unsupported_type")
    );
    let answer = server.ask("MKCOL /files/", &[], b"");
    assert!(answer.field("Allow").unwrap().contains("MKCOL"));
}

#[test]
fn move_gives_another_name_or_place() {
    let moved = |from: &str, path: &str, kind: &str| {
        Some(json!({"event": "move", "from": from, "path": path, "kind": kind}))
    };
    let tree = [
        ("new/", ""),
        ("new/a", "a"),
        ("new/sub/", ""),
        ("new/sub/b", "bb"),
    ];
    for to in [
        "/files/new",
        "http://localhost/files/new",
        "HTTP://LOCALHOST:80/files/new",
    ] {
        let fields = [("Destination", to)];
        let told = moved("file", "new", "file");
        check_told(
            "MOVE /files/file",
            &fields,
            201,
            &["file"],
            &[("new", "file")],
            told,
        );
        let told = moved("tree", "new", "folder");
        check_told("MOVE /files/tree", &fields, 201, &TREE, &tree, told);
        let told = moved("link", "new", "file");
        check_told(
            "MOVE /files/link",
            &fields,
            201,
            &["link"],
            &[("new", "-> file")],
            told,
        );
        check(
            "MOVE /files/out",
            &fields,
            201,
            &["out"],
            &[("new", "-> ../../../etc/hostname")],
        );
    }
}

#[test]
fn move_goes_into_folders_and_over_what_stands_there() {
    let to = |to: &'static str| [("Destination", to)];
    check(
        "MOVE /files/file",
        &to("/files/tree/sub/file"),
        201,
        &["file"],
        &[("tree/sub/file", "file")],
    );
    check(
        "MOVE /files/tree/a",
        &to("/files/a%20b"),
        201,
        &["tree/a"],
        &[("a b", "a")],
    );
    // Over what stands there.
    check(
        "MOVE /files/file",
        &to("/files/other"),
        204,
        &["file"],
        &[("other", "file")],
    );
    check(
        "MOVE /files/file",
        &to("/files/empty"),
        204,
        &["file", "empty/"],
        &[("empty", "file")],
    );
    check(
        "MOVE /files/empty",
        &to("/files/tree"),
        204,
        &[&TREE[1..], &["empty/"]].concat(),
        &[],
    );
    check(
        "MOVE /files/empty",
        &to("/files/file"),
        204,
        &["empty/", "file"],
        &[("file/", "")],
    );
    check(
        "MOVE /files/file",
        &to("/files/link"),
        204,
        &["file"],
        &[("link", "file")],
    );
    check(
        "MOVE /files/file",
        &[("Destination", "/files/other"), ("Overwrite", "T")],
        204,
        &["file"],
        &[("other", "file")],
    );
}

#[test]
fn copy_makes_a_second_of_the_same() {
    let to = |to: &'static str| [("Destination", to)];
    check(
        "COPY /files/file",
        &to("/files/new"),
        201,
        &[],
        &[("new", "file")],
    );
    check(
        "COPY /files/link",
        &to("/files/new"),
        201,
        &[],
        &[("new", "file")],
    );
    check(
        "COPY /files/file",
        &to("/files/other"),
        204,
        &[],
        &[("other", "file")],
    );
    let tree = [
        ("new/", ""),
        ("new/a", "a"),
        ("new/sub/", ""),
        ("new/sub/b", "bb"),
    ];
    let told = json!({"event": "folder", "path": "new"});
    check_told(
        "COPY /files/tree",
        &to("/files/new"),
        201,
        &[],
        &tree,
        Some(told),
    );
    check("COPY /files/tree-link", &to("/files/new"), 201, &[], &tree);
    check(
        "COPY /files/tree",
        &[("Destination", "/files/new"), ("Depth", "0")],
        201,
        &[],
        &[("new/", "")],
    );
    check(
        "COPY /files/tree",
        &[("Destination", "/files/new/"), ("Depth", "infinity")],
        201,
        &[],
        &tree,
    );
    check(
        "COPY /files/empty",
        &to("/files/file"),
        204,
        &["file"],
        &[("file/", "")],
    );
    check("COPY /files/out", &to("/files/new"), 403, &[], &[]);
}

#[test]
fn delete_takes_away_what_stands_there() {
    let told =
        |path: &str, kind: &str| Some(json!({"event": "delete", "path": path, "kind": kind}));
    check_told(
        "DELETE /files/file",
        &[],
        204,
        &["file"],
        &[],
        told("file", "file"),
    );
    check_told(
        "DELETE /files/tree",
        &[],
        204,
        &TREE,
        &[],
        told("tree", "folder"),
    );
    check_told(
        "DELETE /files/tree/",
        &[("Depth", "infinity")],
        204,
        &TREE,
        &[],
        told("tree", "folder"),
    );
    check_told(
        "DELETE /files/link",
        &[],
        204,
        &["link"],
        &[],
        told("link", "file"),
    );
    check_told(
        "DELETE /files/out",
        &[],
        204,
        &["out"],
        &[],
        told("out", "link"),
    );
    check_told(
        "DELETE /files/tree-link",
        &[],
        204,
        &["tree-link"],
        &[],
        told("tree-link", "folder"),
    );
    for (target, status) in [
        ("missing", 404),
        ("", 403),
        ("file/x", 409),
        (".livedrop", 404),
    ] {
        check(&format!("DELETE /files/{target}"), &[], status, &[], &[]);
    }
    check("DELETE /files/tree", &[("Depth", "0")], 400, &[], &[]);
}
