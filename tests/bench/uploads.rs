//! The rows of uploads: CPU beside nginx, which takes a file by PUT alone; then our own memory, and
//! small files with and without syncing.

use std::time::Instant;

use super::load;
use super::peer::Peer;
use super::rows::{Measure, Scale, cpu, file};
use super::table::{Row, Table};

/// Small files are as long as a small picture.
const SMALL_BYTES: usize = 10 << 10;
/// Uploads at once, for the memory that they take.
const UPLOADS_AT_ONCE: usize = 10;

/// What is measured of everyone.
pub fn rows(big_bytes: u64) -> Vec<(String, &'static str, Measure)> {
    let put = move |peer: &Peer| {
        let used = cpu(peer, || {
            load::put(peer.address, &file(peer, "put"), big_bytes)
        });
        used.as_secs_f64()
    };
    let post = move |peer: &Peer| {
        if peer.name != "livedrop" {
            return put(peer);
        }
        let used = cpu(peer, || load::post(peer.address, "post", big_bytes));
        used.as_secs_f64()
    };
    vec![
        ("1 GiB upload by PUT, CPU".into(), "s", Box::new(put)),
        (
            "1 GiB upload by a form (nginx: PUT), CPU".into(),
            "s",
            Box::new(post),
        ),
    ]
}

/// What is measured of livedrop alone: with its syncs, and without.
pub fn table(scale: Scale, rounds: usize, word: &str) -> Table {
    let mut table = Table::new(vec!["synced", "not synced"]);
    let names = ["small files, one form", "small files, one connection"];
    for (name, in_one_form) in names.into_iter().zip([true, false]) {
        let name = format!("{} {name}, time", scale.small_files);
        table.measure(&name, "ms", rounds, word, |options| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let peer = Peer::livedrop_with(folder.path(), options);
            let begun = Instant::now();
            load::small_files(peer.address, scale.small_files, SMALL_BYTES, in_one_form);
            begun.elapsed().as_secs_f64() * 1e3
        });
    }
    let name = format!("{UPLOADS_AT_ONCE} uploads of 1 GiB at once, peak memory");
    table.measure(&name, "KiB", rounds.min(3), word, |options| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let peer = Peer::livedrop_with(folder.path(), options);
        std::thread::scope(|scope| {
            for i in 0..UPLOADS_AT_ONCE {
                let address = peer.address;
                let by_form = i % 2 == 0;
                scope.spawn(move || match by_form {
                    true => load::post(address, &i.to_string(), scale.big_bytes),
                    false => load::put(address, &format!("/files/{i}"), scale.big_bytes),
                });
            }
        });
        peer.peak_kib() as f64
    });
    table
}

impl Table {
    fn measure(
        &mut self,
        name: &str,
        unit: &'static str,
        rounds: usize,
        word: &str,
        work: impl Fn(&[&str]) -> f64,
    ) {
        if !name.contains(word) {
            return;
        }
        let mut row = Row::new(name.to_owned(), unit, 2);
        for _ in 0..rounds {
            row.add(0, work(&[]));
            row.add(1, work(&["--no-sync"]));
        }
        self.push(row);
    }
}
