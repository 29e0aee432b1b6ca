//! `/download/<folder>`: a folder as one file, a zip or a tar, sent while it is being put together.
//!
//! The tree is walked once to know the length and then again for each part of the archive. Only
//! numbers are kept of it in between, never a list of names, so that memory stays the same however
//! much a folder holds. Each walk has to find what the one before it found. Where one does not, or
//! a file cannot be sent as it was announced, the connection is cut before the announced length is
//! reached: no client takes such an archive for a whole one.

mod tar;
mod zip;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::http::archive::Member;
use crate::http::disposition;
use crate::http::outlet::Outlet;
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::http::target;
use crate::routes::{App, existing};
use crate::storage::{Found, OpenFile, RelPath, Share, Stored, Tree};

/// A form that selects names: ten thousand of ordinary length, several times over.
const FORM_BYTES_MAX: u64 = 1 << 20;

/// Some of what lies directly in a folder, as one file: `POST` of a form whose field `name` is
/// repeated.
pub(super) fn selection(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let folder = existing(rest)?;
    let names = selected_names(request, &folder)?;
    match app.share.read(&folder)? {
        Stored::Folder => archive(app, request, folder, Some(names)),
        Stored::File(_) => Err(Error::Conflict("Only of a folder can names be selected.")),
    }
}

/// A folder, or the names selected of it, as one file in the format that was asked for.
pub(super) fn archive(
    app: &App,
    request: &Request<'_>,
    top: RelPath,
    names: Option<Vec<OsString>>,
) -> Result<Response> {
    let format = request.parameter("format")?;
    let (media_type, extension, outline, write): (_, _, Outliner, Writer) = match format.as_deref()
    {
        None | Some(b"zip") => ("application/zip", ".zip", zip::outline, zip::write),
        Some(b"tar") => ("application/x-tar", ".tar", tar::outline, tar::write),
        Some(_) => {
            return Err(Error::BadRequest(
                "format can be \"zip\" or \"tar\".".into(),
            ));
        }
    };
    let share_name = app.share.path().file_name().unwrap_or("share".as_ref());
    let name = if top.is_root() {
        share_name
    } else {
        top.name()
    };
    let disposition =
        disposition::attachment(&[name.as_encoded_bytes(), extension.as_bytes()].concat());
    let source = Source {
        share: Arc::clone(&app.share),
        tree: Tree { top, names },
        block_bytes: app.limits.transfer_buffer_bytes,
    };
    let expected = outline(&source)?;
    let (bytes, log) = (expected.bytes, app.log.clone());
    let body = move |out: &mut Outlet<'_>| {
        write(&source, &expected, out).map_err(|error| {
            if !matches!(error, Error::Disconnected) {
                let top = &source.tree.top;
                log.trouble(format_args!("an archive of /{top} was broken off: {error}"));
            }
            io::Error::other(error)
        })
    };
    let payload = Payload::Sized(bytes, Box::new(body));
    Ok(Response::new(200, media_type, payload)
        .with("Content-Disposition", disposition)
        // Nothing tells one state of a tree from another: a stored copy could not be used again.
        .with("Cache-Control", "no-store")
        .with("Accept-Ranges", "none"))
}

type Outliner = fn(&Source) -> Result<Outline>;
type Writer = fn(&Source, &Outline, &mut Outlet<'_>) -> Result<()>;

/// What an archive will amount to.
struct Outline {
    /// Its length.
    bytes: u64,
    /// What was found in the tree.
    pass: Pass,
}

/// What one walk through the tree has found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pass {
    /// Files and folders.
    members: u64,
    /// Files that are not empty.
    contents: u64,
    /// Names, kinds, sizes and times of all of them.
    digest: u64,
}

/// What an archive is made of.
struct Source {
    share: Arc<Share>,
    tree: Tree,
    block_bytes: usize,
}

impl Source {
    /// Walks the tree once.
    fn pass(&self, mut visit: impl FnMut(&Member<'_>, &Found<'_>) -> Result<()>) -> Result<Pass> {
        let mut pass = Pass::default();
        let mut hasher = DefaultHasher::new();
        self.share.walk(&self.tree, |found| {
            let member = Member {
                name: found.inner,
                is_folder: found.facts.kind == crate::storage::Kind::Folder,
                size: found.facts.size,
                modified_s: found.facts.modified_ms().div_euclid(1000),
            };
            pass.members += 1;
            pass.contents += u64::from(member.size > 0);
            let facts = &found.facts;
            (found.inner, member.is_folder, facts.size, facts.inode).hash(&mut hasher);
            facts.modified_ns.hash(&mut hasher);
            visit(&member, found)
        })?;
        pass.digest = hasher.finish();
        Ok(pass)
    }

    /// Refuses a pass that is not the one that was announced.
    fn hold(&self, pass: &Pass, expected: &Outline) -> Result<()> {
        if *pass == expected.pass {
            Ok(())
        } else {
            Err(changed(&self.tree.top))
        }
    }

    /// Opens a file that the walk has found, if it is still that one.
    fn open(&self, found: &Found<'_>) -> Result<OpenFile> {
        match self.share.read(found.path) {
            Ok(Stored::File(file)) if file.facts.is_same_content(&found.facts) => Ok(file),
            Ok(_) | Err(Error::NotFound) => Err(changed(found.path)),
            Err(error) => Err(error),
        }
    }
}

/// What ends an archive whose tree did not hold still.
fn changed(path: impl fmt::Display) -> Error {
    let source = io::Error::other("it has changed meanwhile");
    Error::io("pack", path, source)
}

/// What a failed write of the content of `path` means.
fn unsent(path: &RelPath, error: io::Error) -> Error {
    match error.kind() {
        // The file is shorter than it was, or the archive longer than it was to be.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => changed(path),
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::WouldBlock
        | io::ErrorKind::TimedOut => Error::Disconnected,
        _ => Error::io("send", path, error),
    }
}

/// The names that a form selects in a folder, each once.
fn selected_names(request: &mut Request<'_>, folder: &RelPath) -> Result<Vec<OsString>> {
    let content_type = request.field("Content-Type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Error::UnsupportedType(
            "A selection is sent as application/x-www-form-urlencoded.",
        ));
    }
    let too_large = Error::TooLarge("The selection is over a mebibyte.");
    if request
        .body
        .declared_bytes()
        .is_some_and(|b| b > FORM_BYTES_MAX)
    {
        return Err(too_large);
    }
    let mut form = Vec::new();
    (&mut request.body)
        .take(FORM_BYTES_MAX + 1)
        .read_to_end(&mut form)
        .map_err(Error::from_body)?;
    if form.len() as u64 > FORM_BYTES_MAX {
        return Err(too_large);
    }
    let wrong = |text: &'static str| Error::BadRequest(text.into());
    let form = str::from_utf8(&form).map_err(|_| wrong("The form is not UTF-8."))?;
    let mut names = BTreeSet::new();
    for name in target::query_values(form, "name")? {
        let path = folder.join(&name)?;
        if path.split().is_none_or(|(parent, _)| parent != *folder) {
            return Err(Error::BadName(
                "Only names directly in the folder can be selected.",
            ));
        }
        names.insert(path.name().to_os_string());
    }
    if names.is_empty() {
        return Err(wrong("The form has no field \"name\"."));
    }
    Ok(names.into_iter().collect())
}
