//! Changes from outside, as by Samba or ssh, told like our own: once each, with the right word, when
//! the file is finished, and only of folders that somebody looks at.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Binary, Frame, Instance, PATIENCE, Stream, Tracer};

/// A stream of these folders, ready.
pub fn watch(server: &Instance, dirs: &[&str]) -> Stream {
    let dirs: Vec<String> = dirs.iter().map(|dir| format!("dir={dir}")).collect();
    let mut stream = server.stream(&format!("/events?{}", dirs.join("&")), &[]);
    assert_eq!(stream.next().name, "ready");
    stream
}

/// Short words for the next changes: the name, the path, and what it came from or how large it is.
pub fn told(stream: &mut Stream, count: usize) -> Vec<String> {
    (0..count).map(|_| word(&stream.next_change())).collect()
}

fn word(frame: &Frame) -> String {
    let text = |key: &str| frame.data[key].as_str().unwrap_or_default().to_owned();
    match frame.name.as_str() {
        "upload" | "update" => format!("{} {} {}", frame.name, text("path"), frame.data["size"]),
        "move" => format!("move {} {} {}", text("from"), text("path"), text("kind")),
        "delete" => format!("delete {} {}", text("path"), text("kind")),
        name => format!("{name} {}", text("path")),
    }
}

/// Has the server say something of its own, after which nothing else was to come.
pub fn end(server: &Instance, stream: &mut Stream) {
    assert_eq!(server.ask("PUT /files/end", &[], b"").status, 201);
    assert_eq!(word(&stream.next_change()), "upload end 0");
    assert_eq!(server.ask("DELETE /files/end", &[], b"").status, 204);
    assert_eq!(word(&stream.next_change()), "delete end file");
}

#[test]
fn each_change_from_outside_is_told_once_with_its_word() {
    let server = Instance::start();
    server.write("old", b"12");
    let mut stream = watch(&server, &[""]);
    let begun = Instant::now();
    server.write("new", b"123");
    assert_eq!(told(&mut stream, 1), ["upload new 3"]);
    assert!(begun.elapsed() < Duration::from_secs(1), "within a second");
    server.write("old", b"1234");
    assert_eq!(told(&mut stream, 1), ["update old 4"]);
    fs::rename(server.path("old"), server.path("renamed")).unwrap();
    assert_eq!(told(&mut stream, 1), ["move old renamed file"]);
    fs::create_dir(server.path("folder")).unwrap();
    assert_eq!(told(&mut stream, 1), ["folder folder"]);
    fs::rename(server.path("folder"), server.path("tree")).unwrap();
    assert_eq!(told(&mut stream, 1), ["move folder tree folder"]);
    fs::remove_file(server.path("renamed")).unwrap();
    assert_eq!(told(&mut stream, 1), ["delete renamed file"]);
    fs::remove_dir(server.path("tree")).unwrap();
    assert_eq!(told(&mut stream, 1), ["delete tree folder"]);
    fs::hard_link(server.path("new"), server.path("second")).unwrap();
    assert_eq!(told(&mut stream, 1), ["upload second 3"]);
    symlink("new", server.path("link")).unwrap();
    assert_eq!(told(&mut stream, 1), ["upload link 3"]);
    fs::remove_file(server.path("link")).unwrap();
    assert_eq!(told(&mut stream, 1), ["delete link file"]);
    let past = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = fs::File::options()
        .write(true)
        .open(server.path("new"))
        .unwrap();
    file.set_modified(past).unwrap();
    let update = stream.next_change();
    let data = json!({"path": "new", "size": 3, "modified": 1_000_000_000_000_u64});
    assert_eq!((update.name.as_str(), update.data), ("update", data));
    drop(file);
    // Its other name is the same file.
    assert_eq!(told(&mut stream, 1), ["update second 3"]);
    end(&server, &mut stream);
}

