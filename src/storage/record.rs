//! What is kept of an upload in pieces beside its bytes: a few lines of text, read strictly. A line
//! is a word, a space and a value; a path or what a client said stands in it as it is, since
//! neither can hold the end of a line.

use std::fmt;

use super::name::RelPath;
use super::publish::OnConflict;

/// The first line: what it is, and the version of its form.
const FIRST_LINE: &str = "livedrop-upload 1";

/// All that is known of an upload in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Bytes of the whole, if that is known.
    pub(super) length: Option<u64>,
    /// Bytes that are certain.
    pub(super) offset: u64,
    /// Where the file is to stand.
    pub(super) target: RelPath,
    /// What to do where something stands there.
    pub(super) on_conflict: OnConflict,
    /// The time that the file is to have, in Unix milliseconds.
    pub(super) modified_ms: Option<i64>,
    /// What the client said of it, as it came.
    pub(super) metadata: String,
    /// When it is removed, in Unix seconds.
    pub(super) expires_s: u64,
    /// The account that it belongs to; None where there were no accounts.
    pub(super) owner: Option<String>,
    /// How far it is.
    pub(super) stage: Stage,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// More bytes may come, or it waits to be published.
    Open,
    /// The file with this inode is being published: the data itself, or a copy on another mount.
    Publishing {
        /// The number of its inode.
        inode: u64,
        /// Whether it is a copy.
        is_copy: bool,
    },
    /// It stands there.
    Finished {
        /// The path that it got.
        path: RelPath,
    },
}

impl Record {
    /// Reads what `fmt` wrote; None for anything else.
    pub(super) fn parse(text: &str) -> Option<Record> {
        let mut lines = text.strip_suffix('\n')?.split('\n').peekable();
        (lines.next()? == FIRST_LINE).then_some(())?;
        let mut value = |word: &str| lines.next()?.strip_prefix(word)?.strip_prefix(' ');
        let optional = |text: &str| (text != "-").then(|| text.to_owned());
        let length = match optional(value("length")?) {
            Some(digits) => Some(digits.parse().ok()?),
            None => None,
        };
        let offset = value("offset")?.parse().ok()?;
        let target = RelPath::parse_new(value("target")?.as_bytes()).ok()?;
        let on_conflict = match value("on_conflict")? {
            "rename" => OnConflict::Rename,
            "replace" => OnConflict::Replace,
            "fail" => OnConflict::Fail,
            _ => return None,
        };
        let modified_ms = match optional(value("modified")?) {
            Some(digits) => Some(digits.parse().ok()?),
            None => None,
        };
        let metadata = value("metadata")?.to_owned();
        let expires_s = value("expires")?.parse().ok()?;
        let owner = lines.next_if(|line| line.starts_with("owner "));
        let owner = owner.map(|line| line["owner ".len()..].to_owned());
        let stage = match lines.next()?.strip_prefix("stage ")?.split_once(' ') {
            None => Stage::Open,
            Some(("publishing", inode)) => Stage::Publishing {
                inode: inode.parse().ok()?,
                is_copy: false,
            },
            Some(("copying", inode)) => Stage::Publishing {
                inode: inode.parse().ok()?,
                is_copy: true,
            },
            Some(("finished", path)) => Stage::Finished {
                path: RelPath::parse_new(path.as_bytes()).ok()?,
            },
            Some(_) => return None,
        };
        let is_sound = !target.is_root() && length.is_none_or(|length| offset <= length);
        (lines.next().is_none() && is_sound).then_some(Record {
            length,
            offset,
            target,
            on_conflict,
            modified_ms,
            metadata,
            expires_s,
            owner,
            stage,
        })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.length.map_or("-".to_owned(), |n| n.to_string());
        let modified = self.modified_ms.map_or("-".to_owned(), |n| n.to_string());
        let on_conflict = match self.on_conflict {
            OnConflict::Rename => "rename",
            OnConflict::Replace => "replace",
            OnConflict::Fail => "fail",
        };
        writeln!(f, "{FIRST_LINE}")?;
        writeln!(f, "length {length}")?;
        writeln!(f, "offset {}", self.offset)?;
        writeln!(f, "target {}", self.target)?;
        writeln!(f, "on_conflict {on_conflict}")?;
        writeln!(f, "modified {modified}")?;
        writeln!(f, "metadata {}", self.metadata)?;
        writeln!(f, "expires {}", self.expires_s)?;
        if let Some(owner) = &self.owner {
            writeln!(f, "owner {owner}")?;
        }
        match &self.stage {
            Stage::Open => writeln!(f, "stage open"),
            Stage::Publishing { inode, is_copy } => {
                let word = if *is_copy { "copying" } else { "publishing" };
                writeln!(f, "stage {word} {inode}")
            }
            Stage::Finished { path } => writeln!(f, "stage finished {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn record() -> Record {
        Record {
            length: Some(u64::MAX),
            offset: 1 << 40,
            target: RelPath::parse_new("a folder/ü 100%.mkv".as_bytes()).unwrap(),
            on_conflict: OnConflict::Rename,
            modified_ms: Some(-5),
            metadata: "filename w7wgMTAwJS5ta3Y=,dir".into(),
            expires_s: 1_800_000_000,
            owner: Some("ann b".into()),
            stage: Stage::Open,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let path = RelPath::parse_new(b"a folder/b (2)").unwrap();
        let deferred = Record {
            length: None,
            modified_ms: None,
            metadata: String::new(),
            owner: None,
            ..record()
        };
        for stage in [
            Stage::Open,
            Stage::Publishing {
                inode: 7,
                is_copy: false,
            },
            Stage::Publishing {
                inode: u64::MAX,
                is_copy: true,
            },
            Stage::Finished { path },
        ] {
            for record in [record(), deferred.clone()] {
                let record = Record {
                    stage: stage.clone(),
                    ..record
                };
                assert_eq!(Record::parse(&record.to_string()), Some(record));
            }
        }
    }

    #[test]
    fn anything_else_is_none() {
        let text = record().to_string();
        for at in 0..text.len() {
            if text.is_char_boundary(at) {
                assert_eq!(Record::parse(&text[..at]), None, "cut at {at}");
            }
        }
        for (old, new) in [
            ("upload 1", "upload 2"),
            ("offset 1", "offset -1"),
            ("target a", "target ../a"),
            ("target a folder", "target .livedrop"),
            ("rename", "rename2"),
            ("length 18446744073709551615", "length 18446744073709551616"),
            ("length 18446744073709551615", "length 5"),
            ("stage open", "stage gone 5"),
            ("stage open\n", "stage open\nmore\n"),
        ] {
            let broken = text.replace(old, new);
            assert_ne!(broken, text, "{old}");
            assert_eq!(Record::parse(&broken), None, "{new}");
        }
    }
}
