//! The rows: what is measured, of whom.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::load;
use super::peer::Peer;
use super::table::{Row, Table};
use super::uploads;

/// How much is done for each row.
#[derive(Clone, Copy)]
pub struct Scale {
    small_requests: usize,
    connections: &'static [usize],
    pub(super) big_bytes: u64,
    eighth_bytes: u64,
    entries: usize,
    listings: usize,
    idle_connections: usize,
    pub(super) small_files: usize,
}

impl Scale {
    /// What the README's table is made with.
    #[allow(dead_code, reason = "the small run does without")]
    pub const FULL: Scale = Scale {
        small_requests: 128 * 400,
        connections: &[1, 16, 128],
        big_bytes: 1 << 30,
        eighth_bytes: 256 << 20,
        entries: 10_000,
        listings: 20,
        idle_connections: 2_000,
        small_files: 1_000,
    };

    /// Enough to show that each row still works.
    #[allow(dead_code, reason = "the full run does without")]
    pub const TINY: Scale = Scale {
        small_requests: 32,
        connections: &[1, 2],
        big_bytes: 1 << 20,
        eighth_bytes: 1 << 16,
        entries: 20,
        listings: 1,
        idle_connections: 8,
        small_files: 10,
    };
}

pub(super) type Measure = Box<dyn Fn(&Peer) -> f64>;

/// Measures every row whose name holds `filter` and writes the table.
pub fn run(scale: Scale, rounds: usize, filter: Option<&str>, out: &mut dyn Write) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scratch = tempfile::tempdir().expect("a temporary folder");
    fill(folder.path(), scale);
    let mut peers = vec![Peer::livedrop(folder.path())];
    peers.extend(Peer::nginx(folder.path(), scratch.path()));
    let mut table = Table::new(peers.iter().map(|peer| peer.name).collect());
    for (name, unit, measure) in rows(scale) {
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
        table.push(row);
    }
    drop(peers);
    let word = filter.unwrap_or_default();
    writeln!(out, "{table}").expect("the table can be written");
    let own = uploads::table(scale, rounds, word);
    writeln!(out, "{own}").expect("the table can be written");
}

/// The paths are the same for every server: ours has its files below `/files`.
pub(super) fn file(peer: &Peer, name: &str) -> String {
    if peer.name == "livedrop" {
        format!("/files/{name}")
    } else {
        format!("/{name}")
    }
}

fn listing(peer: &Peer) -> &'static str {
    if peer.name == "livedrop" {
        "/api/list/many"
    } else {
        "/many/"
    }
}

fn rows(scale: Scale) -> Vec<(String, &'static str, Measure)> {
    let mut rows: Vec<(String, &'static str, Measure)> = Vec::new();
    for &connections in scale.connections {
        let each = scale.small_requests / connections;
        rows.push((
            format!("1 KiB keep-alive, {connections} connections, CPU"),
            "us",
            Box::new(move |peer| {
                let target = file(peer, "small");
                let used = cpu(peer, || {
                    load::keep_alive(peer.address, &target, connections, each)
                });
                used.as_secs_f64() * 1e6 / (each * connections) as f64
            }),
        ));
    }
    rows.push((
        "1 GiB download, CPU".into(),
        "s",
        Box::new(move |peer| download(peer, "big", 1, scale.big_bytes)),
    ));
    rows.push((
        "256 MiB download, 8 at once, CPU".into(),
        "s",
        Box::new(move |peer| download(peer, "eighth", 8, 8 * scale.eighth_bytes)),
    ));
    rows.push((
        format!("listing of {}, CPU", scale.entries),
        "ms",
        Box::new(move |peer| {
            let used = cpu(peer, || {
                load::keep_alive(peer.address, listing(peer), 1, scale.listings)
            });
            used.as_secs_f64() * 1e3 / scale.listings as f64
        }),
    ));
    rows.push((
        format!("{} idle connections, memory each", scale.idle_connections),
        "KiB",
        Box::new(move |peer| {
            let before = peer.resident_kib();
            let target = file(peer, "small");
            let open = load::idle(peer.address, &target, scale.idle_connections);
            let grown = peer.resident_kib().saturating_sub(before);
            let count = open.len();
            drop(open);
            settle(peer, before);
            grown as f64 / count as f64
        }),
    ));
    rows.extend(uploads::rows(scale.big_bytes));
    rows
}

fn download(peer: &Peer, name: &str, connections: usize, expected: u64) -> f64 {
    let target = file(peer, name);
    let used = cpu(peer, || {
        assert_eq!(load::download(peer.address, &target, connections), expected);
    });
    used.as_secs_f64()
}

pub(super) fn cpu(peer: &Peer, work: impl FnOnce()) -> Duration {
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
    fs::create_dir(folder.join("many")).expect("room");
    for i in 0..scale.entries {
        fs::File::create(folder.join(format!("many/a file with number {i}.txt"))).expect("room");
    }
}
