//! `/uploads` against tus 1.0.0, rule by rule, with literal requests.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::harness::{Answer, Instance, Wire};

pub const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");
pub const PIECE: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

/// `Upload-Metadata` with these pairs.
pub fn metadata(pairs: &[(&str, &str)]) -> String {
    let pair = |(key, value): &(&str, &str)| format!("{key} {}", STANDARD.encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}

/// Begins an upload and gives its path.
pub fn begin(wire: &mut Wire, length: u64, pairs: &[(&str, &str)]) -> String {
    let (length, metadata) = (length.to_string(), metadata(pairs));
    let fields = [
        TUS,
        ("Upload-Length", &length),
        ("Upload-Metadata", &metadata),
    ];
    let answer = wire.ask("POST /uploads", &fields, b"");
    assert_eq!(answer.status, 201);
    answer.field("Location").unwrap().to_owned()
}

/// Sends a piece.
pub fn send(wire: &mut Wire, path: &str, offset: u64, bytes: &[u8]) -> Answer {
    let offset = offset.to_string();
    wire.ask(
        &format!("PATCH {path}"),
        &[TUS, PIECE, ("Upload-Offset", &offset)],
        bytes,
    )
}

/// The offset that HEAD tells.
pub fn offset(wire: &mut Wire, path: &str) -> u64 {
    let answer = wire.ask(&format!("HEAD {path}"), &[TUS], b"");
    assert_eq!(answer.status, 200);
    answer.field("Upload-Offset").unwrap().parse().unwrap()
}

#[test]
fn options_say_what_there_is() {
    let server = Instance::start_with(|limits| limits.upload_bytes_max = Some(5));
    for target in ["/uploads", "/uploads/"] {
        let answer = server.ask(&format!("OPTIONS {target}"), &[], b"");
        assert_eq!(answer.status, 204);
        assert_eq!(answer.field("Tus-Version"), Some("1.0.0"));
        assert_eq!(answer.field("Tus-Resumable"), Some("1.0.0"));
        assert_eq!(answer.field("Tus-Max-Size"), Some("5"));
        assert_eq!(
            answer.field("Tus-Checksum-Algorithm"),
            Some("sha1,sha256,crc32")
        );
        let extensions = "creation,creation-with-upload,creation-defer-length,termination,\
                          expiration,checksum";
        assert_eq!(answer.field("Tus-Extension"), Some(extensions));
    }
}

#[test]
fn another_version_is_412_with_the_one_there_is() {
    let server = Instance::start();
    let path = begin(&mut server.connect(), 3, &[]);
    for line in [
        "POST /uploads".into(),
        format!("HEAD {path}"),
        format!("PATCH {path}"),
        format!("DELETE {path}"),
    ] {
        for fields in [&[][..], &[("Tus-Resumable", "0.2.2")]] {
            let answer = server.ask(&line, fields, b"");
            assert_eq!(answer.status, 412, "{line}");
            assert_eq!(answer.field("Tus-Version"), Some("1.0.0"), "{line}");
            assert_eq!(answer.field("Tus-Resumable"), Some("1.0.0"), "{line}");
        }
    }
    assert_eq!(offset(&mut server.connect(), &path), 0);
}

#[test]
fn pieces_become_a_file_and_its_event() {
    let server = Instance::start();
    let mut stream = server.stream("/events", &[]);
    let mut wire = server.connect();
    let pairs = [
        ("filename", "ü f.bin"),
        ("dir", "new/x"),
        ("modified", "1500000000000"),
    ];
    let path = begin(&mut wire, 6, &pairs);
    let answer = send(&mut wire, &path, 0, b"abc");
    assert_eq!(
        (answer.status, answer.field("Upload-Offset")),
        (204, Some("3"))
    );
    assert!(answer.field("Upload-Expires").unwrap().ends_with("GMT"));
    assert!(!server.path("new").exists());
    let told = wire.ask(&format!("HEAD {path}"), &[TUS], b"");
    assert_eq!(told.field("Upload-Length"), Some("6"));
    assert_eq!(told.field("Upload-Metadata"), Some(&*metadata(&pairs)));
    assert_eq!(told.field("Cache-Control"), Some("no-store"));
    let status = wire.ask("GET /api/status", &[], b"").json();
    assert_eq!(status["uploads"][0]["state"], "paused");
    assert_eq!(status["uploads"][0]["received"], 3);
    let answer = send(&mut wire, &path, 3, b"def");
    assert_eq!(answer.field("Livedrop-Path"), Some("new/x/%C3%BC%20f.bin"));
    assert_eq!(server.read("new/x/ü f.bin"), b"abcdef");
    let modified = std::fs::metadata(server.path("new/x/ü f.bin"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(
        modified,
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000)
    );
    let names = std::iter::repeat_with(|| stream.next()).filter(|event| event.name != "progress");
    let names: Vec<String> = names.take(4).map(|event| event.name).collect();
    assert_eq!(names, ["ready", "folder", "folder", "upload"]);
    // A client that did not hear of it asks again, and hears.
    let told = wire.ask(&format!("HEAD {path}"), &[TUS], b"");
    assert_eq!(told.field("Upload-Offset"), Some("6"));
    assert_eq!(told.field("Livedrop-Path"), Some("new/x/%C3%BC%20f.bin"));
    let again = send(&mut wire, &path, 6, b"");
    assert_eq!(
        (again.status, again.field("Livedrop-Path")),
        (204, Some("new/x/%C3%BC%20f.bin"))
    );
    assert_eq!(send(&mut server.connect(), &path, 6, b"x").status, 413);
    let status = wire.ask("GET /api/status", &[], b"").json();
    assert_eq!(status["uploads"], serde_json::json!([]));
}

#[test]
fn what_a_post_may_say_and_what_not() {
    let server = Instance::start_with(|limits| limits.upload_bytes_max = Some(1000));
    let good = "Upload-Length";
    for (fields, status) in [
        (&[(good, "0")][..], 201),
        (&[(good, "1000")], 201),
        (&[(good, "1001")], 413),
        (&[(good, "18446744073709551615")], 413),
        (&[(good, "18446744073709551616")], 400),
        (&[(good, "-1")], 400),
        (&[(good, "")], 400),
        (&[(good, "1"), ("Upload-Defer-Length", "1")], 400),
        (&[("Upload-Defer-Length", "1")], 201),
        (&[("Upload-Defer-Length", "2")], 400),
        (&[], 400),
        (&[(good, "1"), ("Upload-Metadata", "filename")], 201),
        (&[(good, "1"), ("Upload-Metadata", "filename $")], 400),
        (
            &[
                (good, "1"),
                ("Upload-Metadata", "filename YQ==,filename YQ=="),
            ],
            400,
        ),
        // "../a", "a/../b", "/a", ".livedrop/a", "a\nb", and for `dir` the same.
        (
            &[(good, "1"), ("Upload-Metadata", "filename Li4vYQ==")],
            400,
        ),
        (
            &[(good, "1"), ("Upload-Metadata", "filename YS8uLi9i")],
            400,
        ),
        (&[(good, "1"), ("Upload-Metadata", "filename L2E=")], 400),
        (
            &[
                (good, "1"),
                ("Upload-Metadata", "filename LmxpdmVkcm9wL2E="),
            ],
            400,
        ),
        (&[(good, "1"), ("Upload-Metadata", "filename YQpi")], 400),
        (&[(good, "1"), ("Upload-Metadata", "dir Li4vYQ==")], 400),
        (
            &[
                (good, "1"),
                ("Upload-Metadata", "dir LmxpdmVkcm9wL3VwbG9hZHM="),
            ],
            400,
        ),
        (&[(good, "1"), ("Upload-Metadata", "on_conflict bm8=")], 400),
        (&[(good, "1"), ("Upload-Metadata", "modified bm8=")], 400),
    ] {
        let fields = [&[TUS], fields].concat();
        let answer = server.ask("POST /uploads", &fields, b"");
        assert_eq!(answer.status, status, "{fields:?}");
        assert_eq!(answer.field("Tus-Resumable"), Some("1.0.0"), "{fields:?}");
    }
    assert_eq!(
        server
            .ask("POST /uploads/x", &[TUS, (good, "1")], b"")
            .status,
        405
    );
    assert_eq!(server.ask("GET /uploads/x", &[TUS], b"").status, 405);
}

#[test]
fn what_a_patch_may_say_and_what_not() {
    let server = Instance::start();
    let mut wire = server.connect();
    let path = begin(&mut wire, 6, &[("filename", "a")]);
    assert_eq!(send(&mut wire, &path, 0, b"abc").status, 204);
    let three = ("Upload-Offset", "3");
    for (fields, body, status) in [
        (&[TUS, three][..], &b"d"[..], 415),
        (&[TUS, three, ("Content-Type", "text/plain")], b"d", 415),
        (&[TUS, PIECE], b"d", 400),
        (&[TUS, PIECE, ("Upload-Offset", "x")], b"d", 400),
        (&[TUS, PIECE, ("Upload-Offset", "2")], b"d", 409),
        (&[TUS, PIECE, ("Upload-Offset", "4")], b"d", 409),
        (
            &[TUS, PIECE, ("Upload-Offset", "18446744073709551615")],
            b"d",
            409,
        ),
        (&[TUS, PIECE, three], b"defg", 413),
        (&[TUS, PIECE, three, ("Upload-Length", "7")], b"d", 400),
        (
            &[TUS, PIECE, three, ("Upload-Checksum", "md5 AAAA")],
            b"d",
            400,
        ),
        (
            &[TUS, PIECE, three, ("Upload-Checksum", "crc32 AAAAAA==")],
            b"d",
            460,
        ),
        (&[TUS, PIECE, three], b"", 204),
    ] {
        let answer = server.ask(&format!("PATCH {path}"), fields, body);
        assert_eq!(answer.status, status, "{fields:?}");
        assert_eq!(offset(&mut server.connect(), &path), 3, "{fields:?}");
    }
    let sum = ("Upload-Checksum", "sha1 WJxiX2A7W9jLWOZ3Xx3nYoNqUGg=");
    let wrong = server.ask(&format!("PATCH {path}"), &[TUS, PIECE, three, sum], b"def");
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (460, "checksum_mismatch")
    );
    // By POST, for clients that cannot send PATCH; the sum is that of "def".
    let sum = ("Upload-Checksum", "crc32 DMThYQ==");
    let fields = [TUS, PIECE, three, sum, ("X-HTTP-Method-Override", "PATCH")];
    assert_eq!(
        server.ask(&format!("POST {path}"), &fields, b"def").status,
        204
    );
    assert_eq!(server.read("a"), b"abcdef");
}

#[test]
fn a_length_can_be_told_later_and_once() {
    let server = Instance::start();
    let mut wire = server.connect();
    let fields = [
        TUS,
        ("Upload-Defer-Length", "1"),
        ("Upload-Metadata", "filename YQ=="),
    ];
    let path = wire.ask("POST /uploads", &fields, b"");
    let path = path.field("Location").unwrap().to_owned();
    assert_eq!(send(&mut wire, &path, 0, b"abc").status, 204);
    let told = wire.ask(&format!("HEAD {path}"), &[TUS], b"");
    assert_eq!(
        (
            told.field("Upload-Defer-Length"),
            told.field("Upload-Length")
        ),
        (Some("1"), None)
    );
    let patch = format!("PATCH {path}");
    let at = |length| {
        [
            TUS,
            PIECE,
            ("Upload-Offset", "3"),
            ("Upload-Length", length),
        ]
    };
    assert_eq!(server.ask(&patch, &at("2"), b"").status, 400);
    assert_eq!(server.ask(&patch, &at("5"), b"d").status, 204);
    assert_eq!(send(&mut wire, &path, 4, b"e").status, 204);
    assert_eq!(server.read("a"), b"abcde");
}

#[test]
fn a_first_piece_can_come_with_the_beginning() {
    let server = Instance::start();
    let fields = [
        TUS,
        PIECE,
        ("Upload-Length", "3"),
        ("Upload-Metadata", "filename YQ=="),
    ];
    let answer = server.ask("POST /uploads", &fields, b"ab");
    assert_eq!(
        (answer.status, answer.field("Upload-Offset")),
        (201, Some("2"))
    );
    let path = answer.field("Location").unwrap();
    assert_eq!(send(&mut server.connect(), path, 2, b"c").status, 204);
    let whole = server.ask("POST /uploads", &fields, b"xyz");
    assert_eq!(
        (whole.status, whole.field("Livedrop-Path")),
        (201, Some("a%20%282%29"))
    );
    assert_eq!(
        (server.read("a"), server.read("a (2)")),
        (b"abc".to_vec(), b"xyz".to_vec())
    );
    assert_eq!(server.ask("POST /uploads", &fields, b"wxyz").status, 413);
    assert_eq!(
        server
            .ask("POST /uploads", &[TUS, ("Upload-Length", "3")], b"ab")
            .status,
        415
    );
}

#[test]
fn an_empty_file_is_whole_at_once() {
    let server = Instance::start();
    let fields = [
        TUS,
        ("Upload-Length", "0"),
        ("Upload-Metadata", "filename YQ=="),
    ];
    let answer = server.ask("POST /uploads", &fields, b"");
    assert_eq!(
        (answer.status, answer.field("Livedrop-Path")),
        (201, Some("a"))
    );
    assert_eq!(server.read("a"), b"");
}

#[test]
fn without_a_filename_the_id_is_the_name() {
    let server = Instance::start();
    let mut wire = server.connect();
    let path = begin(&mut wire, 1, &[("dir", "d")]);
    let id = path.strip_prefix("/uploads/").unwrap().to_owned();
    assert_eq!(
        send(&mut wire, &path, 0, b"x").field("Livedrop-Path"),
        Some(&*format!("d/{id}"))
    );
}
