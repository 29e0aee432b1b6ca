//! Build script: joins and compresses what browsers get and writes the table that `routes::page`
//! includes.
//!
//! The page starts as three files instead of forty, see `join.rs`; what is not part of its start is
//! served as it is written. Only the gzip form is embedded, which is a third of the size.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a build script fails by panicking and speaks to cargo on its output"
)]

mod join;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};
use sha2::{Digest as _, Sha256};

/// The slowest and smallest: it runs once.
const LEVEL: u8 = 10;

/// The page itself, which is served in pieces.
const PAGE: &str = "index.html";
/// The module that the page begins with.
const START: &str = "app.js";
/// What its style sheets are joined into.
const STYLES: &str = "page.css";
/// Where in the page the server tells which colours its reader has chosen, and where it writes the
/// list of a folder.
const ROOT: &str = "<html lang=\"en\"";
const LIST: &str = "<!--list-->";

fn main() {
    let source = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap()).join("assets/web");
    let target = PathBuf::from(env::var("OUT_DIR").unwrap());
    println!("cargo::rerun-if-changed={}", source.display());
    let page = join::page(&source, PAGE, STYLES, LIST);
    write_page(&page, &target);
    let mut table = String::from("&[\n");
    for (name, content) in parts(&source, &page) {
        let compressed = target.join(name.replace('/', "+"));
        fs::write(&compressed, gzip(&content)).unwrap();
        writeln!(
            table,
            "Part {{ name: {name:?}, etag: \"\\\"{:016x}\\\"\", gzip: include_bytes!({:?}) }},",
            fingerprint(&content),
            compressed.to_str().unwrap(),
        )
        .unwrap();
    }
    table.push(']');
    fs::write(target.join("web.rs"), table).unwrap();
}

/// Writes the page in pieces, between which the server writes what it knows.
fn write_page(page: &join::Page, target: &Path) {
    let (start, rest) = page.html.split_once(ROOT).unwrap();
    let (top, rest) = rest.split_once(LIST).unwrap();
    let mut text = format!(
        "Page {{ start: {:?}, etag: \"{:016x}\"",
        format!("{start}{ROOT}"),
        fingerprint(page.html.as_bytes()),
    );
    for (name, piece) in [("top", top.as_bytes()), ("rest", rest.as_bytes())] {
        let compressed = target.join(name);
        fs::write(&compressed, blocks(piece)).unwrap();
        write!(
            text,
            ", {name}: Blocks {{ bytes: include_bytes!({:?}), crc: {}, length: {} }}",
            compressed.to_str().unwrap(),
            crc32(piece),
            piece.len(),
        )
        .unwrap();
    }
    fs::write(target.join("page.rs"), text + " }").unwrap();
    // By its hash, the policy of the page allows this style and no other (CSP 3, section 2.3.1).
    let hash = BASE64_STANDARD.encode(Sha256::digest(&page.inline));
    println!("cargo::rustc-env=LIVEDROP_STYLE=sha256-{hash}");
}

/// What is served beside the page, by name; what was joined into something else is not served by
/// itself.
fn parts(source: &Path, page: &join::Page) -> BTreeMap<String, Vec<u8>> {
    let named = |path: PathBuf| {
        let name = path.strip_prefix(source).unwrap();
        (name.to_str().unwrap().to_owned(), fs::read(&path).unwrap())
    };
    let mut parts: BTreeMap<_, _> = files_below(source).into_iter().map(named).collect();
    let (script, modules) = join::module(source, START);
    for name in page.sheets.iter().chain(&modules) {
        parts.remove(name);
    }
    parts.remove(PAGE);
    // Workers and languages are scripts of their own, joined with what they need.
    for (name, part) in &mut parts {
        if name.ends_with(".js") {
            *part = join::module(source, name).0.into();
        }
    }
    parts.insert(STYLES.into(), page.linked.as_str().into());
    parts.insert(START.into(), script.into());
    parts
}

/// All files, sorted by path, so that the same sources give the same binary.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// A gzip member without a name or a time (RFC 1952).
fn gzip(content: &[u8]) -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255];
    let length = u32::try_from(content.len()).unwrap();
    [
        &HEADER[..],
        &compress_to_vec(content, LEVEL),
        &crc32(content).to_le_bytes(),
        &length.to_le_bytes(),
    ]
    .concat()
}

/// Blocks of deflate, none of them the last, up to the end of a byte (RFC 1951, section 3.2).
fn blocks(content: &[u8]) -> Vec<u8> {
    // No bits for the window: without the frame of zlib.
    let flags = create_comp_flags_from_zip_params(LEVEL.into(), 0, 0);
    let mut compressor = Box::new(CompressorOxide::new(flags));
    let mut compressed = Vec::new();
    let (status, read) = compress_to_output(&mut compressor, content, TDEFLFlush::Sync, |bytes| {
        compressed.extend_from_slice(bytes);
        true
    });
    assert!(status == TDEFLStatus::Okay && read == content.len());
    compressed
}

/// RFC 1952, section 8, bit by bit: these are a hundred kilobytes.
fn crc32(content: &[u8]) -> u32 {
    !content.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// FNV-1a with 64 bits: tells versions of a file apart.
fn fingerprint(content: &[u8]) -> u64 {
    content.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
