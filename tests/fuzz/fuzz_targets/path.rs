//! A path of a URL: decoded, and made a name that cannot leave the share.
#![no_main]

use livedrop::http::target::{decode_path, encode_path, query_values};
use livedrop::storage::RelPath;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = query_values(text, "dir");
    let Ok(decoded) = decode_path(text) else {
        return;
    };
    assert_eq!(
        decode_path(&encode_path(&decoded)).ok(),
        Some(decoded.clone())
    );
    if let Ok(path) = RelPath::parse_new(&decoded) {
        assert!(path.as_path().is_relative());
        let mut segments = path.as_bytes().split(|&b| b == b'/');
        assert!(path.is_root() || segments.all(|s| !matches!(s, b"" | b"." | b"..")));
    }
});