#[test]
fn what_was_moved_in_or_out_of_what_is_watched_is_new_or_gone() {
    let server = Instance::start();
    server.write("a/x", b"1");
    server.write("b/y", b"22");
    server.write("c/z", b"333");
    let mut stream = watch(&server, &["a", "b"]);
    fs::rename(server.path("a/x"), server.path("b/x")).unwrap();
    assert_eq!(told(&mut stream, 1), ["move a/x b/x file"]);
    fs::rename(server.path("b/y"), server.path("c/y")).unwrap();
    assert_eq!(told(&mut stream, 1), ["delete b/y file"]);
    fs::rename(server.path("c/z"), server.path("a/z")).unwrap();
    assert_eq!(told(&mut stream, 1), ["upload a/z 3"]);
    // An editor writes beside and renames over.
    server.write("c/new", b"4444");
    fs::rename(server.path("c/new"), server.path("a/z")).unwrap();
    assert_eq!(told(&mut stream, 1), ["update a/z 4"]);
}

#[test]
fn a_file_that_grows_is_told_when_it_is_closed_or_left_alone() {
    let server = Instance::start_with(|limits| limits.stillness_ms = 300);
    let mut stream = watch(&server, &[""]);
    let mut file = fs::File::create(server.path("log")).unwrap();
    file.write_all(b"12345").unwrap();
    // Nobody closes it: it is told when it has been still.
    assert_eq!(told(&mut stream, 1), ["upload log 5"]);
    file.write_all(b"678").unwrap();
    assert_eq!(told(&mut stream, 1), ["update log 8"]);
    let mut other = fs::File::create(server.path("closed")).unwrap();
    for _ in 0..100 {
        other.write_all(b"12345").unwrap();
    }
    drop(other);
    assert_eq!(told(&mut stream, 1), ["upload closed 500"]);
    drop(file);
    end(&server, &mut stream);
}

#[test]
fn our_own_changes_are_told_once() {
    let server = Instance::start();
    let mut stream = watch(&server, &["", "a", "a%2Fb"]);
    let form = "--b\r\nContent-Disposition: form-data; filename=\"1\"\r\n\r\nx\r\n--b--\r\n";
    let fields = [("Content-Type", "multipart/form-data; boundary=b")];
    for round in 0..20 {
        let expected = [
            "folder a",
            "folder a/b",
            "upload a/b/c 3",
            "update a/b/c 4",
            "upload a/1 1",
            "upload a/1 (2) 1",
            "delete a/b/c file",
            "delete a folder",
        ];
        assert_eq!(server.ask("PUT /files/a/b/c", &[], b"123").status, 201);
        assert_eq!(server.ask("PUT /files/a/b/c", &[], b"1234").status, 204);
        for _ in 0..2 {
            let answer = server.ask("POST /upload?dir=a", &fields, form.as_bytes());
            assert_eq!(answer.status, 201);
        }
        assert_eq!(server.ask("DELETE /files/a/b/c", &[], b"").status, 204);
        assert_eq!(server.ask("DELETE /files/a", &[], b"").status, 204);
        assert_eq!(told(&mut stream, expected.len()), expected, "round {round}");
    }
    end(&server, &mut stream);
}

#[test]
fn a_folder_that_nobody_looks_at_is_not_watched() {
    let server = Instance::start_with(|limits| limits.watch_ms = 1);
    server.write("a/x", b"1");
    let mut all = server.stream("/events", &[]);
    assert_eq!(all.next().name, "ready");
    server.write("a/y", b"1");
    end(&server, &mut all);
}

#[test]
fn a_listing_starts_the_watch_and_a_stream_goes_on_from_it() {
    let server = Instance::start();
    server.write("a/x", b"1");
    let listing = server.get("/api/list/a").json();
    let id = listing["event_id"].as_str().unwrap().to_owned();
    server.write("a/y", b"22");
    let mut stream = server.stream(&format!("/events?dir=a&last_event_id={id}"), &[]);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.push(word(&stream.next_change()));
    }
    // Told before the stream was there, or after.
    assert!(seen.contains(&"upload a/y 2".to_owned()), "{seen:?}");
    assert!(
        seen.iter().any(|word| word.starts_with("ready")),
        "{seen:?}"
    );
}

