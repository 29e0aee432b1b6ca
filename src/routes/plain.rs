//! The list as part of the page's HTML, for browsers without JavaScript: names, links to open and to
//! download, and a form to upload. Browsers with it get the same words and show the live list.
//!
//! Names are escaped here and nowhere else becomes data HTML.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::fmt::Write;
use std::ops::ControlFlow;

use crate::config::Right;
use crate::error::Result;
use crate::http::request::Request;
use crate::http::target;
use crate::routes::App;
use crate::storage::{Entry, Kind, RelPath};

/// Rows of one page: what a browser with JavaScript loads in vain stays small.
const ROWS_MAX: usize = 200;
/// Entries that are put in order; of a larger folder the rest is only said to be there.
const SORTED_MAX: usize = 10_000;

/// What the list says, in the languages that the page speaks.
struct Words {
    language: &'static str,
    root: &'static str,
    up: &'static str,
    empty: &'static str,
    missing: &'static str,
    download: &'static str,
    whole: &'static str,
    files: &'static str,
    upload: &'static str,
    next: &'static str,
    more: &'static str,
}

static ENGLISH: Words = Words {
    language: "en",
    root: "Shared files",
    up: "Up",
    empty: "Nothing here yet.",
    missing: "This folder cannot be shown.",
    download: "Download",
    whole: "Download all as one zip",
    files: "Files",
    upload: "Upload",
    next: "More",
    more: "There is more in this folder than can be listed here.",
};

static CHINESE: Words = Words {
    language: "zh-CN",
    root: "共享文件",
    up: "上一级",
    empty: "这里还没有文件。",
    missing: "无法显示这个文件夹。",
    download: "下载",
    whole: "打包下载全部",
    files: "文件",
    upload: "上传",
    next: "更多",
    more: "此文件夹的内容过多,无法全部列出。",
};

/// The list of the folder that the page's address names, as HTML.
pub(super) fn list(app: &App, request: &Request<'_>) -> String {
    let words = words(&request.field("Accept-Language").unwrap_or_default());
    let mut html = format!("<div class=\"plain card\" lang=\"{}\">", words.language);
    if write_folder(app, request, words, &mut html).is_err() {
        let _ = write!(html, "<h1>{0}</h1><p>{0}</p>", words.missing);
        let _ = write!(html, "<p><a href=\"./\">{}</a></p>", words.root);
    }
    html + "</div>"
}

/// The first language of the list that the page speaks.
fn words(accepted: &str) -> &'static Words {
    let mut bases = accepted
        .split(',')
        .map(|tag| tag.split(['-', ';']).next().unwrap_or_default().trim());
    match bases.find(|base| {
        ["en", "zh"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(base))
    }) {
        Some(base) if base.eq_ignore_ascii_case("zh") => &CHINESE,
        Some(_) | None => &ENGLISH,
    }
}

/// The folder of the address: `dir`, or where `file` lies.
fn folder(request: &Request<'_>) -> Result<RelPath> {
    if let Some(file) = request.parameter("file")? {
        let file = RelPath::parse(&file)?;
        return Ok(file
            .split()
            .map_or_else(RelPath::root, |(parent, _)| parent));
    }
    RelPath::parse(&request.parameter("dir")?.unwrap_or_default())
}

/// The way to upload into a folder.
fn write_form(html: &mut String, folder: &str, words: &Words) {
    let _ = write!(
        html,
        "<form method=\"post\" action=\"upload?dir={folder}\" enctype=\"multipart/form-data\">\
         <input type=\"file\" name=\"file\" aria-label=\"{}\" multiple required> \
         <button class=\"primary\">{}</button></form>",
        words.files, words.upload
    );
}

