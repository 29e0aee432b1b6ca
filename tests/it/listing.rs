//! Listings: what they show, when they are not sent again, how they are streamed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::harness::Instance;

#[test]
fn a_listing_shows_kinds_sizes_and_times() {
    let server = Instance::start();
    server.write("file.txt", b"12345");
    server.write("folder/inside.txt", b"");
    std::os::unix::fs::symlink("file.txt", server.path("good")).unwrap();
    std::os::unix::fs::symlink("nowhere", server.path("dangling")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", server.path("outside")).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_234_567_890_123);
    let file = std::fs::File::options()
        .write(true)
        .open(server.path("file.txt"))
        .unwrap();
    file.set_modified(time).unwrap();
    let list = server.get("/api/list/").json();
    assert_eq!(list["path"], "");
    assert!(list["free_bytes"].as_u64().unwrap() > 0);
    let row = |name: &str| {
        let rows = list["entries"].as_array().unwrap();
        rows.iter()
            .find(|row| row["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {list}"))
            .clone()
    };
    assert_eq!(row("file.txt")["kind"], "file");
    assert_eq!(row("file.txt")["size"], 5);
    assert_eq!(row("file.txt")["modified"], 1_234_567_890_123_u64);
    assert_eq!(row("folder")["kind"], "folder");
    assert_eq!(
        (row("good")["kind"].clone(), row("good")["size"].clone()),
        ("file".into(), 5.into())
    );
    assert_eq!(row("dangling")["kind"], "link");
    assert_eq!(row("outside")["kind"], "link");
    assert_eq!(
        server.get("/api/list/folder/").json()["entries"][0]["name"],
        "inside.txt"
    );
    assert_eq!(server.get("/api/list/none").code(), "not_found");
    assert_eq!(server.get("/api/list/file.txt").code(), "conflict");
}

#[test]
fn an_unchanged_listing_is_a_304_that_tells_the_newest_id() {
    let server = Instance::start();
    server.ask("PUT /files/a", &[], b"1");
    let list = server.get("/api/list/");
    let etag = list.field("ETag").unwrap().to_owned();
    server.ask("PUT /files/elsewhere/b", &[], b"1");
    server.ask("DELETE /files/elsewhere", &[], b"");
    let again = server.ask("GET /api/list/", &[("If-None-Match", &etag)], b"");
    assert_eq!(again.status, 304);
    assert!(again.field("Livedrop-Event").unwrap() > list.field("Livedrop-Event").unwrap());
    assert!(again.field("Livedrop-Free").is_some());
    server.ask("PUT /files/a", &[], b"2");
    assert_eq!(
        server
            .ask("GET /api/list/", &[("If-None-Match", &etag)], b"")
            .status,
        200
    );
}

#[test]
fn a_huge_listing_is_streamed_whole() {
    let server = Instance::start();
    for i in 0..10_001 {
        std::fs::File::create(server.path(&format!("file {i}"))).unwrap();
    }
    let list = server.get("/api/list/");
    assert_eq!(list.field("Transfer-Encoding"), Some("chunked"));
    assert_eq!(list.field("ETag"), None);
    assert_eq!(list.json()["entries"].as_array().unwrap().len(), 10_001);
    std::fs::remove_file(server.path("file 0")).unwrap();
    let list = server.get("/api/list/");
    assert!(list.field("ETag").is_some());
    assert_eq!(list.json()["entries"].as_array().unwrap().len(), 10_000);
}

#[test]
fn names_that_are_not_utf8_are_shown_lossily_with_an_exact_address() {
    let server = Instance::start();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(server.folder().join(name), b"latin").unwrap();
    let row = server.get("/api/list/").json()["entries"][0].clone();
    assert_eq!(row["name"], "caf\u{fffd}.txt");
    assert_eq!(row["href"], "caf%E9.txt");
    assert_eq!(server.get("/files/caf%E9.txt").body, b"latin");
    assert_eq!(server.ask("DELETE /files/caf%E9.txt", &[], b"").status, 204);
    assert_eq!(server.tree(), [""; 0]);
}

/// Sizes and times by name, as a listing shows them.
type Shown = BTreeMap<String, (String, u64, u64)>;

fn shown(list: &serde_json::Value) -> Shown {
    let rows = list["entries"].as_array().unwrap();
    let count = rows.len();
    let shown: Shown = rows
        .iter()
        .map(|row| {
            let text = |field: &str| row[field].as_str().unwrap().to_owned();
            let number = |field: &str| row[field].as_u64().unwrap();
            (
                text("name"),
                (text("kind"), number("size"), number("modified")),
            )
        })
        .collect();
    assert_eq!(shown.len(), count, "no name is shown twice");
    shown
}

fn on_disk(folder: &Path) -> Shown {
    let entries = fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let facts = fs::metadata(entry.path()).unwrap();
        let since = facts.modified().unwrap().duration_since(UNIX_EPOCH);
        let modified = u64::try_from(since.unwrap().as_millis()).unwrap();
        let (kind, size) = match facts.is_dir() {
            true => ("folder", 0),
            false => ("file", facts.len()),
        };
        let name = entry.file_name().into_string().unwrap();
        (name, (kind.to_owned(), size, modified))
    });
    entries.filter(|(name, _)| name != ".livedrop").collect()
}