#[test]
fn a_folder_that_was_not_watched_all_the_time_since_is_listed_again() {
    let server = Instance::start_with(|limits| {
        limits.watch_ms = 1;
        limits.beat_s = 2;
    });
    server.write("a/x", b"1");
    let id = |listing: &Value| listing["event_id"].as_str().unwrap().to_owned();
    let first = id(&server.get("/api/list/a").json());
    // Two seconds later it no longer is, and then changes go unseen.
    let mut clock = server.stream("/events", &[]);
    while clock.next().name != "beat" {}
    let mut stream = server.stream(&format!("/events?dir=a&last_event_id={first}"), &[]);
    assert_eq!(stream.next().name, "reset");
    drop(stream);
    // From the id of a listing while it is held there is no reset.
    let held = watch(&server, &["a"]);
    let second = id(&server.get("/api/list/a").json());
    let mut stream = server.stream(&format!("/events?dir=a&last_event_id={second}"), &[]);
    assert_eq!(stream.next().name, "ready");
    drop(held);
    // A folder that is not there is not known.
    let mut stream = server.stream(&format!("/events?dir=none&last_event_id={second}"), &[]);
    assert_eq!(stream.next().name, "reset");
}

#[test]
fn a_watched_folder_that_goes_is_told_and_watched_again_when_it_is_back() {
    let server = Instance::start_with(|limits| limits.compare_ms = 100);
    server.write("a/b/x", b"1");
    let mut stream = watch(&server, &["a%2Fb"]);
    fs::rename(server.path("a/b"), server.path("elsewhere")).unwrap();
    assert_eq!(told(&mut stream, 1), ["delete a/b folder"]);
    fs::rename(server.path("elsewhere"), server.path("a/b")).unwrap();
    assert_eq!(told(&mut stream, 1), ["folder a/b"]);
    server.write("a/b/y", b"1");
    assert_eq!(told(&mut stream, 1), ["upload a/b/y 1"]);
    // A folder around it, which nobody watches.
    fs::rename(server.path("a"), server.path("c")).unwrap();
    assert_eq!(told(&mut stream, 1), ["delete a/b folder"]);
    // And what we do ourselves.
    assert_eq!(server.ask("PUT /files/a/b/z", &[], b"1").status, 201);
    assert_eq!(
        told(&mut stream, 3),
        ["folder a", "folder a/b", "upload a/b/z 1"]
    );
    server.write("a/b/w", b"1");
    loop {
        // It may have been written before the folder was watched again; then it is listed.
        let listed = server.get("/api/list/a/b").json();
        if listed["entries"].as_array().unwrap().len() == 2 {
            break;
        }
    }
    server.write("a/b/v", b"1");
    let last = loop {
        let word = told(&mut stream, 1).remove(0);
        // It may have been found empty, too.
        if !word.ends_with(" a/b/w 1") {
            break word;
        }
    };
    assert_eq!(last, "upload a/b/v 1");
    fs::remove_dir_all(server.path("a")).unwrap();
    let mut words = Vec::new();
    while words.last().is_none_or(|word| word != "delete a/b folder") {
        words.extend(told(&mut stream, 1));
    }
    assert!(words.len() <= 4, "{words:?}");
}

#[test]
fn more_changes_than_the_kernel_remembers_are_answered_by_reset() {
    let limit: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("old"), b"1").unwrap();
    let server = Binary::start(folder.path(), &[]);
    let listing = server.ask("GET /api/list/", &[], b"").json();
    let id = listing["event_id"].as_str().unwrap().to_owned();
    let mut stream = server.stream("/events?dir=");
    assert_eq!(stream.next().name, "ready");
    // It sleeps, as a laptop does.
    server.signal(libc::SIGSTOP);
    for n in 0..=limit {
        // Two names by turns: a signal like the one before is not kept.
        let path = path(&(n % 2).to_string());
        fs::write(&path, b"x").unwrap();
        fs::remove_file(&path).unwrap();
    }
    fs::write(path("new"), b"123").unwrap();
    server.signal(libc::SIGCONT);
    let reset = loop {
        let frame = stream.next_change();
        if frame.name == "reset" {
            break frame;
        }
    };
    assert_eq!(reset.id.as_deref(), reset.data["event_id"].as_str());
    let entries = server.ask("GET /api/list/", &[], b"").json()["entries"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    // Whoever was away has missed it too.
    let mut back = server.stream(&format!("/events?dir=&last_event_id={id}"));
    assert_eq!(back.next().name, "reset");
    // And from there on it is as before.
    fs::write(path("newer"), b"1").unwrap();
    assert_eq!(told(&mut stream, 1), ["upload newer 1"]);
}

