//! A request head, as it lies in the queue: parsed or refused.
#![no_main]

use livedrop::http::head::{Head, HeadLimits};

const LIMITS: HeadLimits = HeadLimits {
    bytes_max: 16 << 10,
    fields_max: 100,
    target_bytes_max: 8 << 10,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(head) = Head::parse(bytes, &LIMITS) {
        assert!(head.length() == bytes.len() && bytes.ends_with(b"\r\n\r\n"));
        assert!(head.target().starts_with('/') || head.target() == "*");
    }
});
