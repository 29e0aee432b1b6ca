//! Media types: from the name of a file to its `Content-Type`, and which types could run script.
//!
//! It looks at names alone, never at content: every answer carries `nosniff`, so the type told
//! here is the type the browser goes by. The table is `mime_guess`, corrected where it is out of
//! date or wrong for what lies on a disk at home.

use std::borrow::Cow;

const UNKNOWN: &str = "application/octet-stream";

/// The value of `Content-Type` for a file of that name, by its last extension in any case;
/// `application/octet-stream` if there is none or nobody knows it.
///
/// Text says `charset=utf-8`, since that is what files are written in today and without it
/// browsers assume the Windows code page of their language. XML says nothing: it is UTF-8 unless
/// its first line says otherwise, and the header would overrule that line.
pub fn media_type(name: &[u8]) -> Cow<'static, str> {
    let media_type = extension(name).map_or(UNKNOWN, of_extension);
    if is_text(media_type) {
        format!("{media_type}; charset=utf-8").into()
    } else {
        media_type.into()
    }
}

/// Whether a browser could run script from an answer of that type, parameters allowed. Such an
/// answer needs a `Content-Security-Policy` with `sandbox`, or a file could act in the name of
/// whoever opens it.
///
/// Judged generously, since a sandbox costs nothing where nothing is rendered: HTML and XML in all
/// their kinds, types that only some or old browsers take for them, and whatever wraps further
/// types. A value that is not a media type counts as active too. PDF does not: its viewers run no
/// script of the page's origin, and a sandbox would keep them from showing it.
pub fn is_active(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    let essence = essence.trim_matches([' ', '\t']).to_ascii_lowercase();
    let Some((top, sub)) = essence.split_once('/') else {
        return true;
    };
    if !is_token(top) || !is_token(sub) {
        return true;
    }
    let holds = |word: &[u8]| sub.as_bytes().windows(word.len()).any(|part| part == word);
    let is_xml = sub.starts_with("xml") || sub.ends_with("xml") || holds(b"xsl");
    let wraps_others = matches!(top, "multipart" | "message");
    is_xml || holds(b"html") || wraps_others || OTHER_ACTIVE.contains(&sub)
}

/// Subtypes that some browser has run script from, and whose names do not show it.
const OTHER_ACTIVE: [&str; 6] = [
    // RDF and MathML are XML to Firefox.
    "rdf",
    "mathml",
    // Internet Explorer's own, still found where a company keeps it alive.
    "hta",
    "scriptlet",
    "x-component",
    // An application cache manifest was rendered as HTML by old Safari.
    "cache-manifest",
];

/// A token of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// What stands after the last dot. A dot in front only hides a file.
fn extension(name: &[u8]) -> Option<&str> {
    let dot = memchr::memrchr(b'.', name).filter(|&dot| dot > 0)?;
    std::str::from_utf8(&name[dot + 1..]).ok()
}

fn of_extension(extension: &str) -> &'static str {
    let lower = extension.to_ascii_lowercase();
    corrected(&lower)
        .or_else(|| mime_guess::from_ext(&lower).first_raw())
        .unwrap_or(UNKNOWN)
}

