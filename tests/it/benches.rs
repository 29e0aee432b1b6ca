//! The benchmarks, run small: that each row still works. What they measure is for `make bench`.

use crate::harness::proc;

#[path = "../bench/load.rs"]
mod load;
#[path = "../bench/peer.rs"]
mod peer;
#[path = "../bench/rows.rs"]
mod rows;
#[path = "../bench/streams.rs"]
mod streams;
#[path = "../bench/table.rs"]
mod table;

#[test]
fn every_row_can_be_measured() {
    let table = rows::run(rows::Scale::TINY, 2, None, &mut std::io::sink());
    assert_eq!(table.rounds(), 2);
    let text = table.to_string();
    assert!(text.starts_with("| what | unit | livedrop |"), "{text}");
    for row in [
        "1 KiB keep-alive",
        "1 GiB download",
        "1 GiB upload by PUT",
        "1 GiB upload by form",
        "8 at once",
        "listing of 20, CPU",
        "changed before each",
        "3 files of 10 KiB, one form, synced",
        "3 streams, p99",
        "idle connections",
    ] {
        assert!(text.contains(row), "{row}: {text}");
    }
}
