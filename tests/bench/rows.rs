//! The rows: what is measured, of whom.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::load;
use super::peer::Peer;
use super::streams::Watchers;
use super::table::{Row, Table};

/// How much is done for each row.
#[derive(Clone, Copy)]
pub struct Scale {
    small_requests: usize,
    connections: &'static [usize],
    big_bytes: u64,
    eighth_bytes: u64,
    entries: &'static [usize],
    listings: usize,
    small_files: usize,
    streams: &'static [usize],
    events: usize,
    idle_connections: usize,
}

impl Scale {
    /// What the README's table is made with.
    #[allow(dead_code, reason = "the small run does without")]
    pub const FULL: Scale = Scale {
        small_requests: 128 * 200,
        connections: &[1, 16, 128],
        big_bytes: 1 << 30,
        eighth_bytes: 256 << 20,
        entries: &[10_000, 100_000],
        listings: 10,
        small_files: 1_000,
        streams: &[100, 1_000, 5_000],
        events: 20,
        idle_connections: 2_000,
    };

    /// Enough to show that each row still works.
    #[allow(dead_code, reason = "the full run does without")]
    pub const TINY: Scale = Scale {
        small_requests: 32,
        connections: &[1, 2],
        big_bytes: 1 << 20,
        eighth_bytes: 1 << 16,
        entries: &[20],
        listings: 2,
        small_files: 3,
        streams: &[3],
        events: 2,
        idle_connections: 8,
    };
}

/// None where a server cannot do it.
type Measure = Box<dyn Fn(&Peer) -> Option<f64>>;
/// The file that is written to before a listing.
const CHANGING: &str = "one that changes";