/// Where `mime_guess` 2.0.5 knows nothing or something unfit, each with the reason.
fn corrected(extension: &str) -> Option<&'static str> {
    Some(match extension {
        // Recordings of television and camcorders. TypeScript shares `ts` and `mts`; but gigabytes
        // of video shown as text would freeze the browser, while a source is still saved whole.
        "ts" | "mts" | "m2ts" => "video/mp2t",
        // Registered (RFC 4337) and what players ask for; the table has unregistered names.
        "m4a" | "m4b" | "m4r" => "audio/mp4",
        // Players say no to `video/x-m4v`; it is MP4 by another name.
        "m4v" => "video/mp4",
        // The name Safari plays a live list by (RFC 8216).
        "m3u8" => "application/vnd.apple.mpegurl",
        // Text that browsers show as text/plain and only save under its own or no name.
        "yml" | "yaml" | "toml" | "srt" | "ass" | "ssa" | "lrc" | "cue" | "nfo" | "sh" | "bat"
        | "ps1" | "sql" | "tex" | "rst" | "adoc" | "diff" | "patch" | "jsonl" | "ndjson"
        | "properties" | "service" | "env" => "text/plain",
        // The same for sources; PHP above all must not be taken for a program by a proxy.
        "rs" | "go" | "java" | "kt" | "swift" | "rb" | "pl" | "php" | "lua" | "tsx" | "vue"
        | "scss" => "text/plain",
        // RFC 9239 made this the one name of JavaScript.
        "mjs" | "cjs" => "text/javascript",
        // RFC 8081.
        "otf" => "font/otf",
        "woff" => "font/woff",
        // RFC 6350.
        "vcf" => "text/vcard",
        // RFC 8878.
        "zst" => "application/zstd",
        // As image/svg+xml it would need a Content-Encoding; without one browsers show an error.
        "svgz" => "application/gzip",
        // The table takes it for an audio plug-in.
        "rpm" => "application/x-rpm",
        _ => return None,
    })
}