fn write_folder(app: &App, request: &Request<'_>, words: &Words, html: &mut String) -> Result<()> {
    let folder = folder(request)?;
    let from = request.parameter("from")?.unwrap_or_default();
    let from: usize = String::from_utf8_lossy(&from).parse().unwrap_or_default();
    let here = target::encode_path(folder.as_bytes());
    if !request.may(Right::Read) {
        // Who may not see the list learns no name from it; a drop box still takes files.
        let _ = write!(html, "<h1>{}</h1>", words.root);
        if request.may(Right::Create) {
            write_form(html, &here, words);
        } else {
            let _ = write!(html, "<p>{}</p>", words.missing);
        }
        return Ok(());
    }
    let (names, complete) = sorted(app, &folder)?;
    let title = if folder.is_root() {
        words.root.to_owned()
    } else {
        escaped(&folder.name().to_string_lossy())
    };
    let _ = write!(html, "<h1><bdi>{title}</bdi></h1>");
    if let Some((parent, _)) = folder.split() {
        let parent = target::encode_path(parent.as_bytes());
        let _ = write!(html, "<p><a href=\"./?dir={parent}\">{}</a></p>", words.up);
    }
    if request.may(Right::Create) {
        write_form(html, &here, words);
    }
    if names.is_empty() {
        let _ = write!(html, "<p>{}</p>", words.empty);
        return Ok(());
    }
    html.push_str("<ul>");
    let next = from.saturating_add(ROWS_MAX).min(names.len());
    // Sizes are looked up for what is shown alone.
    app.share
        .look(&folder, &names[from.min(next)..next], |entry| {
            write_row(html, &folder, &entry, words);
        })?;
    html.push_str("</ul>");
    if next < names.len() {
        let _ = write!(
            html,
            "<p><a href=\"./?dir={here}&amp;from={next}\">{}</a></p>",
            words.next
        );
    } else if !complete {
        let _ = write!(html, "<p>{}</p>", words.more);
    }
    let _ = write!(
        html,
        "<p><a href=\"download/{here}\">{}</a></p>",
        words.whole
    );
    Ok(())
}

/// Folders first, then by name; and whether these are all.
fn sorted(app: &App, folder: &RelPath) -> Result<(Vec<OsString>, bool)> {
    let mut rows = Vec::new();
    let mut complete = true;
    app.share.names(folder, |name, kind| {
        if rows.len() == SORTED_MAX {
            complete = false;
            return ControlFlow::Break(());
        }
        let folded = name.to_string_lossy().to_lowercase();
        rows.push((Reverse(kind == Kind::Folder), folded, name.to_owned()));
        ControlFlow::Continue(())
    })?;
    rows.sort_unstable();
    let names = rows.into_iter().map(|(_, _, name)| name);
    Ok((names.collect(), complete))
}

fn write_row(html: &mut String, folder: &RelPath, row: &Entry<'_>, words: &Words) {
    let key = target::encode_path(folder.entry(row.name).as_bytes());
    let name = escaped(&row.name.to_string_lossy());
    let _ = match row.facts.kind {
        Kind::Folder => write!(
            html,
            "<li><a href=\"./?dir={key}\"><bdi>{name}</bdi>/</a></li>"
        ),
        Kind::File => write!(
            html,
            "<li><a href=\"files/{key}\"><bdi>{name}</bdi></a> <span>{}</span> \
             <a href=\"download/{key}\" aria-label=\"{} {name}\">{1}</a></li>",
            size(row.facts.size),
            words.download
        ),
        Kind::Link | Kind::Other => write!(html, "<li><bdi>{name}</bdi></li>"),
    };
}

/// In thousands, as disks are sold and as the page counts.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Text that is nothing but text in HTML. What turns lines round or breaks them is shown as a sign,
/// so that no name can pass for another one.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_more_than_text() {
        for (name, shown) in [
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            (
                "\" onclick='x' &amp;",
                "&quot; onclick=&#39;x&#39; &amp;amp;",
            ),
            ("gpj.\u{202e}exe", "gpj.\u{fffd}exe"),
            ("two\nlines", "two\u{fffd}lines"),
            ("</noscript>", "&lt;/noscript&gt;"),
        ] {
            assert_eq!(escaped(name), shown);
        }
    }

    #[test]
    fn sizes_are_told_in_thousands() {
        for (bytes, told) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_312, "1.3 kB"),
            (999_999, "999.9 kB"),
            (2_840_000_000, "2.8 GB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(size(bytes), told);
        }
    }

    #[test]
    fn the_language_is_the_first_that_there_is() {
        for (accepted, language) in [
            ("", "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
            ("fr, zh-TW;q=0.5", "zh-CN"),
            ("en-GB,zh", "en"),
            ("de", "en"),
        ] {
            assert_eq!(words(accepted).language, language, "{accepted}");
        }
    }
}