#[test]
fn what_happens_in_a_folder_too_large_to_remember_is_answered_by_reset() {
    let server = Instance::start_with(|limits| {
        limits.compare_ms = 100;
        limits.beat_s = 1;
    });
    fs::create_dir(server.path("large")).unwrap();
    for n in 0..=50_000 {
        fs::File::create(server.path(&format!("large/{n}"))).unwrap();
    }
    let mut stream = watch(&server, &["large"]);
    // Ours is told with its word, and that is all.
    assert_eq!(server.ask("PUT /files/large/a", &[], b"1").status, 201);
    assert_eq!(told(&mut stream, 1), ["upload large/a 1"]);
    assert_eq!(server.ask("DELETE /files/large/a", &[], b"").status, 204);
    assert_eq!(told(&mut stream, 1), ["delete large/a file"]);
    assert_eq!(server.ask("PUT /files/large/b/c", &[], b"1").status, 201);
    assert_eq!(told(&mut stream, 1), ["folder large/b"]);
    // Everything but silence would be one too many.
    let mut after = std::iter::repeat_with(|| stream.next().name);
    let after = after.find(|name| name != "progress");
    assert_eq!(after.as_deref(), Some("beat"));
    assert_eq!(server.ask("PUT /files/large/a", &[], b"1").status, 201);
    assert_eq!(told(&mut stream, 1), ["upload large/a 1"]);
    server.write("large/a", b"theirs");
    assert_eq!(stream.next_change().name, "reset");
    fs::rename(server.path("large/a"), server.path("large/0")).unwrap();
    assert_eq!(stream.next_change().name, "reset");
    fs::remove_file(server.path("large/0")).unwrap();
    assert_eq!(stream.next_change().name, "reset");
    // With the folder goes all that, and comes back.
    fs::rename(server.path("large"), server.path("elsewhere")).unwrap();
    assert_eq!(told(&mut stream, 1), ["delete large folder"]);
    fs::rename(server.path("elsewhere"), server.path("large")).unwrap();
    assert_eq!(told(&mut stream, 1), ["folder large"]);
}

/// What is told first of a request that makes `a`, when somebody meddles with that before it is
/// told.
fn told_of(line: &str, meddle: impl FnOnce(&Path), count: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    // Between the name and the word lies a sync, which here leaves others the time to come.
    let slowly = ["trace=fsync", "inject=fsync:delay_exit=500000"];
    let traced = Tracer::start(folder.path(), &slowly, &[]);
    let mut stream = traced.server.stream("/events?dir=");
    assert_eq!(stream.next().name, "ready");
    let path = folder.path().join("a");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| traced.server.ask(line, &[], b"").status);
        let deadline = Instant::now() + PATIENCE;
        while !path.exists() {
            assert!(Instant::now() < deadline, "it has its name");
        }
        meddle(&path);
        assert_eq!(asked.join().unwrap(), 201);
    });
    told(&mut stream, count)
}

#[test]
fn what_takes_the_place_of_an_upload_before_that_is_told_is_told_after_it() {
    let meddle = |path: &Path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    let expected = ["upload a 0", "delete a file", "folder a"];
    assert_eq!(told_of("PUT /files/a", meddle, 3), expected);
}

#[test]
fn a_folder_of_ours_that_goes_before_it_is_told_is_told_to_be_gone() {
    let meddle = |path: &Path| fs::remove_dir(path).unwrap();
    let expected = ["folder a", "delete a folder"];
    assert_eq!(told_of("MKCOL /files/a", meddle, 2), expected);
}
