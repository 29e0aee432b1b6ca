//! Uploads in pieces through what happens to phones, lines and servers: dead connections, two
//! clients at once, cut lines, `kill -9`, restarts, and time.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::harness::{Binary, Endurance, Instance, PATIENCE, Proxy, Wire, hash_of, request};
use crate::tus::{PIECE, TUS, begin, offset, send};

/// Bytes of which no piece is like another.
fn noise(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(6);
    let mut noise = vec![0; bytes];
    random.fill(&mut noise);
    noise
}

/// The head of a PATCH whose body is not all sent.
fn patch(path: &str, offset: usize, length: usize) -> Vec<u8> {
    let (offset, length) = (offset.to_string(), length.to_string());
    let fields = [
        TUS,
        PIECE,
        ("Upload-Offset", &offset),
        ("Content-Length", &length),
    ];
    request(&format!("PATCH {path}"), &fields, b"")
}

/// Waits until an upload has so many bytes, by its progress.
fn wait_for(address: SocketAddr, bytes: usize) {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let status = Wire::connect(address)
            .ask("GET /api/status", &[], b"")
            .json();
        // What is told five times a second may be a little behind; any byte will do.
        if status["uploads"][0]["received"].as_u64().unwrap_or(0) >= bytes as u64 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{status}");
    }
}

/// Waits until a request is at work on the one upload there is.
fn wait_until_taken(address: SocketAddr) {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let status = Wire::connect(address)
            .ask("GET /api/status", &[], b"")
            .json();
        if status["uploads"][0]["state"] == "receiving" {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{status}");
    }
}

#[test]
fn a_patch_on_a_dead_line_gives_way_and_what_it_brought_counts() {
    let server = Instance::start();
    let content = noise(1_000_000);
    let path = begin(&mut server.connect(), 1_000_000, &[("filename", "a")]);
    for method in ["HEAD", "PATCH"] {
        let at = usize::try_from(offset(&mut server.connect(), &path)).unwrap();
        let mut dead = server.connect();
        dead.send(patch(&path, at, content.len() - at));
        dead.send(&content[at..at + 300_000]);
        wait_until_taken(server.address);
        // The line says nothing more, and does not end. The server holds those bytes now, or they
        // are on their way; either way the offset that is told is where to go on.
        let mut wire = server.connect();
        let now = usize::try_from(offset(&mut wire, &path)).unwrap();
        assert!((at..=at + 300_000).contains(&now), "{method}: {now}");
        assert!(dead.is_closed(), "the old one is ended");
        if method == "PATCH" {
            let answer = send(&mut wire, &path, now as u64, &content[now..]);
            assert_eq!(answer.status, 204);
        }
    }
    assert!(server.read("a") == content);
}

#[test]
fn two_clients_on_one_id_never_mix() {
    let server = Instance::start();
    let path = begin(&mut server.connect(), 1_000_000, &[("filename", "a")]);
    let mut first = server.connect();
    first.send(patch(&path, 0, 1_000_000));
    first.send(vec![1; 400_000]);
    wait_until_taken(server.address);
    let mut second = server.connect();
    let at = usize::try_from(offset(&mut second, &path)).unwrap();
    // The first goes on as if nothing had happened; nobody listens any more.
    first.send_while_taken(vec![1; 600_000]);
    let answer = send(&mut second, &path, at as u64, &vec![2; 1_000_000 - at]);
    assert_eq!(answer.status, 204);
    let content = server.read("a");
    assert!(content[..at].iter().all(|&b| b == 1) && content[at..].iter().all(|&b| b == 2));
    assert_eq!(content.len(), 1_000_000);
}

#[test]
fn a_crowd_on_one_id_ends_with_one_file() {
    let server = Instance::start();
    let content = noise(200_000);
    let path = begin(&mut server.connect(), 200_000, &[("filename", "a")]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let Some(mut wire) = Wire::try_connect(server.address) else {
                        continue;
                    };
                    let told = wire.try_ask(&format!("HEAD {path}"), &[TUS], b"");
                    let at = told.filter(|told| told.status == 200);
                    let Some(at) = at.map(|told| told.field("Upload-Offset").unwrap().to_owned())
                    else {
                        continue;
                    };
                    let from: usize = at.parse().unwrap();
                    let to = (from + 10_000).min(content.len());
                    let fields = [TUS, PIECE, ("Upload-Offset", &*at)];
                    wire.try_ask(&format!("PATCH {path}"), &fields, &content[from..to]);
                }
            });
        }
    });
    let at = usize::try_from(offset(&mut server.connect(), &path)).unwrap();
    if at < content.len() {
        send(&mut server.connect(), &path, at as u64, &content[at..]);
    }
    assert!(server.read("a") == content);
    assert!(!server.path("a (2)").exists());
}

