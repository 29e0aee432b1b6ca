//! The edge of the shared folder: what is written, removed or read through links that lead out of
//! it, also while a folder is swapped for such a link; and names at the edge of what is allowed.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::harness::{Answer, Instance, PATIENCE, tree};

const SECRET: &[u8] = b"secret";

/// A folder beside the shared one, with a file in it that nobody may reach.
fn outside() -> tempfile::TempDir {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("canary"), SECRET).unwrap();
    outside
}

fn assert_untouched(outside: &tempfile::TempDir, after: &str) {
    assert_eq!(tree(outside.path()), ["canary"], "{after}");
    let canary = std::fs::read(outside.path().join("canary")).unwrap();
    assert_eq!(canary, SECRET, "{after}");
}

/// A form of one file.
fn upload(server: &Instance, query: &str, filename: &str) -> Answer {
    let fields = [("Content-Type", "multipart/form-data; boundary=b")];
    let head = format!("--b\r\nContent-Disposition: form-data; filename=\"{filename}\"\r\n\r\n");
    let body = head + "mine\r\n--b--\r\n";
    server.ask(&format!("POST /upload{query}"), &fields, body.as_bytes())
}

/// Links that lead to the file outside, to its folder, and to where nothing stands yet.
fn put_links(server: &Instance, outside: &tempfile::TempDir) {
    for (name, target) in [("file", "canary"), ("folder", ""), ("future", "future")] {
        // What stands there after a test's first round.
        let _ = std::fs::remove_file(server.path(name));
        symlink(outside.path().join(target), server.path(name)).unwrap();
    }
}

#[test]
fn nothing_is_written_through_a_link_that_leads_out() {
    let outside = outside();
    let server = Instance::start();
    put_links(&server, &outside);
    // Below a folder outside there is nothing, whatever is asked for.
    for line in [
        "PUT /files/folder/new",
        "PUT /files/folder/canary",
        "PUT /files/folder/a/b/new",
        "DELETE /files/folder/canary",
        "GET /files/folder/",
        "GET /download/folder",
        "HEAD /files/folder/canary",
    ] {
        let answer = server.ask(line, &[], if line.starts_with('P') { b"mine" } else { b"" });
        assert!(
            [403, 404, 409].contains(&answer.status),
            "{line}: {answer:?}"
        );
        assert_untouched(&outside, line);
    }
    for (query, name) in [
        ("?dir=folder", "new"),
        ("?dir=folder/a", "new"),
        ("", "folder/new"),
        ("?on_conflict=replace", "folder/canary"),
    ] {
        let answer = upload(&server, query, name);
        assert!(
            [403, 404, 409].contains(&answer.status),
            "{query} {name}: {answer:?}"
        );
        assert_untouched(&outside, name);
    }
    assert_eq!(server.tree(), ["file", "folder", "future"]);
}

#[test]
fn a_write_to_a_link_that_leads_out_replaces_the_link_or_lands_beside_it() {
    let outside = outside();
    let server = Instance::start();
    put_links(&server, &outside);
    for name in ["file", "folder", "future"] {
        assert_eq!(
            upload(&server, "", name).json()["files"][0]["path"],
            format!("{name} (2)")
        );
        assert_eq!(
            upload(&server, "?on_conflict=fail", name).code(),
            "exists",
            "{name}"
        );
        assert!(server.path(name).is_symlink(), "{name}");
        assert_eq!(
            upload(&server, "?on_conflict=replace", name).status,
            201,
            "{name}"
        );
        assert_eq!(
            (server.path(name).is_symlink(), server.read(name)),
            (false, b"mine".into())
        );
        assert_untouched(&outside, name);
    }
    put_links(&server, &outside);
    for name in ["file", "folder", "future"] {
        let answer = server.ask(&format!("PUT /files/{name}"), &[], b"mine");
        assert_eq!(
            (answer.status, server.path(name).is_symlink()),
            (204, false),
            "{name}"
        );
        assert_untouched(&outside, name);
    }
}

#[test]
fn a_tree_is_removed_without_what_its_links_point_to() {
    let outside = outside();
    let server = Instance::start();
    server.write("tree/deep/file", b"1");
    server.write("kept", b"1");
    symlink(outside.path(), server.path("tree/deep/out")).unwrap();
    symlink(outside.path().join("canary"), server.path("tree/canary")).unwrap();
    symlink("../kept", server.path("tree/inside")).unwrap();
    symlink(outside.path(), server.path("top")).unwrap();
    assert_eq!(server.ask("DELETE /files/tree", &[], b"").status, 204);
    assert_eq!(server.ask("DELETE /files/top", &[], b"").status, 204);
    assert_eq!(server.tree(), ["kept"]);
    assert_untouched(&outside, "both");
}