/// Whether the type is text in an encoding that only the header can tell.
fn is_text(media_type: &str) -> bool {
    let is_xml = media_type == "text/xml";
    (media_type.starts_with("text/") && !is_xml) || media_type.ends_with("json")
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::{is_active, media_type};

    #[test]
    fn what_people_share_has_a_type_that_browsers_know() {
        for (name, expected) in [
            ("IMG_1.JPG", "image/jpeg"),
            ("a.png", "image/png"),
            ("a.gif", "image/gif"),
            ("a.webp", "image/webp"),
            ("a.avif", "image/avif"),
            ("a.heic", "image/heic"),
            ("a.jxl", "image/jxl"),
            ("a.svg", "image/svg+xml"),
            ("a.svgz", "application/gzip"),
            ("a.mp3", "audio/mpeg"),
            ("a.flac", "audio/flac"),
            ("a.opus", "audio/ogg"),
            ("a.m4a", "audio/mp4"),
            ("a.m4b", "audio/mp4"),
            ("a.wav", "audio/wav"),
            ("a.mp4", "video/mp4"),
            ("a.m4v", "video/mp4"),
            ("a.mkv", "video/x-matroska"),
            ("a.webm", "video/webm"),
            ("a.MOV", "video/quicktime"),
            ("a.ts", "video/mp2t"),
            ("a.MTS", "video/mp2t"),
            ("a.m3u8", "application/vnd.apple.mpegurl"),
            ("a.pdf", "application/pdf"),
            ("a.epub", "application/epub+zip"),
            ("a.zip", "application/zip"),
            ("a.tar.gz", "application/gzip"),
            ("a.tar.zst", "application/zstd"),
            ("a.7z", "application/x-7z-compressed"),
            ("a.iso", "application/octet-stream"),
            ("a.apk", "application/vnd.android.package-archive"),
            ("a.rpm", "application/x-rpm"),
            ("a.wasm", "application/wasm"),
            ("a.otf", "font/otf"),
            ("a.woff", "font/woff"),
            ("a.woff2", "font/woff2"),
        ] {
            assert_eq!(media_type(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn text_says_utf_8_and_xml_speaks_for_itself() {
        for (name, essence) in [
            ("a.txt", "text/plain"),
            ("a.log", "text/plain"),
            ("a.ini", "text/plain"),
            ("a.conf", "text/plain"),
            ("a.yml", "text/plain"),
            ("a.yaml", "text/plain"),
            ("a.toml", "text/plain"),
            ("a.srt", "text/plain"),
            ("a.sh", "text/plain"),
            ("a.php", "text/plain"),
            ("a.rs", "text/plain"),
            ("a.py", "text/plain"),
            ("a.md", "text/markdown"),
            ("a.csv", "text/csv"),
            ("a.vtt", "text/vtt"),
            ("a.vcf", "text/vcard"),
            ("a.ics", "text/calendar"),
            ("a.css", "text/css"),
            ("a.html", "text/html"),
            ("A.HTM", "text/html"),
            ("a.js", "text/javascript"),
            ("a.mjs", "text/javascript"),
            ("a.cjs", "text/javascript"),
            ("a.json", "application/json"),
            ("a.geojson", "application/geo+json"),
            ("a.webmanifest", "application/manifest+json"),
        ] {
            let expected = format!("{essence}; charset=utf-8");
            assert_eq!(media_type(name.as_bytes()), expected, "{name}");
        }
        assert_eq!(media_type(b"a.xml"), "text/xml");
        assert_eq!(media_type(b"a.xsl"), "text/xml");
        assert_eq!(media_type(b"a.xhtml"), "application/xhtml+xml");
        assert_eq!(media_type(b"a.rss"), "application/rss+xml");
    }

    #[test]
    fn a_name_without_a_known_extension_is_bytes() {
        let names: [&[u8]; 12] = [
            b"",
            b".",
            b"..",
            b"README",
            b"html",
            b".html",
            b"a.",
            b"a.html.",
            b"a.html ",
            b"a.nobody-knows",
            b"a.h\xfftml",
            b"a.ht\0ml",
        ];
        for name in names {
            assert_eq!(media_type(name), super::UNKNOWN, "{name:?}");
        }
        assert_eq!(media_type(b"\xff\xfe.html"), "text/html; charset=utf-8");
        assert_eq!(media_type(b"a.jpg.html"), "text/html; charset=utf-8");
        let long = [b"a.".as_slice(), &vec![b'x'; 100_000]].concat();
        assert_eq!(media_type(&long), super::UNKNOWN);
    }

    #[test]
    fn what_could_run_script_is_active() {
        for active in [
            "text/html",
            "text/html; charset=utf-8",
            "TEXT/HTML;charset=utf-8",
            " text/html ; x=y",
            "text/webviewhtml",
            "text/x-html-insertion",
            "application/xhtml+xml",
            "application/vnd.wap.xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "application/xml",
            "application/xml-dtd",
            "application/rss+xml",
            "application/x-gramps-xml",
            "application/anything+xml",
            "text/xsl",
            "text/xslt",
            "application/xslt+xml",
            "application/mathml+xml",
            "text/mathml",
            "text/rdf",
            "multipart/x-mixed-replace; boundary=x",
            "multipart/related",
            "message/rfc822",
            "application/hta",
            "text/scriptlet",
            "text/x-component",
            "text/cache-manifest",
            // Nobody can say what a browser makes of these.
            "",
            "text",
            "/",
            "text/",
            "text/html, text/plain",
            "te xt/plain",
        ] {
            assert!(is_active(active), "{active:?}");
        }
    }

    #[test]
    fn what_only_shows_or_downloads_is_not_active() {
        for inert in [
            "text/plain",
            "text/plain; charset=utf-8",
            "text/plain; note=text/html",
            "text/css",
            "text/csv",
            "text/javascript",
            "text/markdown",
            "text/vtt",
            "text/anything-unknown",
            "application/json",
            "application/pdf",
            "application/octet-stream",
            "application/zip",
            "application/epub+zip",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "image/png",
            "video/mp4",
            "audio/ogg",
            "font/woff2",
        ] {
            assert!(!is_active(inert), "{inert:?}");
        }
    }

    #[test]
    fn every_active_name_gets_an_active_type() {
        for extension in [
            "html", "htm", "shtml", "xhtml", "xht", "svg", "xml", "xsl", "xslt", "rss", "atom",
            "rdf", "mathml", "mml", "xul", "mht", "mhtml", "eml", "hta", "htc", "sct", "wsc",
            "htt", "kml", "gpx", "wsdl", "xsd", "dtd", "smil", "appcache",
        ] {
            for name in [
                format!("a.{extension}"),
                format!("A.{}", extension.to_uppercase()),
            ] {
                let media_type = media_type(name.as_bytes());
                assert!(is_active(&media_type), "{name} is {media_type}");
            }
        }
    }
}