/// Uploads the rest of `content` by whatever connections last, until it is whole.
fn push(address: SocketAddr, path: &str, content: &[u8]) {
    const TRIES_MAX: usize = 2000;
    for _ in 0..TRIES_MAX {
        let Some(mut wire) = Wire::try_connect(address) else {
            continue;
        };
        let Some(told) = wire.try_ask(&format!("HEAD {path}"), &[TUS], b"") else {
            continue;
        };
        if told.status != 200 {
            continue;
        }
        let at: usize = told.field("Upload-Offset").unwrap().parse().unwrap();
        if at == content.len() && told.field("Livedrop-Path").is_some() {
            return;
        }
        let offset = at.to_string();
        let fields = [TUS, PIECE, ("Upload-Offset", &*offset)];
        wire.try_ask(&format!("PATCH {path}"), &fields, &content[at..]);
    }
    panic!("it never comes through");
}

#[test]
fn a_hundred_cuts_leave_every_byte_in_its_place() {
    let server = Instance::start();
    let content = noise(20_000_000);
    let endurance = Endurance {
        to_client_max: u64::MAX,
        to_server_max: 190_000,
    };
    let proxy = Proxy::start(server.address, endurance);
    let path = begin(
        &mut server.connect(),
        content.len() as u64,
        &[("filename", "a")],
    );
    push(proxy.address, &path, &content);
    assert!(proxy.cuts() >= 100, "{}", proxy.cuts());
    assert_eq!(Sha256::digest(server.read("a")), Sha256::digest(&content));
}

/// Bytes of the only upload's data on the disk, or of the file that it has become.
fn on_disk(folder: &Path) -> u64 {
    let uploads = std::fs::read_dir(folder.join(".livedrop/uploads")).unwrap();
    let mut sizes = uploads.filter_map(|entry| {
        let entry = entry.unwrap();
        let is_data = !entry.file_name().to_str().unwrap().contains('.');
        is_data.then(|| entry.metadata().unwrap().len())
    });
    let published = std::fs::metadata(folder.join("a")).map(|meta| meta.len());
    sizes.next().or(published.ok()).unwrap_or(0)
}

#[test]
fn killed_at_any_moment_it_goes_on_from_what_is_certain() {
    const KILLS: usize = 50;
    let folder = tempfile::tempdir().unwrap();
    let content = noise(500_000_000);
    let mut random = fastrand::Rng::with_seed(9);
    let mut server = Binary::start(folder.path(), &["--quiet"]);
    let path = begin(
        &mut server.connect(),
        content.len() as u64,
        &[("filename", "a")],
    );
    let mut last = 0;
    for _ in 0..KILLS {
        let address = server.address;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let Some(mut wire) = Wire::try_connect(address) else {
                    return;
                };
                let mut at = last;
                while at < content.len() {
                    let to = (at + 1_000_000).min(content.len());
                    let offset = at.to_string();
                    let fields = [TUS, PIECE, ("Upload-Offset", &*offset)];
                    let piece = &content[at..to];
                    match wire.try_ask(&format!("PATCH {path}"), &fields, piece) {
                        Some(answer) if answer.status == 204 => at = to,
                        Some(_) | None => return,
                    }
                }
            });
            // What is waited for is the moment itself, whichever it is.
            std::thread::sleep(Duration::from_micros(random.u64(1000..150_000)));
            server.kill();
        });
        server = Binary::start(folder.path(), &["--quiet"]);
        let told = offset(&mut server.connect(), &path);
        assert!(told <= on_disk(folder.path()), "{told} is certain");
        let told = usize::try_from(told).unwrap();
        assert!(
            told >= last,
            "what was certain stays so: {told} after {last}"
        );
        last = told;
    }
    assert!(last > 0, "something came through between the kills");
    push(server.address, &path, &content);
    let file = File::open(folder.path().join("a")).unwrap();
    assert_eq!(hash_of(file), hash_of(&content[..]));
    assert!(!folder.path().join("a (2)").exists());
}

