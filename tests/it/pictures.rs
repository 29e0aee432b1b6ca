//! Whatever is done to the folder, through us and from outside, and however its watchers come, go,
//! stall and come back: the picture that each makes of it, from a listing and events, ends as the
//! disk.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Frame, Instance, PATIENCE, Stream};

const SEEDS: u64 = 60;
const FOLDERS: [&str; 2] = ["", "a"];

/// What a watcher believes to lie in its folder: names, with the sizes of files.
type Picture = BTreeMap<String, Option<u64>>;

struct Watcher<'s> {
    server: &'s Instance,
    folder: &'static str,
    picture: Picture,
    last_id: String,
}

impl Watcher<'_> {
    fn list(&mut self) {
        let listing = self
            .server
            .get(&format!("/api/list/{}", self.folder))
            .json();
        self.picture.clear();
        for row in listing["entries"].as_array().unwrap() {
            let size = (row["kind"] == "file").then(|| row["size"].as_u64().unwrap());
            self.picture
                .insert(row["name"].as_str().unwrap().to_owned(), size);
        }
        listing["event_id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.last_id);
    }

    fn open(&self) -> Stream {
        let fields = [("Last-Event-ID", self.last_id.as_str())];
        let target = format!("/events?dir={}", self.folder);
        self.server.stream(&target, &fields)
    }

    /// The name in our folder that a path stands for.
    fn name(&self, path: &Value) -> Option<String> {
        let path = path.as_str()?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        (folder == self.folder).then(|| name.to_owned())
    }

    fn apply(&mut self, frame: &Frame) {
        let data = &frame.data;
        let name = self.name(&data["path"]);
        match (frame.name.as_str(), name) {
            ("reset", _) => self.list(),
            ("upload" | "update", Some(name)) => {
                self.picture.insert(name, data["size"].as_u64());
            }
            ("folder", Some(name)) => drop(self.picture.insert(name, None)),
            ("delete", Some(name)) => drop(self.picture.remove(&name)),
            ("move", to) => {
                let from = self.name(&data["from"]);
                let left = from.and_then(|from| self.picture.remove(&from));
                match (to, left) {
                    (None, _) => {}
                    (Some(name), _) if data["kind"] == "folder" => {
                        self.picture.insert(name, None);
                    }
                    (Some(name), Some(row)) if !self.picture.contains_key(&name) => {
                        self.picture.insert(name, row);
                    }
                    // The event does not say how large it is, and the row that we had may be of
                    // another that came later.
                    (Some(_), _) => self.list_again(),
                }
            }
            _ => {}
        }
        if let Some(id) = &frame.id {
            self.last_id.clone_from(id);
        }
    }

    /// Lists while the stream goes on from where it is.
    fn list_again(&mut self) {
        let id = self.last_id.clone();
        self.list();
        self.last_id = id;
    }

    fn is_right(&self) -> bool {
        self.wrong().is_empty()
    }

    /// The names of which the disk says otherwise, with what it says.
    fn wrong(&self) -> Vec<String> {
        let mut picture = self.picture.clone();
        let mut wrong = Vec::new();
        for entry in fs::read_dir(self.server.path(self.folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with(".livedrop") {
                continue;
            }
            let facts = entry.metadata().unwrap();
            let size = facts.is_file().then_some(facts.len());
            let shown = picture.remove(&name);
            if shown != Some(size) {
                wrong.push(format!("{name}: {size:?}, shown is {shown:?}"));
            }
        }
        wrong.extend(picture.into_keys().map(|name| format!("{name}: gone")));
        wrong
    }
}

/// Changes things by requests; `undo` is the way back from one before.
fn ask(server: &Instance, random: &mut fastrand::Rng, undo: &mut Option<String>) {
    let path = any_path(random);
    let destination = format!("/files/{}", any_path(random));
    let to = [("Destination", destination.as_str())];
    match random.u32(0..10) {
        0 => {
            let removed = server.ask(&format!("DELETE /files/{path}"), &[], b"");
            *undo = removed.field("Livedrop-Undo").map(str::to_owned);
        }
        1 => {
            let form =
                "--b\r\nContent-Disposition: form-data; filename=\"f1\"\r\n\r\nxyz\r\n--b--\r\n";
            let fields = [("Content-Type", "multipart/form-data; boundary=b")];
            drop(server.ask("POST /upload?dir=a", &fields, form.as_bytes()));
        }
        2 | 3 => drop(server.ask(&format!("PUT /files/{path}/sub"), &[], b"1")),
        4 => drop(server.ask(&format!("MKCOL /files/{path}"), &[], b"")),
        5 => drop(server.ask(&format!("MOVE /files/{path}"), &to, b"")),
        6 => drop(server.ask(&format!("COPY /files/{path}"), &to, b"")),
        7 => {
            if let Some(token) = undo.take() {
                drop(server.ask(&format!("POST /api/undo/{token}"), &[], b""));
            }
        }
        _ => {
            let content = vec![b'x'; random.usize(0..50)];
            drop(server.ask(&format!("PUT /files/{path}"), &[], &content));
        }
    }
}

/// Changes things on the disk. What cannot be done, since others do things too, is not done.
fn meddle(server: &Instance, random: &mut fastrand::Rng) {
    let path = server.path(&any_path(random));
    let _ = match random.u32(0..8) {
        0 => fs::remove_file(path),
        1 => fs::remove_dir_all(path),
        2 => fs::create_dir(path),
        3 | 4 => fs::rename(path, server.path(&any_path(random))),
        5 => fs::hard_link(path, server.path(&any_path(random))),
        // What is written by a name that another takes at once, nobody hears of by its other names.
        _ if fs::metadata(&path).is_ok_and(|facts| facts.is_file() && facts.nlink() > 1) => Ok(()),
        _ => fs::write(path, vec![b'y'; random.usize(0..50)]),
    };
}

fn any_path(random: &mut fastrand::Rng) -> String {
    let folder = if random.bool() { "a/" } else { "" };
    format!("{folder}f{}", random.u32(0..6))
}

fn watch(server: &Instance, seed: u64, is_over: &dyn Fn() -> bool) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut watcher = Watcher {
        server,
        folder: FOLDERS[random.usize(0..FOLDERS.len())],
        picture: Picture::new(),
        last_id: String::new(),
    };
    watcher.list();
    while !is_over() {
        let mut stream = watcher.open();
        for _ in 0..random.u32(1..20) {
            if is_over() {
                break;
            }
            if let Some(frame) = stream.next_within(Duration::from_millis(20)) {
                watcher.apply(&frame);
            }
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while !watcher.is_right() {
        // One that is cut for being slow comes back, as before.
        let mut stream = watcher.open();
        for _ in 0..20 {
            if let Some(frame) = stream.next_within(Duration::from_millis(20)) {
                watcher.apply(&frame);
            }
        }
        assert!(
            Instant::now() < deadline,
            "seed {seed}, folder {:?}, on the disk {:?}",
            watcher.folder,
            watcher.wrong(),
        );
    }
}

#[test]
fn every_picture_ends_as_the_disk() {
    for seed in 0..SEEDS {
        let server = Instance::start_with(|limits| {
            limits.stillness_ms = 100;
            limits.undo_s = 3600;
            limits.events_kept = if seed % 3 == 0 { 20 } else { 4096 };
            limits.stream_queue_events = 8;
            limits.watch_ms = if seed % 2 == 0 { 1 } else { 60_000 };
        });
        fs::create_dir(server.path("a")).unwrap();
        let ended = std::sync::atomic::AtomicUsize::new(0);
        let is_over = || ended.load(std::sync::atomic::Ordering::SeqCst) == 3;
        std::thread::scope(|scope| {
            for writer in 0..3 {
                let (server, ended) = (&server, &ended);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed * 10 + writer);
                    let mut undo = None;
                    for _ in 0..60 {
                        if writer > 0 {
                            ask(server, &mut random, &mut undo);
                            continue;
                        }
                        // What takes no time by itself is to happen in between.
                        for _ in 0..random.u32(0..8) {
                            server.get("/health");
                        }
                        meddle(server, &mut random);
                    }
                    ended.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                });
            }
            for watcher in 0..3 {
                let (server, is_over) = (&server, &is_over);
                scope.spawn(move || watch(server, seed * 10 + 5 + watcher, is_over));
            }
        });
    }
}
