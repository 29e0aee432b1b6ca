//! From arguments and the environment to a `Command`, by the rows of the table alone.
//!
//! Arguments are gathered first and judged after, so that help is to be had however wrong the rest
//! is, and a variable that an argument hides is not even read.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use super::values::yes_or_no;
use super::{Command, Row, Takes, rows};
use crate::config::Config;

/// What other servers call our options: hands remember, so the error for them names ours.
pub(super) const NAMES_ELSEWHERE: &[(&str, &str)] = &[
    ("p", "listen"),
    ("b", "listen"),
    ("i", "listen"),
    ("port", "listen"),
    ("bind", "listen"),
    ("address", "listen"),
    ("interfaces", "listen"),
    ("v", "version"),
    ("max-size", "upload-max"),
];

/// What is wrong with the command line or the environment: one line, without the program's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> UsageError {
        UsageError(match error {
            lexopt::Error::UnexpectedValue { option, value } => {
                format!("{option} takes no value, but {value:?} is given")
            }
            other => other.to_string(),
        })
    }
}

/// Reads the arguments, without the program's name, and the environment by `variable`, which
/// answers like `std::env::var_os`. An option given as an argument hides its variable altogether.
///
/// # Errors
/// The first thing that is wrong, named as the user wrote it.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Command, UsageError> {
    let mut config = Config::default();
    let mut folder: Option<OsString> = None;
    let mut given: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut parser = lexopt::Parser::from_args(args.into_iter().collect::<Vec<_>>());
    while let Some(argument) = parser.next()? {
        let (row, is_long) = match argument {
            lexopt::Arg::Short(letter) => (find(letter.encode_utf8(&mut [0; 4]), "-")?, false),
            lexopt::Arg::Long(name) => (find(name, "--")?, true),
            lexopt::Arg::Value(value) => {
                check_folder(&value, folder.as_deref())?;
                folder = Some(value);
                continue;
            }
        };
        let value = match row.takes {
            // At once, so that help is to be had however wrong the rest is.
            Takes::Nothing(command) => return Ok(command()),
            // Only a long flag takes a value: `-qV` is two options.
            Takes::Flag(_) if is_long => parser.optional_value().unwrap_or_else(|| "yes".into()),
            Takes::Flag(_) => "yes".into(),
            Takes::One(name, _) | Takes::Many(name, _) | Takes::Ask(name, _) => {
                parser.value().map_err(|_| {
                    UsageError(format!(
                        "--{} needs a value: --{} {name}",
                        row.long, row.long
                    ))
                })?
            }
        };
        let text = utf8(value).map_err(|why| row.error(&why))?;
        if let Takes::Ask(_, command) = row.takes {
            return command(&text).map_err(|why| row.error(&why));
        }
        given.entry(row.long).or_default().push(text);
    }
    for row in rows() {
        match given.get(row.long) {
            Some(texts) => row
                .apply(&mut config, texts)
                .map_err(|why| row.error(&why))?,
            None => row.apply_variable(&mut config, &variable)?,
        }
    }
    if let Some(folder) = folder {
        config.folder = folder.into();
    }
    if config.read_only && config.upload_only {
        let text = "--read-only and --upload-only leave nothing that could be done";
        return Err(UsageError(text.into()));
    }
    Ok(Command::Serve(Box::new(config)))
}

impl Row {
    fn apply(&self, config: &mut Config, texts: &[String]) -> Result<(), String> {
        match (&self.takes, texts) {
            (_, []) | (Takes::Nothing(_) | Takes::Ask(..), _) => Ok(()),
            (Takes::Flag(set), [.., last]) => yes_or_no(last).map(|yes| set(config, yes)),
            (Takes::One(_, set), [.., last]) => set(config, last),
            (Takes::Many(_, set), texts) => set(config, texts),
        }
    }

    /// An empty variable is an absent one: compose files and unit files pass on what they have.
    /// Unknown variables are not looked for, since Kubernetes sets `LIVEDROP_PORT` and more of its
    /// own for a service of our name.
    fn apply_variable(
        &self,
        config: &mut Config,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<(), UsageError> {
        let Some(name) = self.variable() else {
            return Ok(());
        };
        let Some(value) = variable(&name) else {
            return Ok(());
        };
        utf8(value)
            .and_then(|text| {
                let lines: Vec<String> = match self.takes {
                    Takes::Many(..) => text.lines().map(|line| line.trim().into()).collect(),
                    _ => vec![text.trim().into()],
                };
                let lines: Vec<String> = lines.into_iter().filter(|l| !l.is_empty()).collect();
                self.apply(config, &lines)
            })
            .map_err(|why| UsageError(format!("{name}: {why}")))
    }

    fn error(&self, why: &str) -> UsageError {
        UsageError(format!("--{}: {why}", self.long))
    }
}

/// The row of an option as it was typed, its dashes apart.
fn find(name: &str, dashes: &str) -> Result<&'static Row, UsageError> {
    let is_short = dashes.len() == 1;
    let found = rows().find(|row| match is_short {
        true => row.short.is_some_and(|letter| name.chars().eq([letter])),
        false => row.long == name,
    });
    found.ok_or_else(|| {
        let typed = format!("{dashes}{}", name.escape_debug());
        UsageError(match nearest(name) {
            Some(long) => format!("there is no option {typed}; did you mean --{long}?"),
            None => format!("there is no option {typed}"),
        })
    })
}

/// The option that was meant: by its name elsewhere, by its beginning, or with a third of its
/// letters mistyped.
fn nearest(name: &str) -> Option<&'static str> {
    let elsewhere = NAMES_ELSEWHERE.iter().find(|(other, _)| *other == name);
    if let Some((_, long)) = elsewhere {
        return Some(long);
    }
    if name.chars().count() < 3 {
        return None;
    }
    if let Some(row) = rows().find(|row| row.long.starts_with(name)) {
        return Some(row.long);
    }
    rows()
        .map(|row| (distance(name, row.long), row.long))
        .filter(|(distance, long)| *distance <= long.len() / 3)
        .min()
        .map(|(_, long)| long)
}

/// How many letters must be put in, taken out or changed to make one word the other (Levenshtein).
pub(super) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

fn check_folder(folder: &OsStr, already: Option<&OsStr>) -> Result<(), UsageError> {
    match already {
        Some(first) => Err(UsageError(format!(
            "one folder can be shared, but both {first:?} and {folder:?} are given"
        ))),
        None if folder.is_empty() => Err(UsageError("the name of the folder is empty".into())),
        None => Ok(()),
    }
}

fn utf8(value: OsString) -> Result<String, String> {
    value
        .into_string()
        .map_err(|value| format!("{value:?} is not UTF-8"))
}