#[test]
fn a_restart_knows_what_was_unfinished_and_what_was_finished() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut wire = server.connect();
    let open = begin(&mut wire, 6, &[("filename", "open")]);
    assert_eq!(send(&mut wire, &open, 0, b"abc").status, 204);
    let whole = begin(&mut wire, 3, &[("filename", "whole")]);
    assert_eq!(send(&mut wire, &whole, 0, b"abc").status, 204);
    server.kill();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut wire = server.connect();
    let uploads = wire.ask("GET /api/status", &[], b"").json()["uploads"].clone();
    assert_eq!(uploads.as_array().unwrap().len(), 1);
    assert_eq!(
        (&uploads[0]["path"], &uploads[0]["state"]),
        (&"open".into(), &"paused".into())
    );
    let told = wire.ask(&format!("HEAD {whole}"), &[TUS], b"");
    assert_eq!(
        (told.status, told.field("Livedrop-Path")),
        (200, Some("whole"))
    );
    assert_eq!(
        send(&mut wire, &open, 3, b"def").field("Livedrop-Path"),
        Some("open")
    );
}

#[test]
fn whatever_is_broken_in_the_records_goes_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = folder.path().join(".livedrop/uploads");
    std::fs::create_dir_all(&uploads).unwrap();
    let id = "0123456789abcdef0123456789abcdef";
    std::fs::write(uploads.join(id), b"bytes without a record").unwrap();
    std::fs::write(
        uploads.join(format!("{}.record", id.replace('0', "1"))),
        b"nonsense",
    )
    .unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    assert_eq!(
        server
            .ask(&format!("HEAD /uploads/{id}"), &[TUS], b"")
            .status,
        404
    );
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0);
}

#[test]
fn what_was_published_before_a_kill_is_not_published_twice() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut wire = server.connect();
    let path = begin(&mut wire, 3, &[("filename", "a")]);
    assert_eq!(send(&mut wire, &path, 0, b"abc").status, 204);
    server.kill();
    // As it was between the moment in which the file got its name and the word that it has.
    let id = path.strip_prefix("/uploads/").unwrap();
    let record = folder.path().join(format!(".livedrop/uploads/{id}.record"));
    let text = std::fs::read_to_string(&record).unwrap();
    let file = folder.path().join("a");
    std::fs::rename(&file, folder.path().join("a (2)")).unwrap();
    let inode =
        std::os::unix::fs::MetadataExt::ino(&folder.path().join("a (2)").metadata().unwrap());
    let text = text.replace("stage finished a", &format!("stage publishing {inode}"));
    std::fs::write(&record, text).unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let answer = send(&mut server.connect(), &path, 3, b"");
    assert_eq!(
        (answer.status, answer.field("Livedrop-Path")),
        (204, Some("a%20%282%29"))
    );
    assert!(!file.exists());
}

#[test]
fn an_upload_whose_time_is_over_goes_with_its_bytes() {
    let server = Instance::start_with(|limits| limits.uploads_keep_s = 0);
    let mut stream = server.stream("/events", &[]);
    let path = begin(&mut server.connect(), 3, &[("filename", "a")]);
    assert_eq!(server.ask(&format!("HEAD {path}"), &[TUS], b"").status, 410);
    let left = std::fs::read_dir(server.path(".livedrop/uploads")).unwrap();
    assert_eq!(left.count(), 0);
    let state = std::iter::repeat_with(|| stream.next()).find(|e| e.data["state"] == "failed");
    assert_eq!(state.unwrap().data["path"], "a");
}

#[test]
fn what_is_over_goes_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let path = begin(&mut server.connect(), 3, &[("filename", "a")]);
    server.kill();
    let id = path.strip_prefix("/uploads/").unwrap();
    let record = folder.path().join(format!(".livedrop/uploads/{id}.record"));
    let text = std::fs::read_to_string(&record).unwrap();
    let old: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("expires"))
        .collect();
    let (head, stage) = old.split_at(old.len() - 1);
    let text = format!("{}\nexpires 1000\n{}\n", head.join("\n"), stage[0]);
    std::fs::write(&record, text).unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let deadline = std::time::Instant::now() + PATIENCE;
    while record.exists() {
        assert!(std::time::Instant::now() < deadline, "it is swept");
    }
    assert_eq!(server.ask(&format!("HEAD {path}"), &[TUS], b"").status, 410);
}

#[test]
fn a_piece_that_is_under_way_shows_in_the_status() {
    let server = Instance::start();
    let path = begin(&mut server.connect(), 3_000_000, &[("filename", "a")]);
    let mut wire = server.connect();
    wire.send(patch(&path, 0, 3_000_000));
    wire.send(vec![1; 1_000_000]);
    wait_for(server.address, 0);
    let status = server.get("/api/status").json();
    assert_eq!(status["uploads"].as_array().unwrap().len(), 1);
    assert_eq!(
        status["uploads"][0]["upload"],
        path.strip_prefix("/uploads/").unwrap()
    );
}
