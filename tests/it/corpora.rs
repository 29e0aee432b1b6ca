//! Forms that others recorded or wrote for their own readers, sent to ours: the corpora of
//! multipart-form-data-conformance, werkzeug and busboy. `make test` fetches them; what we take
//! otherwise is listed here with why.

use std::path::Path;

use serde_json::Value;

use crate::harness::Instance;

/// Where we differ, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "conformance 029-filename-path-traversal",
        "a name that leads out is refused, not handed on",
    ),
    (
        "conformance 061-lf-only-lenient",
        "lines end with CRLF (RFC 2046, 5.1.1)",
    ),
    (
        "conformance 062-mixed-endings",
        "lines end with CRLF (RFC 2046, 5.1.1)",
    ),
    (
        "conformance 208-duplicate-headers",
        "which of two dispositions is meant cannot be known",
    ),
    (
        "werkzeug ie7_full_path_request.http",
        "its line ends were lost when it was stored",
    ),
    (
        "busboy Files with filenames containing paths",
        "an absolute path is refused, not cut",
    ),
    (
        "busboy Paths to be preserved through the preservePath option",
        "an absolute path is refused",
    ),
    (
        "busboy Empty content-type and empty content-disposition",
        "a part that does not say form-data is an error, not passed over",
    ),
    (
        "busboy No Content-Disposition",
        "a part without a disposition is an error (RFC 7578, 4.2), not passed over",
    ),
    (
        "busboy Header size limit should be per part",
        "no name is over 255 bytes long",
    ),
];

fn forms() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpora/forms.json");
    let text = std::fs::read(&path);
    let text = text.unwrap_or_else(|e| panic!("{}: {e}; `make test` makes it", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

/// What is wrong with our reading of a form; None when it is as expected.
fn difference(server: &Instance, number: usize, form: &Value) -> Option<String> {
    let folder = format!("{number}");
    let fields = [("Content-Type", form["type"].as_str().unwrap())];
    let body = bytes(form["body"].as_str().unwrap());
    let answer = server.ask(&format!("POST /upload?dir={folder}"), &fields, &body);
    let Some(expected) = form["files"].as_array() else {
        let is_refused = answer.status == 400 && !server.path(&folder).exists();
        return (!is_refused).then(|| format!("taken, {}", answer.status));
    };
    if answer.status != 201 {
        return Some(format!("refused: {}", answer.text()));
    }
    let rows = answer.json()["files"].as_array().unwrap().clone();
    if rows.len() != expected.len() {
        return Some(format!(
            "{} files instead of {}",
            rows.len(),
            expected.len()
        ));
    }
    rows.iter().zip(expected).find_map(|(row, file)| {
        let path = row["path"].as_str().unwrap();
        let name = path.strip_prefix(&format!("{folder}/")).unwrap();
        let content = server.read(path);
        let size = file["size"].as_u64().unwrap_or(content.len() as u64);
        let whole = file["content"]
            .as_str()
            .map_or_else(|| content.clone(), bytes);
        let is_same = file["name"] == name && size == content.len() as u64 && whole == content;
        (!is_same).then(|| format!("{name}, {} bytes, for {}", content.len(), file["name"]))
    })
}

#[test]
fn forms_of_others_are_read_as_they_are_meant() {
    let server = Instance::start();
    let forms = forms();
    assert!(forms.len() >= 80, "all of them are here: {}", forms.len());
    let mut found = Vec::new();
    for (number, form) in forms.iter().enumerate() {
        if let Some(difference) = difference(&server, number, form) {
            found.push((form["from"].as_str().unwrap().to_owned(), difference));
        }
    }
    let listed: Vec<&str> = DIFFERENCES.iter().map(|(name, _)| *name).collect();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, listed, "{found:#?}");
}
