//! A fault at every step of an upload: each system call that it makes fails once, as the kernel
//! would have it fail, and then the next. Whatever the answer is, the disk agrees with it.

use std::path::Path;

use crate::harness::{Answer, Binary, Tracer, request, tree};

/// What stands in the folder before.
const OLD: &[u8] = b"old";
/// Longer than one read of a body, so that it takes more than one write.
const NEW_BYTES: usize = 300_000;

/// A request that changes the folder, and what it leaves when it succeeds.
struct Story {
    line: &'static str,
    fields: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
    /// Names with the first byte of what they hold.
    after: &'static [(&'static str, u8)],
}

fn stories() -> [Story; 4] {
    let part =
        |name: &str| format!("--b\r\nContent-Disposition: form-data; filename=\"{name}\"\r\n\r\n");
    let form = |names: &[&str], bytes: usize| {
        let mut body = Vec::new();
        for name in names {
            body.extend_from_slice(part(name).as_bytes());
            body.resize(body.len() + bytes, b'n');
            body.extend_from_slice(b"\r\n");
        }
        [&body[..], b"--b--\r\n"].concat()
    };
    let fields = &[("Content-Type", "multipart/form-data; boundary=b")];
    let many: Vec<String> = (0..18).map(|i| format!("many/{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    [
        Story {
            line: "PUT /files/new/er/a",
            fields: &[("X-OC-Mtime", "1000")],
            body: vec![b'n'; NEW_BYTES],
            after: &[("old", b'o'), ("new/er/a", b'n')],
        },
        Story {
            line: "PUT /files/old",
            fields: &[],
            body: vec![b'n'; NEW_BYTES],
            after: &[("old", b'n')],
        },
        Story {
            line: "POST /upload?on_conflict=replace",
            fields,
            body: form(&["fresh", "old", "new/a"], NEW_BYTES),
            after: &[("old", b'n'), ("fresh", b'n'), ("new/a", b'n')],
        },
        Story {
            line: "POST /upload",
            fields,
            body: form(&[&["old"], &many[..]].concat(), 10),
            after: &[
                ("old", b'o'),
                ("old (2)", b'n'),
                ("many/0", b'n'),
                ("many/17", b'n'),
            ],
        },
    ]
}

/// Calls that may fail, with what they say and what is answered then, unless there is another way.
/// Those that open files by name are among them; those that have nothing to do with uploads are not.
const FAULTS: [(&str, &str, u16); 13] = [
    ("fsync", "EIO", 500),
    ("fsync", "ENOSPC", 507),
    ("syncfs", "EIO", 500),
    ("renameat2", "EIO", 500),
    ("renameat2", "ENOSPC", 507),
    ("mkdirat", "ENOSPC", 507),
    ("mkdirat", "EIO", 500),
    ("fallocate", "ENOSPC", 507),
    ("utimensat", "EIO", 500),
    ("openat2", "EIO", 500),
    ("openat2", "EMFILE", 503),
    ("write", "ENOSPC", 507),
    ("write", "EIO", 500),
];

/// Names in the folder that are to be seen, with the first byte of each file, which is whole.
fn seen(folder: &Path) -> Vec<(String, u8)> {
    let names = tree(folder);
    let files = names.into_iter().filter(|name| !name.ends_with('/'));
    files
        .map(|name| {
            let content = std::fs::read(folder.join(&name)).unwrap();
            let is_whole = [OLD.len(), 10, NEW_BYTES].contains(&content.len());
            assert!(is_whole, "{name}: {} bytes", content.len());
            (name, content[0])
        })
        .collect()
}

fn check(folder: &Path, story: &Story, answer: &Answer, status: u16, fault: &str) {
    let seen = seen(folder);
    let context = format!("{}, {fault}: {answer:?}, {seen:?}", story.line);
    if answer.status < 300 {
        for (name, first) in story.after {
            assert!(seen.contains(&((*name).to_owned(), *first)), "{context}");
        }
        let hidden = seen.iter().any(|(name, _)| name.contains(".livedrop-"));
        assert!(!hidden, "{context}");
    } else {
        assert_eq!(answer.status, status, "{context}");
        assert_eq!(tree(folder), ["old"], "{context}");
        assert_eq!(seen, [("old".to_owned(), b'o')], "{context}");
    }
}

/// Tells a story with the nth of some call failing; false when it does not make that many.
fn tell(story: &Story, always: &[&str], fault: (&str, &str, u16), n: usize) -> bool {
    let (call, error, status) = fault;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old"), OLD).unwrap();
    let inject = format!("inject={call}:error={error}:when={n}");
    let calls: Vec<&str> = always
        .iter()
        .filter_map(|e| e.strip_prefix("inject=")?.split(':').next())
        .collect();
    let trace = format!("trace={}", [&calls[..], &[call]].concat().join(","));
    let traced = Tracer::start(
        folder.path(),
        &[&[&trace, inject.as_str()], always].concat(),
        &[],
    );
    let mut wire = traced.server.connect();
    wire.send_while_taken(request(story.line, story.fields, &story.body));
    let answer = wire.answer(false);
    drop(wire);
    let (server, log) = traced.let_go();
    check(
        folder.path(),
        story,
        &answer,
        status,
        &format!("{inject} {always:?}"),
    );
    next_works(&server, &inject);
    assert!(server.stop().0.success());
    log.lines()
        .any(|line| line.contains("(INJECTED)") && line.contains(&format!(" {error} ")))
}

fn next_works(server: &Binary, context: &str) {
    assert_eq!(
        server.ask("PUT /files/next", &[], b"1").status,
        201,
        "{context}"
    );
    assert_eq!(
        server.ask("GET /files/next", &[], b"").body,
        b"1",
        "{context}"
    );
}

/// Every fault of every call that a story makes; gives how many there were.
fn tell_all(story: &Story, always: &[&str], faults: &[(&str, &str, u16)]) -> usize {
    let mut told = 0;
    for fault in faults {
        // The first line that the server prints is a write as well.
        let first = if fault.0 == "write" { 2 } else { 1 };
        told += (first..)
            .take_while(|n| tell(story, always, *fault, *n))
            .count();
    }
    told
}

#[test]
fn a_new_file_in_new_folders_withstands_a_fault_at_any_step() {
    assert!(tell_all(&stories()[0], &[], &FAULTS) > 20);
}

#[test]
fn a_replacement_withstands_a_fault_at_any_step() {
    assert!(tell_all(&stories()[1], &[], &FAULTS) > 15);
}

#[test]
fn a_form_that_replaces_withstands_a_fault_at_any_step() {
    assert!(tell_all(&stories()[2], &[], &FAULTS[..9]) > 15);
}

#[test]
fn a_form_of_many_files_withstands_a_fault_at_any_step() {
    let faults = [
        ("syncfs", "EIO", 500),
        ("fsync", "EIO", 500),
        ("renameat2", "EIO", 500),
    ];
    assert!(tell_all(&stories()[3], &[], &faults) > 20);
}

#[test]
fn what_a_file_system_lacks_is_done_another_way_and_withstands_faults_as_well() {
    let no_flags = "inject=renameat2:error=EINVAL";
    let no_links = "inject=linkat:error=EPERM";
    let faults = [("linkat", "EIO", 500), ("renameat", "EIO", 500)];
    for story in &stories()[..3] {
        assert!(tell_all(story, &[no_flags], &faults) > 0);
    }
    // Without links a replacement is for good, so that a form that fails behind it has replaced.
    for story in &stories()[..2] {
        assert!(tell_all(story, &[no_flags, no_links], &faults[1..]) > 0);
    }
}

#[test]
fn a_name_that_cannot_be_given_up_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let faults = [
        "inject=renameat2:error=ENOSYS",
        "inject=unlinkat:error=EIO:when=1",
    ];
    let traced = Tracer::start(
        folder.path(),
        &[&["trace=renameat2,unlinkat"], &faults[..]].concat(),
        &[],
    );
    assert_eq!(traced.server.ask("PUT /files/a", &[], b"1").status, 500);
    let (server, _) = traced.let_go();
    next_works(&server, "unlinkat");
    assert_eq!(tree(folder.path()), ["next"]);
}