type Rows = Vec<(String, &'static str, Measure)>;

/// Measures every row whose name holds `filter`, and tells each on `progress` when it is done.
pub fn run(scale: Scale, rounds: usize, filter: Option<&str>, progress: &mut dyn Write) -> Table {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scratch = tempfile::tempdir().expect("a temporary folder");
    fill(folder.path(), scale);
    let peers = Peer::all(folder.path(), scratch.path());
    let mut table = Table::new(
        peers
            .iter()
            .map(|peer| (peer.name, peer.version.clone()))
            .collect(),
    );
    for (name, unit, measure) in rows(folder.path(), scale) {
        if filter.is_some_and(|word| !name.contains(word)) {
            continue;
        }
        let mut row = Row::new(name, unit, peers.len());
        // Once to warm the page cache and the branch predictors, not counted.
        for peer in &peers {
            measure(peer);
        }
        for _ in 0..rounds {
            for (i, peer) in peers.iter().enumerate() {
                row.add(i, measure(peer));
            }
        }
        writeln!(progress, "{row}").expect("it can be written");
        table.push(row);
    }
    table
}

fn rows(folder: &Path, scale: Scale) -> Rows {
    let mut rows = Rows::new();
    small_answers(&mut rows, scale);
    large_files(&mut rows, scale);
    listings(&mut rows, folder, scale);
    small_files(&mut rows, folder, scale);
    streams(&mut rows, scale);
    memory(&mut rows, scale);
    rows
}

fn small_answers(rows: &mut Rows, scale: Scale) {
    for &connections in scale.connections {
        let each = scale.small_requests / connections;
        rows.push((
            format!("1 KiB keep-alive, {connections} connections, CPU"),
            "us",
            Box::new(move |peer| {
                let target = peer.file("small");
                let used = cpu(peer, || {
                    load::keep_alive(peer.address, &target, connections, each);
                });
                Some(used.as_secs_f64() * 1e6 / (each * connections) as f64)
            }),
        ));
    }
}

fn large_files(rows: &mut Rows, scale: Scale) {
    rows.push((
        "1 GiB download, CPU".into(),
        "s",
        Box::new(move |peer| Some(download(peer, "big", 1, scale.big_bytes))),
    ));
    rows.push((
        "256 MiB download, 8 at once, CPU".into(),
        "s",
        Box::new(move |peer| Some(download(peer, "eighth", 8, 8 * scale.eighth_bytes))),
    ));
    for (name, as_form) in [("PUT", false), ("form, theirs by PUT", true)] {
        let measure = move |peer: &Peer| {
            peer.takes_put
                .then(|| upload(peer, as_form, scale.big_bytes))
        };
        rows.push((
            format!("1 GiB upload by {name}, CPU"),
            "s",
            Box::new(measure),
        ));
    }
}

fn listings(rows: &mut Rows, folder: &Path, scale: Scale) {
    for &entries in scale.entries {
        let name = format!("with-{entries}");
        // Of long ones fewer.
        let count = (scale.listings * 10_000 / entries).clamp(1, scale.listings);
        let listed = name.clone();
        rows.push((
            format!("listing of {entries}, CPU"),
            "ms",
            Box::new(move |peer| {
                let target = peer.listing(&listed);
                let used = cpu(peer, || load::keep_alive(peer.address, &target, 1, count));
                Some(used.as_secs_f64() * 1e3 / count as f64)
            }),
        ));
        let changing = folder.join(&name).join(CHANGING);
        rows.push((
            format!("listing of {entries}, changed before each, CPU"),
            "ms",
            Box::new(move |peer| {
                let target = peer.listing(&name);
                let used = cpu(peer, || {
                    for number in 0..count {
                        fs::write(&changing, number.to_string()).expect("room");
                        load::keep_alive(peer.address, &target, 1, 1);
                    }
                });
                Some(used.as_secs_f64() * 1e3 / count as f64)
            }),
        ));
    }
}

fn small_files(rows: &mut Rows, folder: &Path, scale: Scale) {
    let count = scale.small_files;
    for (promise, options) in [("synced", &[][..]), ("not synced", &["--no-sync"][..])] {
        for (way, as_form) in [("PUTs over one connection", false), ("one form", true)] {
            let folder = folder.to_owned();
            rows.push((
                format!("{count} files of 10 KiB, {way}, {promise}, time"),
                "s",
                Box::new(move |peer| {
                    if !peer.is_ours() {
                        return None;
                    }
                    let own = Peer::livedrop(&folder, options);
                    let begun = Instant::now();
                    match as_form {
                        true => load::form(own.address, count, 10 << 10),
                        false => load::puts(own.address, count, 10 << 10),
                    }
                    Some(begun.elapsed().as_secs_f64())
                }),
            ));
        }
    }
}

fn streams(rows: &mut Rows, scale: Scale) {
    for &count in scale.streams {
        type Figure = fn(&Peer, usize, usize) -> f64;
        let figures: [(&str, &'static str, Figure); 3] = [
            ("p99 of an event to all", "ms", |peer, count, events| {
                let mut watchers = Watchers::open(peer, count);
                let mut times: Vec<Duration> =
                    (0..events).flat_map(|_| watchers.publish()).collect();
                times.sort();
                times[times.len() * 99 / 100].as_secs_f64() * 1e3
            }),
            ("CPU per delivery", "us", |peer, count, events| {
                let mut watchers = Watchers::open(peer, count);
                let used = cpu(peer, || {
                    for _ in 0..events {
                        watchers.publish();
                    }
                });
                used.as_secs_f64() * 1e6 / (count * events) as f64
            }),
            ("memory each", "KiB", |peer, count, _| {
                let before = peer.resident_kib();
                let watchers = Watchers::open(peer, count);
                let grown = peer.resident_kib().saturating_sub(before);
                drop(watchers);
                settle(peer, before);
                grown as f64 / count as f64
            }),
        ];
        for (name, unit, figure) in figures {
            let measure =
                move |peer: &Peer| peer.has_streams.then(|| figure(peer, count, scale.events));
            rows.push((format!("{count} streams, {name}"), unit, Box::new(measure)));
        }
    }
}

fn memory(rows: &mut Rows, scale: Scale) {
    rows.push((
        format!("{} idle connections, memory each", scale.idle_connections),
        "KiB",
        Box::new(move |peer| {
            let before = peer.resident_kib();
            let target = peer.file("small");
            let open = load::idle(peer.address, &target, scale.idle_connections);
            let grown = peer.resident_kib().saturating_sub(before);
            let count = open.len();
            drop(open);
            settle(peer, before);
            Some(grown as f64 / count as f64)
        }),
    ));
    rows.push((
        "the most memory that all of this took".into(),
        "MiB",
        Box::new(|peer| Some(peer.peak_kib() as f64 / 1024.0)),
    ));
}

fn download(peer: &Peer, name: &str, connections: usize, expected: u64) -> f64 {
    let target = peer.file(name);
    let used = cpu(peer, || {
        assert_eq!(load::download(peer.address, &target, connections), expected);
    });
    used.as_secs_f64()
}

fn upload(peer: &Peer, as_form: bool, bytes: u64) -> f64 {
    let line = format!("PUT {}", peer.file("taken"));
    let used = cpu(peer, || {
        if as_form && peer.is_ours() {
            let field = "Content-Type: multipart/form-data; boundary=b";
            let head = "--b\r\nContent-Disposition: form-data; filename=taken\r\n\r\n";
            let frame = (head, "\r\n--b--\r\n");
            let line = "POST /upload?on_conflict=replace";
            load::upload(peer.address, line, field, frame, bytes);
        } else {
            load::upload(peer.address, &line, "Accept: */*", ("", ""), bytes);
        }
    });
    used.as_secs_f64()
}

fn cpu(peer: &Peer, work: impl FnOnce()) -> Duration {
    let before = peer.cpu_time();
    work();
    peer.cpu_time() - before
}

/// Waits until a server has noticed that its clients are gone, as far as its memory shows it.
fn settle(peer: &Peer, before_kib: u64) {
    let deadline = Instant::now() + Duration::from_secs(2);
    while peer.resident_kib() > before_kib + before_kib / 4 && Instant::now() < deadline {
        std::thread::yield_now();
    }
}

fn fill(folder: &Path, scale: Scale) {
    fs::write(folder.join("small"), vec![7; 1024]).expect("room");
    for (name, bytes) in [("big", scale.big_bytes), ("eighth", scale.eighth_bytes)] {
        let mut file = fs::File::create(folder.join(name)).expect("room");
        let block = vec![7; 1 << 16];
        for _ in 0..bytes / block.len() as u64 {
            file.write_all(&block).expect("room");
        }
    }
    for &entries in scale.entries {
        let many = folder.join(format!("with-{entries}"));
        fs::create_dir(&many).expect("room");
        for i in 1..entries {
            fs::File::create(many.join(format!("a file with number {i}.txt"))).expect("room");
        }
        fs::File::create(many.join(CHANGING)).expect("room");
    }
}