/// Does one thing in a folder, by whatever way.
fn change(server: &Instance, random: &mut fastrand::Rng) {
    let mut path = || server.path(&format!("{}\"}},{{", random.u8(..24)));
    let (one, other) = (path(), path());
    // What cannot be done to what stands there is another kind of nothing.
    let _ = match random.u8(..10) {
        0 => fs::write(&one, "new"),
        1 => fs::write(server.path(&random.u8(..).to_string()), ""),
        2 => fs::remove_file(&one),
        3 => fs::rename(&one, &other),
        4 => fs::create_dir(&one),
        5 => fs::remove_dir(&one),
        6 => fs::hard_link(&one, &other),
        7 => {
            let file = fs::File::options().append(true).open(&one);
            file.and_then(|mut file| std::io::Write::write_all(&mut file, b"more"))
        }
        8 => {
            let name = format!("PUT /files/{}", random.u8(..24));
            assert!(server.ask(&name, &[], b"by us").status < 300);
            Ok(())
        }
        _ => {
            let file = fs::File::options().write(true).open(&one);
            file.and_then(|file| file.set_modified(UNIX_EPOCH))
        }
    };
}

#[test]
fn a_listing_is_the_disk_after_each_change() {
    let server = Instance::start();
    let mut random = fastrand::Rng::with_seed(4);
    let mut etag = String::new();
    let mut kept = Shown::new();
    let mut unchanged = 0;
    for round in 0..1_000 {
        for _ in 0..random.u8(..3) {
            change(&server, &mut random);
        }
        // Now and then more than is remembered by name.
        if round % 100 == 99 {
            (0..70).for_each(|number| server.write(&format!("many/{number}"), b""));
            (0..70).for_each(|number| server.write(&format!("many{number}"), b""));
        }
        let disk = on_disk(server.folder());
        let list = server.ask("GET /api/list/", &[("If-None-Match", &etag)], b"");
        if list.status == 304 {
            unchanged += 1;
            assert_eq!(kept, disk, "round {round}");
            continue;
        }
        list.field("ETag").unwrap().clone_into(&mut etag);
        kept = shown(&list.json());
        assert_eq!(kept, disk, "round {round}");
    }
    assert!((100..900).contains(&unchanged), "{unchanged}");
}

/// What changes without a signal in its own folder, or by a path that leads elsewhere.
#[test]
fn a_listing_is_the_disk_where_a_change_has_no_name_of_its_own() {
    let server = Instance::start();
    let check = |folder: &str, context: &str| {
        let list = server.get(&format!("/api/list/{folder}")).json();
        assert_eq!(shown(&list), on_disk(&server.path(folder)), "{context}");
    };
    server.write("d/a", b"1");
    check("d", "as it was");
    fs::hard_link(server.path("d/a"), server.path("d/b")).unwrap();
    check("d", "a second name");
    server.write("d/b", b"both");
    check("d", "both names have changed");
    fs::remove_file(server.path("d/b")).unwrap();
    server.write("d/a", b"alone");
    check("d", "one name again");

    server.write("around/d/a", b"old");
    check("around/d", "before it moves");
    fs::rename(server.path("around"), server.path("elsewhere")).unwrap();
    server.write("around/d/b", b"new");
    check("around/d", "the folder around it is another");
    server.write("elsewhere/d/a", b"changed");
    check("around/d", "and what was there changes");

    server.write("v1/a", b"1");
    server.write("v2/b", b"2");
    std::os::unix::fs::symlink("v1", server.path("now")).unwrap();
    check("now", "through a link");
    fs::remove_file(server.path("now")).unwrap();
    std::os::unix::fs::symlink("v2", server.path("now")).unwrap();
    check("now", "which leads elsewhere");
}
