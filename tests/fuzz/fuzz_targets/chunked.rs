//! A chunked body: read whole and byte by byte, which must come to the same.
#![no_main]

use std::io::{self, BufReader, Read};

use livedrop::http::chunked::Chunked;

fn decode(wire: impl Read) -> io::Result<Vec<u8>> {
    let mut body = Chunked::new(wire);
    let mut data = Vec::new();
    body.read_to_end(&mut data)?;
    assert!(body.is_complete());
    Ok(data)
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = decode(bytes);
    let pieces = decode(BufReader::with_capacity(1, bytes));
    assert_eq!(whole.map_err(|e| e.kind()), pieces.map_err(|e| e.kind()));
});
