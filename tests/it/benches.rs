//! The benchmarks, run small: that each row still works. What they measure is for `make bench`.

use crate::harness::proc;

#[path = "../bench/load.rs"]
mod load;
#[path = "../bench/peer.rs"]
mod peer;
#[path = "../bench/rows.rs"]
mod rows;
#[path = "../bench/table.rs"]
mod table;
#[path = "../bench/uploads.rs"]
mod uploads;

#[test]
fn every_row_can_be_measured() {
    let mut out = Vec::new();
    rows::run(rows::Scale::TINY, 2, None, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("| what | unit | livedrop |"), "{text}");
    for row in [
        "1 KiB keep-alive",
        "1 GiB download",
        "8 at once",
        "listing",
        "idle connections",
        "by PUT",
        "by a form",
        "one form",
        "one connection",
        "at once, peak memory",
    ] {
        assert!(text.contains(row), "{row}: {text}");
    }
}
