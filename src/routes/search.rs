//! `GET /api/search`: names below a folder that hold all of some words, as they are found.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::error::{Error, Result};
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::http::target;
use crate::routes::App;
use crate::storage::{Facts, Hit, RelPath, Share};

/// Rows that a search may have: more are not read by a person.
const HITS_MAX: usize = 1_000;
/// How long a search may take: a disk of millions of files is not read to its end for one.
const TIME_MAX: Duration = Duration::from_secs(5);
/// How often a search that finds nothing says that it is still there, and finds out whether its
/// client is: by white space, which JSON passes over.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);
/// The longest query, in bytes.
const QUERY_BYTES_MAX: usize = 1_024;

/// Searches below `dir` for names that hold all the words of `q`, in any case.
pub(super) fn names(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    let folder = RelPath::parse(&request.parameter("dir")?.unwrap_or_default())?;
    let query = request.parameter("q")?.unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return Err(Error::BadRequest(
            "The search is over 1,024 bytes long.".into(),
        ));
    }
    let query = folded(&String::from_utf8_lossy(&query));
    let words: Vec<String> = query.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Err(Error::BadRequest("Say what to search for by q.".into()));
    }
    // That there is no such folder is to be said before the answer begins.
    app.share
        .search(&folder, |_| false, |_| ControlFlow::Break(()))?;
    let share = Arc::clone(&app.share);
    let stream = move |out: &mut dyn Write| search(&share, &folder, &words, out);
    let response = Response::new(200, "application/json", Payload::Stream(Box::new(stream)));
    Ok(response.with("Cache-Control", "no-store"))
}

fn search(
    share: &Share,
    folder: &RelPath,
    words: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let wanted = |name: &OsStr| {
        let name = folded(&name.to_string_lossy());
        words.iter().all(|word| name.contains(word))
    };
    let begun = Instant::now();
    let mut shown = begun;
    let (mut hits, mut truncated) = (0, false);
    let mut written = out.write_all(b"{\"entries\":[").and_then(|()| out.flush());
    let whole = share.search(folder, wanted, |hit| {
        match hit {
            Hit::Found(..) if hits == HITS_MAX => truncated = true,
            Hit::Found(path, facts) => {
                let comma = if hits > 0 { "," } else { "" };
                hits += 1;
                written = write!(out, "{comma}{}", row(path, &facts));
            }
            Hit::Pause => {}
        }
        truncated |= begun.elapsed() > TIME_MAX;
        if shown.elapsed() > SIGN_OF_LIFE && written.is_ok() {
            shown = Instant::now();
            written = out.write_all(b"\n").and_then(|()| out.flush());
        }
        match truncated || written.is_err() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    written?;
    truncated |= !whole.map_err(io::Error::other)?;
    write!(out, "],\"truncated\":{truncated}}}")
}

/// A text without its case: `ß` is `ss` then, and a sigma is one wherever it stands (Unicode, section
/// 3.13). To upper case and back is as good as the table of foldings, and needs none.
fn folded(text: &str) -> String {
    let upper = text.chars().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).collect()
}

/// A row as in a listing, with the path.
fn row(path: &RelPath, facts: &Facts) -> String {
    let mut row = json!({
        "name": path.name().to_string_lossy(),
        "path": path.to_string(),
        "kind": facts.kind.word(),
        "size": facts.size,
        "modified": facts.modified_ms(),
    });
    if std::str::from_utf8(path.as_bytes()).is_err() {
        row["href"] = target::encode_path(path.as_bytes()).into();
    }
    row.to_string()
}
