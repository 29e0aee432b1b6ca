//! A form whose boundary is "b": every part and its data, read whole and byte by byte.
#![no_main]

use std::io::{BufReader, Read};

use livedrop::error::Result;
use livedrop::http::multipart::{BUFFER_BYTES_MIN, Form, boundary};

type Parts = Vec<(Vec<u8>, Option<Vec<u8>>, Vec<u8>)>;

fn parts(wire: impl Read) -> Result<Parts> {
    let mut form = Form::new(wire, b"b", BUFFER_BYTES_MIN);
    let mut parts = Parts::new();
    while let Some(head) = form.next_part()? {
        let mut content = Vec::new();
        loop {
            match form.data()? {
                [] => break,
                data => content.extend_from_slice(data),
            }
        }
        parts.push((head.name, head.filename, content));
    }
    Ok(parts)
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = parts(bytes).map_err(|e| e.to_string());
    let pieces = parts(BufReader::with_capacity(1, bytes)).map_err(|e| e.to_string());
    assert_eq!(whole, pieces);
    let _ = std::str::from_utf8(bytes).map(boundary);
});
