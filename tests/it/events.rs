//! The event stream: ids, replay, filters, beats, and what happens to those who do not read.

use std::collections::BTreeMap;

use crate::harness::{Instance, PATIENCE, Stream};

/// The names and paths of the next changes.
fn changes(stream: &mut Stream, count: usize) -> Vec<(String, String)> {
    let mut changes = Vec::new();
    while changes.len() < count {
        let frame = stream.next_change();
        changes.push((
            frame.name,
            frame.data["path"].as_str().unwrap_or_default().to_owned(),
        ));
    }
    changes
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, path)| ((*name).into(), (*path).into()))
        .collect()
}

#[test]
fn each_change_is_told_with_what_stands_there_now() {
    let server = Instance::start();
    let mut stream = server.stream("/events", &[]);
    let ready = stream.next();
    assert_eq!(ready.name, "ready");
    assert_eq!(ready.id.as_deref(), ready.data["event_id"].as_str());
    assert_eq!(ready.data["version"], env!("CARGO_PKG_VERSION"));
    server.ask(
        "PUT /files/a/b/c.txt",
        &[("X-OC-Mtime", "1000000000")],
        b"12345",
    );
    server.ask("PUT /files/a/b/c.txt", &[], b"1234567");
    server.ask("DELETE /files/a/b/c.txt", &[], b"");
    server.ask("DELETE /files/a", &[], b"");
    let told = changes(&mut stream, 2);
    assert_eq!(told, pairs(&[("folder", "a"), ("folder", "a/b")]));
    let upload = stream.next_change();
    assert_eq!(upload.name, "upload");
    let data =
        serde_json::json!({"path": "a/b/c.txt", "size": 5, "modified": 1_000_000_000_000_u64});
    assert_eq!(upload.data, data);
    let update = stream.next_change();
    assert_eq!(
        (update.name.as_str(), &update.data["size"]),
        ("update", &7.into())
    );
    assert!(update.id > upload.id, "ids are in sorting order");
    let gone = stream.next_change();
    assert_eq!(
        gone.data,
        serde_json::json!({"path": "a/b/c.txt", "kind": "file"})
    );
    let tree = stream.next_change();
    assert_eq!(
        tree.data,
        serde_json::json!({"path": "a", "kind": "folder"})
    );
}

#[test]
fn whoever_comes_back_gets_exactly_what_came_after() {
    let server = Instance::start();
    let mut stream = server.stream("/events", &[]);
    let mut ids = vec![stream.next().id.unwrap()];
    for i in 0..10 {
        server.ask(&format!("PUT /files/{i}"), &[], b"x");
        ids.push(stream.next_change().id.unwrap());
    }
    for (i, id) in ids.iter().enumerate() {
        let by_field = server.stream("/events", &[("Last-Event-ID", id)]);
        let by_query = server.stream(&format!("/events?last_event_id={id}"), &[]);
        for mut back in [by_field, by_query] {
            for later in &ids[i + 1..] {
                assert_eq!(back.next().id.as_ref(), Some(later));
            }
            let ready = back.next();
            assert_eq!(
                (ready.name.as_str(), ready.id.as_ref()),
                ("ready", ids.last())
            );
        }
    }
}

#[test]
fn ids_that_nobody_knows_are_answered_by_reset() {
    let server = Instance::start_with(|limits| limits.events_kept = 2);
    let first = server.stream("/events", &[]).next().id.unwrap();
    for i in 0..4 {
        server.ask(&format!("PUT /files/{i}"), &[], b"x");
    }
    let foreign = "0".repeat(first.len());
    let future = format!("{}f", &first[..first.len() - 1]);
    for id in [first.as_str(), "nonsense", &foreign, &future, "%00", "💧"] {
        let mut stream = server.stream("/events", &[("Last-Event-ID", id)]);
        let reset = stream.next();
        assert_eq!((reset.name.as_str(), reset.id), ("reset", None), "{id}");
        let ready = stream.next();
        assert_eq!(ready.name, "ready");
        assert_eq!(reset.data["event_id"], ready.data["event_id"]);
    }
    assert_eq!(
        server
            .stream("/events", &[("Last-Event-ID", "")])
            .next()
            .name,
        "ready"
    );
}

#[test]
fn silence_is_broken_by_beats() {
    let server = Instance::start_with(|limits| limits.beat_s = 1);
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    for _ in 0..2 {
        let beat = stream.next();
        assert_eq!(
            (beat.name.as_str(), beat.id, beat.data),
            ("beat", None, serde_json::json!({}))
        );
    }
}

#[test]
fn a_stream_can_be_narrowed_to_folders() {
    let server = Instance::start();
    let mut root = server.stream("/events?dir=", &[]);
    let mut two = server.stream("/events?dir=a&dir=b%2Fc", &[]);
    assert_eq!(
        (root.next().name, two.next().name),
        ("ready".into(), "ready".into())
    );
    for path in ["top", "a/x", "b/c/y", "b/other", "a/deep/z"] {
        server.ask(&format!("PUT /files/{path}"), &[], b"x");
    }
    server.ask("DELETE /files/b", &[], b"");
    server.ask("PUT /files/last", &[], b"x");
    let told = changes(&mut root, 5);
    let expected = [
        ("upload", "top"),
        ("folder", "a"),
        ("folder", "b"),
        ("delete", "b"),
        ("upload", "last"),
    ];
    assert_eq!(told, pairs(&expected));
    let told = changes(&mut two, 7);
    let expected = [
        ("folder", "a"),
        ("upload", "a/x"),
        // A folder that a watched one lies in is told of too.
        ("folder", "b"),
        ("folder", "b/c"),
        ("upload", "b/c/y"),
        ("folder", "a/deep"),
        ("delete", "b"),
    ];
    assert_eq!(told, pairs(&expected));
}

