//! The path below which a server behind a proxy is found: `/drop` of `https://example.org/drop/`.

use std::fmt;
use std::str::FromStr;

/// Nothing, or segments with a slash before each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(String);

impl FromStr for BasePath {
    type Err = String;

    /// Takes a path with or without slashes at its ends. Its characters are those that nobody
    /// encodes, so that it has one form.
    fn from_str(text: &str) -> Result<BasePath, String> {
        let trimmed = text.strip_prefix('/').unwrap_or(text);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        if matches!(text, "" | "/") {
            return Ok(BasePath::default());
        }
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let is_segment = |segment: &str| {
            !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(is_plain)
        };
        match trimmed.split('/').all(is_segment) {
            true => Ok(BasePath(format!("/{trimmed}"))),
            false => Err(format!(
                "'{text}' is no path of plain letters, such as /drop"
            )),
        }
    }
}

impl fmt::Display for BasePath {
    /// Without a slash at its end: empty for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BasePath {
    /// What a path has below this one, with the slash before it; empty for the base itself.
    pub fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.0.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_base_path_has_one_form() {
        for (text, base) in [
            ("", ""),
            ("/", ""),
            ("drop", "/drop"),
            ("/drop", "/drop"),
            ("/drop/", "/drop"),
            ("/a/b.c~d/", "/a/b.c~d"),
        ] {
            assert_eq!(text.parse::<BasePath>().unwrap().to_string(), base);
        }
        for text in [
            "//", "/a//b", "/..", "/a/./b", "/a b", "/ä", "/a?b", "/%41", "//a",
        ] {
            assert!(text.parse::<BasePath>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_below_it_begins_with_a_slash() {
        for (base, path, rest) in [
            ("", "/", Some("/")),
            ("", "/a", Some("/a")),
            ("/drop", "/drop", Some("")),
            ("/drop", "/drop/", Some("/")),
            ("/drop", "/drop/files/a", Some("/files/a")),
            ("/drop", "/dropped", None),
            ("/drop", "/files/a", None),
            ("/drop", "/Drop/", None),
            ("/drop", "/", None),
        ] {
            let base: BasePath = base.parse().unwrap();
            assert_eq!(base.strip(path), rest, "{base} {path}");
        }
    }
}
