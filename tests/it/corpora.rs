//! Forms that others have collected, replayed against the server: a conformance suite, and what old
//! browsers sent. The Makefile fetches them into `target/corpora`; none of them is kept here.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::harness::{Instance, corpora, driver, reader};

/// Where our answer is another than the conformance suite's, and why.
const DIFFERENCES: [(&str, &str); 6] = [
    (
        "022-filename-star-encoding",
        "`filename*` is read, as RFC 8187 has it",
    ),
    (
        "023-both-filename-star",
        "`filename*` wins where it is given, as API clients expect",
    ),
    (
        "029-filename-path-traversal",
        "a way up in a name is refused, not passed on",
    ),
    (
        "061-lf-only-lenient",
        "lines end with CRLF: two readings of one form are an attack",
    ),
    ("062-mixed-endings", "the same"),
    (
        "208-duplicate-headers",
        "which of two Content-Dispositions counts cannot be known",
    ),
];

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The folders two levels below one.
fn cases(root: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    };
    let mut cases: Vec<PathBuf> = below(root)
        .iter()
        .flat_map(|folder| below(folder))
        .collect();
    cases.sort();
    cases
}

/// Whether the answer to a case is what the suite expects of it.
fn agrees(server: &Instance, case: &Path) -> bool {
    let expected = json(&case.join("test.json"))["expected"].clone();
    let content_type = json(&case.join("headers.json"))["content-type"].clone();
    let fields = [("Content-Type", content_type.as_str().unwrap())];
    let body = fs::read(case.join("input.raw")).unwrap();
    let folder = case.file_name().unwrap().to_str().unwrap();
    let answer = server.ask(&format!("POST /upload?dir={folder}"), &fields, &body);
    if expected["valid"] != true {
        return answer.status == 400;
    }
    let parts = expected["parts"].as_array().unwrap();
    let files: Vec<&Value> = parts
        .iter()
        .filter(|part| part["filename"].as_str().is_some_and(|n| !n.is_empty()))
        .collect();
    if answer.status != 201 {
        return false;
    }
    let stored = answer.json()["files"].as_array().unwrap().clone();
    stored.len() == files.len()
        && stored.iter().zip(files).all(|(stored, part)| {
            let path = format!("{folder}/{}", part["filename"].as_str().unwrap());
            let is_same = stored["path"] == path && stored["size"] == part["body_size"];
            let text = part["body_text"].as_str();
            is_same && text.is_none_or(|text| server.read(&path) == text.as_bytes())
        })
}

#[test]
fn the_conformance_suite_is_answered_as_it_expects_but_for_six_that_we_know() {
    let server = Instance::start();
    let cases = cases(&corpora().join("multipart_form_data_conformance/tests"));
    assert_eq!(cases.len(), 58);
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let differs = DIFFERENCES.iter().any(|(known, _)| *known == name);
        assert_eq!(agrees(&server, &case), !differs, "{name}");
    }
}

/// Where we differ from busboy, and why.
const BUSBOY_DIFFERENCES: &[(&str, &str)] = &[
    ("Fields and files (limits)", "busboy was told to cut files"),
    ("Fields and files (limits: 0 files)", "busboy was told so"),
    (
        "Fields and (ignored) files",
        "busboy was told to take fields alone",
    ),
    (
        "Files with filenames containing paths",
        "busboy takes the last segment; we make folders, and refuse a path from the root",
    ),
    (
        "Paths to be preserved through the preservePath option",
        "a path from the root is refused",
    ),
    (
        "Empty content-type and empty content-disposition",
        "a part that does not say what it is is an error, not left out",
    ),
    ("No Content-Disposition", "the same"),
    ("Parts limit", "busboy was told so"),
    ("Files limit", "busboy was told so"),
    (
        "Header size limit should be per part",
        "no file system takes a name of thousands of bytes",
    ),
];

#[test]
fn the_forms_of_busboy_give_the_same_files_but_where_we_know_why() {
    let server = Instance::start();
    let source = corpora().join("busboy/package");
    let source = source.to_str().unwrap();
    let told = reader(&mut driver(
        "node",
        "tests/web/clients/busboy_cases.mjs",
        &[source],
    ));
    let cases: Vec<Value> = serde_json::from_str(&told).unwrap();
    assert_eq!(cases.len(), 26);
    let mut found = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let what = case["what"].as_str().unwrap();
        if !agrees_with_busboy(&server, number, case) {
            found.push(what);
        }
    }
    let known: Vec<&str> = BUSBOY_DIFFERENCES.iter().map(|(what, _)| *what).collect();
    assert_eq!(found, known);
}

fn agrees_with_busboy(server: &Instance, number: usize, case: &Value) -> bool {
    let bytes = |text: &Value| STANDARD.decode(text.as_str().unwrap()).unwrap();
    let boundary = case["boundary"].as_str().unwrap();
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let fields = [("Content-Type", &*content_type)];
    let line = format!("POST /upload?dir={number}");
    let answer = server.ask(&line, &fields, &bytes(&case["body"]));
    if case["is_broken"] == true {
        return answer.status == 400;
    }
    if answer.status != 201 {
        return false;
    }
    let stored = answer.json()["files"].as_array().unwrap().clone();
    let files = case["files"].as_array().unwrap();
    stored.len() == files.len()
        && stored.iter().zip(files).all(|(stored, file)| {
            let path = stored["path"].as_str().unwrap();
            let name = file["filename"].as_str().unwrap_or_default();
            path == format!("{number}/{name}") && server.read(path) == bytes(&file["data"])
        })
}

#[test]
fn what_old_browsers_sent_is_stored_byte_for_byte() {
    let server = Instance::start();
    let root = corpora().join("werkzeug-3.1.3/tests/multipart");
    let mut browsers = 0;
    for folder in fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if !folder.is_dir() {
            continue;
        }
        browsers += 1;
        let browser = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let body = fs::read(folder.join("request.http")).unwrap();
        let end = body.iter().position(|&b| b == b'\r').unwrap();
        let boundary = std::str::from_utf8(&body[2..end]).unwrap();
        let fields = [(
            "Content-Type",
            &*format!("multipart/form-data; boundary=\"{boundary}\""),
        )];
        let answer = server.ask(&format!("POST /upload?dir={browser}"), &fields, &body);
        assert_eq!(answer.status, 201, "{browser}: {answer:?}");
        for file in answer.json()["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            // The collectors gave the two pictures names of their own.
            let known = ["file1.png", "file2.png"].map(|name| fs::read(folder.join(name)).unwrap());
            assert!(known.contains(&server.read(path)), "{path}");
        }
        assert_eq!(
            answer.json()["files"].as_array().unwrap().len(),
            2,
            "{browser}"
        );
    }
    assert_eq!(browsers, 5);
    // Internet Explorer 7 sent whole paths of its own machine. The record has lost the carriage
    // returns that it sent.
    let record = fs::read(root.join("ie7_full_path_request.http")).unwrap();
    let body: Vec<u8> = record
        .into_iter()
        .flat_map(|b| {
            if b == b'\n' {
                vec![b'\r', b'\n']
            } else {
                vec![b]
            }
        })
        .collect();
    let fields = [(
        "Content-Type",
        "multipart/form-data; boundary=---------------------------7da36d1b4a0164",
    )];
    let answer = server.ask("POST /upload?dir=ie7", &fields, &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    for file in answer.json()["files"].as_array().unwrap() {
        assert!(!file["path"].as_str().unwrap().contains('\\'), "{file}");
    }
}