#[test]
fn a_name_with_line_ends_cannot_break_a_frame() {
    let server = Instance::start();
    server.write("a\nevent: upload\ndata: {}\n\n.txt", b"x");
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    let target = "/files/a%0Aevent:%20upload%0Adata:%20%7B%7D%0A%0A.txt";
    assert_eq!(
        server.ask(&format!("DELETE {target}"), &[], b"").status,
        204
    );
    let gone = stream.next();
    assert_eq!(gone.name, "delete");
    assert_eq!(gone.data["path"], "a\nevent: upload\ndata: {}\n\n.txt");
}

#[test]
fn streams_over_the_limit_are_told_when_to_come_back() {
    let server = Instance::start_with(|limits| limits.streams_max = 2);
    let mut first = server.stream("/events", &[]);
    let second = server.stream("/events", &[]);
    assert_eq!(first.next().name, "ready");
    // The head alone can be had by anybody.
    let head = server.ask("HEAD /events", &[], b"");
    assert_eq!(
        (head.status, head.field("Content-Type")),
        (200, Some("text/event-stream"))
    );
    let third = server.get("/events");
    assert_eq!((third.status, third.code().as_str()), (503, "busy"));
    assert!(third.field("Retry-After").is_some());
    drop(second);
    // The place of one that left is free as soon as that is noticed.
    let deadline = std::time::Instant::now() + PATIENCE;
    while server.get("/api/status").json()["streams"] != 1 {
        assert!(
            std::time::Instant::now() < deadline,
            "a stream that left is noticed"
        );
    }
    assert_eq!(server.stream("/events", &[]).next().name, "ready");
}

#[test]
fn one_that_does_not_read_is_cut_and_catches_up_while_others_miss_nothing() {
    let server = Instance::start_with(|limits| {
        limits.stream_queue_events = 4;
        limits.stream_patience_ms = 50;
        limits.events_kept = 100_000;
        limits.events_kept_bytes = 1 << 30;
    });
    let deaf = server.stream("/events", &[]);
    let mut listener = server.stream("/events", &[]);
    let first = listener.next().id.unwrap();
    let long = "n".repeat(200);
    let heard = std::thread::spawn(move || {
        let paths = std::iter::from_fn(|| Some(listener.next_change().data["path"].clone()));
        paths.take_while(|path| path != "end").collect::<Vec<_>>()
    });
    let mut told = vec![long.clone()];
    // What the kernel holds for the deaf one fills first.
    while server.get("/api/status").json()["streams"] != 1 {
        let mut wire = server.connect();
        for _ in 0..100 {
            let path = format!("{long}/{}", told.len());
            wire.ask(&format!("PUT /files/{path}"), &[], b"");
            told.push(path);
        }
        assert!(told.len() < 20_000, "the one that does not read is cut");
    }
    server.ask("PUT /files/end", &[], b"");
    assert!(deaf.ends());
    assert_eq!(heard.join().unwrap(), told);
    let mut back = server.stream("/events", &[("Last-Event-ID", &first)]);
    for path in told {
        assert_eq!(back.next_change().data["path"], path);
    }
}

#[test]
fn a_listing_and_the_stream_after_it_are_the_disk() {
    let server = Instance::start();
    let writers = 4;
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let server = &server;
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(writer);
                for _ in 0..100 {
                    let name = format!("f{}", random.u32(0..8));
                    let content = vec![b'x'; random.usize(0..50)];
                    if random.u32(0..3) == 0 {
                        server.ask(&format!("DELETE /files/{name}"), &[], b"");
                    } else {
                        server.ask(&format!("PUT /files/{name}"), &[], &content);
                    }
                }
            });
        }
        for _ in 0..3 {
            let server = &server;
            scope.spawn(move || {
                let list = server.get("/api/list/").json();
                let mut picture: BTreeMap<String, u64> = BTreeMap::new();
                for row in list["entries"].as_array().unwrap() {
                    let size = row["size"].as_u64().unwrap();
                    picture.insert(row["name"].as_str().unwrap().to_owned(), size);
                }
                let id = list["event_id"].as_str().unwrap();
                let mut stream = server.stream(&format!("/events?dir=&last_event_id={id}"), &[]);
                loop {
                    let frame = stream.next();
                    let path = frame.data["path"].as_str().unwrap_or_default().to_owned();
                    match frame.name.as_str() {
                        "upload" if path == "end" => break,
                        "upload" | "update" => {
                            picture.insert(path, frame.data["size"].as_u64().unwrap());
                        }
                        "delete" => drop(picture.remove(&path)),
                        "ready" | "beat" | "progress" => {}
                        other => panic!("{other}"),
                    }
                }
                let disk: BTreeMap<String, u64> = server
                    .tree()
                    .into_iter()
                    .filter(|name| name != "end")
                    .map(|name| (name.clone(), server.read(&name).len() as u64))
                    .collect();
                assert_eq!(picture, disk);
            });
        }
        let server = &server;
        scope.spawn(move || end_when_quiet(server, writers as usize * 100));
    });
}

/// Puts the file `end` once so many changes were asked for.
fn end_when_quiet(server: &Instance, asked: usize) {
    let is_change =
        |line: &String| line.contains(" PUT /files/f") || line.contains(" DELETE /files/f");
    while server.log().iter().filter(|line| is_change(line)).count() < asked {
        std::thread::yield_now();
    }
    server.ask("PUT /files/end", &[], b"");
}