/// Says that it is over, also when an assertion says so first.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_folder_that_is_swapped_for_a_link_while_it_is_used_lets_nobody_out() {
    /// Requests that are to meet the folder, and the link.
    const ENOUGH: u32 = 100;
    let outside = outside();
    let server = Instance::start();
    server.write("door/canary", b"inside");
    symlink(outside.path(), server.path("link")).unwrap();
    let is_over = AtomicBool::new(false);
    let (door, link) = (server.path("door"), server.path("link"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                renameat_with(CWD, &door, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let ending = Ending(&is_over);
        let (mut inside, mut refused) = (0, 0);
        let deadline = Instant::now() + PATIENCE;
        let mut wire = server.connect();
        while inside < ENOUGH || refused < ENOUGH {
            for line in [
                "GET /files/door/canary",
                "PUT /files/door/new",
                "GET /download/door/canary",
                "DELETE /files/door/new",
                "GET /api/list/door",
                "PUT /files/door/deep/new",
            ] {
                let answer = wire.ask(line, &[], if line.starts_with('P') { b"x" } else { b"" });
                match answer.status {
                    200 | 201 | 204 => inside += 1,
                    403 | 404 | 409 => refused += 1,
                    _ => panic!("{line}: {answer:?}"),
                }
                assert!(!answer.body.starts_with(SECRET), "{line}");
                if answer.closes() {
                    wire = server.connect();
                }
            }
            assert_untouched(&outside, "a round");
            assert!(
                Instant::now() < deadline,
                "{inside} inside, {refused} refused"
            );
        }
        drop(ending);
    });
    let names = server.tree();
    assert!(
        !names.iter().any(|name| name.contains(".livedrop-")),
        "{names:?}"
    );
}

#[test]
fn names_and_paths_are_taken_up_to_their_last_byte() {
    let server = Instance::start();
    for name in ["n".repeat(255), "ä".repeat(127) + "n"] {
        let target: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(
            server
                .ask(&format!("PUT /files/{target}"), &[], b"1")
                .status,
            201
        );
        assert_eq!(server.get(&format!("/files/{target}")).body, b"1");
        // One that is renamed has to stay within the limit, and is another file.
        let renamed = upload(&server, "", &name).json()["files"][0]["path"].clone();
        assert!(renamed.as_str().unwrap().len() <= 255, "{renamed}");
        assert_ne!(renamed, name);
        let over = server.ask(&format!("PUT /files/{target}n"), &[], b"1");
        assert_eq!(over.code(), "bad_name");
        assert_eq!(upload(&server, "", &format!("{name}n")).code(), "bad_name");
        assert_eq!(
            server
                .ask(&format!("DELETE /files/{target}"), &[], b"")
                .status,
            204
        );
    }
    let folder = vec!["p".repeat(255); 15].join("/");
    let path = format!("{folder}/{}/{}", "q".repeat(127), "r".repeat(128));
    assert_eq!(path.len(), 4096);
    let put = server.ask(&format!("PUT /files/{path}"), &[], b"deep");
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(server.get(&format!("/files/{path}")).body, b"deep");
    for over in [format!("{path}r"), format!("{path}/r")] {
        assert_eq!(
            server.ask(&format!("PUT /files/{over}"), &[], b"1").code(),
            "bad_name"
        );
        assert_eq!(server.get(&format!("/files/{over}")).code(), "bad_name");
    }
    assert_eq!(
        server
            .ask(&format!("DELETE /files/{}", "p".repeat(255)), &[], b"")
            .status,
        204
    );
}

#[test]
fn names_that_were_put_on_the_disk_with_control_characters_are_exact() {
    let server = Instance::start();
    for (name, target) in [
        ("a\nb.txt", "a%0Ab.txt"),
        (
            "a\r\nSet-Cookie: b=1\r\n\r\n",
            "a%0D%0ASet-Cookie:%20b=1%0D%0A%0D%0A",
        ),
        ("\u{1b}[31mred", "%1B[31mred"),
        ("..\u{2215}..", "..%E2%88%95.."),
        ("..%2f..%2fcanary", "..%252f..%252fcanary"),
        ("\u{202e}gpj.exe", "%E2%80%AEgpj.exe"),
        ("\u{7f}", "%7F"),
    ] {
        server.write(name, name.as_bytes());
        let row = server.get("/api/list/").json()["entries"][0].clone();
        assert_eq!(row["name"], name);
        for route in ["files", "download"] {
            let answer = server.get(&format!("/{route}/{target}"));
            assert_eq!(
                (answer.status, answer.body.as_slice()),
                (200, name.as_bytes()),
                "{name:?}"
            );
            assert_eq!(answer.field("Set-Cookie"), None);
        }
        let logged = server.log();
        let is_plain = |line: &String| line.chars().all(|c| !c.is_control());
        assert!(logged.iter().all(is_plain), "{logged:?}");
        assert_eq!(
            server
                .ask(&format!("DELETE /files/{target}"), &[], b"")
                .status,
            204
        );
        assert_eq!(server.tree(), [""; 0], "{name:?}");
    }
}