#[test]
fn a_file_system_that_lacks_a_call_takes_every_request() {
    let absent: [&[&str]; 8] = [
        &["inject=renameat2:error=EINVAL"],
        &["inject=renameat2:error=ENOSYS"],
        &["inject=renameat2:error=EINVAL", "inject=linkat:error=EPERM"],
        &["inject=fallocate:error=EOPNOTSUPP"],
        &["inject=openat2:error=ENOSYS"],
        &["inject=flock:error=EOPNOTSUPP"],
        &["inject=statx:error=ENOSYS"],
        // A folder that cannot be synced has nothing to sync; a file is a file.
        &["inject=fsync:error=EINVAL:when=2"],
    ];
    for faults in absent {
        let folder = tempfile::tempdir().unwrap();
        let trace = "trace=renameat2,linkat,fallocate,openat2,flock,statx,fsync";
        let traced = Tracer::start(folder.path(), &[&[trace], faults].concat(), &[]);
        let server = &traced.server;
        let fields = [("Content-Type", "multipart/form-data; boundary=b")];
        let form = "--b\r\nContent-Disposition: form-data; filename=f\r\n\r\nx\r\n--b--\r\n";
        let post = || server.ask("POST /upload", &fields, form.as_bytes());
        assert_eq!(
            server.ask("PUT /files/new/a", &[], b"one").status,
            201,
            "{faults:?}"
        );
        assert_eq!(
            server.ask("PUT /files/new/a", &[], b"two").status,
            204,
            "{faults:?}"
        );
        assert_eq!(post().status, 201, "{faults:?}");
        assert_eq!(post().json()["files"][0]["path"], "f (2)", "{faults:?}");
        let created = server.ask("PUT /files/f", &[("If-None-Match", "*")], b"no");
        assert_eq!(created.status, 412, "{faults:?}");
        assert_eq!(
            server.ask("GET /files/new/a", &[], b"").body,
            b"two",
            "{faults:?}"
        );
        assert_eq!(
            server.ask("DELETE /files/f", &[], b"").status,
            204,
            "{faults:?}"
        );
        assert_eq!(
            tree(folder.path()),
            ["f (2)", "new/", "new/a"],
            "{faults:?}"
        );
    }
}

#[test]
fn a_removal_that_cannot_be_made_sure_of_is_none() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
    std::fs::write(folder.path().join("f"), OLD).unwrap();
    let expressions = ["trace=fsync", "inject=fsync:error=EIO"];
    let traced = Tracer::start(folder.path(), &expressions, &[]);
    for name in ["a", "f"] {
        let answer = traced
            .server
            .ask(&format!("DELETE /files/{name}"), &[], b"");
        assert_eq!(answer.status, 500);
    }
    assert_eq!(tree(folder.path()), ["a/", "a/b/", "f"]);
    let (server, _) = traced.let_go();
    next_works(&server, "fsync");
}
