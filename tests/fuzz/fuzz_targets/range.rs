//! A `Range` field, for a representation whose size is the first eight bytes.
#![no_main]

use livedrop::http::range::{Selection, select};

libfuzzer_sys::fuzz_target!(|input: (u64, &str)| {
    let (size, header) = input;
    let ranges = match select(Some(header), size) {
        Ok(Selection::One(range)) => vec![range],
        Ok(Selection::Many(ranges)) => ranges,
        Ok(Selection::Whole) | Err(_) => return,
    };
    for range in &ranges {
        assert!(range.start() < range.end() && range.end() <= size);
    }
    // No byte is sent twice.
    assert!(ranges.iter().map(|range| range.length()).sum::<u64>() <= size);
});
