//! `Upload-Metadata` and `Upload-Checksum`, as a client may have written them.
#![no_main]

use livedrop::http::tus::{Checksum, metadata};

libfuzzer_sys::fuzz_target!(|field: &str| {
    if let Ok(pairs) = metadata(field) {
        for (at, (key, _)) in pairs.iter().enumerate() {
            assert!(!key.is_empty() && !key.contains([' ', ',']));
            assert!(pairs[..at].iter().all(|(other, _)| other != key));
        }
    }
    if let Ok(mut checksum) = Checksum::parse(field) {
        checksum.update(b"a piece");
        checksum.holds();
    }
});
