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
    let inside = |range: &livedrop::http::range::ByteRange| range.start() <= range.end();
    assert!(
        ranges
            .iter()
            .all(|range| inside(range) && range.end() < size)
    );
    // No byte is sent twice.
    assert!(ranges.iter().map(|range| range.length()).sum::<u64>() <= size);
});
