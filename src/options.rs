//! The command line: one table of options, and what is made from it.
//!
//! A row of `SECTIONS` is all that an option is: its names, what it takes, the field of `Config`
//! it sets, its line of help. Arguments, environment variables, `--help`, the manual page and what
//! shells complete are read and written from the rows alone. Nothing here prints, exits or touches the disk, and whether a folder
//! exists or an address can be bound is found out later.

mod completions;
mod manual;
mod reading;
mod values;

use crate::config::Config;
use values::{
    accounts, at_least_one, count, each, hosts, mode, seconds, service, size, upload_size,
};

pub use completions::{bash, fish, zsh};
pub use manual::manual;
pub use reading::{UsageError, parse};

/// What a run of the program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve, as told.
    Serve(Box<Config>),
    /// Print `help()`.
    Help,
    /// Print `VERSION`.
    Version,
    /// Read a password and print its hash.
    HashPassword,
    /// Print how a service manager is to run it.
    Service(&'static str),
}

/// What `--version` prints.
pub const VERSION: &str = concat!("livedrop ", env!("CARGO_PKG_VERSION"));

/// A group of options under one heading of the help.
pub struct Section {
    /// The heading.
    pub title: &'static str,
    /// The options, in the order of the help.
    pub rows: &'static [Row],
}

/// One option.
pub struct Row {
    /// The one-letter name, for those that people type every day.
    pub short: Option<char>,
    /// The long name without its dashes; the environment variable is made from it.
    pub long: &'static str,
    /// What it takes, and what that changes.
    pub takes: Takes,
    /// What it does, in one line that fits beside the names; the default stands last, in brackets.
    pub help: &'static str,
}

/// What an option takes. The text beside a setter names its value in the help; a setter's error is
/// a sentence that quotes the value, without the option's name.
pub enum Takes {
    /// Nothing: it asks for something else than serving. It has no environment variable, since
    /// container images like to set `LIVEDROP_VERSION` for themselves.
    Nothing(fn() -> Command),
    /// One value, and asks for something else than serving, too.
    Ask(&'static str, fn(&str) -> Result<Command, String>),
    /// Nothing, or yes and no after a `=` and in the environment.
    Flag(fn(&mut Config, bool)),
    /// One value; the last one given counts.
    One(&'static str, fn(&mut Config, &str) -> Result<(), String>),
    /// Any number of values, which together replace the default.
    Many(
        &'static str,
        fn(&mut Config, &[String]) -> Result<(), String>,
    ),
}

/// Every option there is.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Network",
        rows: &[
            Row {
                short: Some('l'),
                long: "listen",
                takes: Takes::Many("ADDR:PORT", |config, texts| {
                    each(texts).map(|listen| config.listen = listen)
                }),
                help: "or only a port, or unix:PATH; may be repeated [8080]",
            },
            Row {
                short: None,
                long: "host",
                takes: Takes::Many("NAME", |config, texts| {
                    hosts(texts).map(|names| config.hosts = names)
                }),
                help: "a public name of this server; may be repeated",
            },
            Row {
                short: None,
                long: "no-mdns",
                takes: Takes::Flag(|config, yes| config.mdns = !yes),
                help: if cfg!(feature = "mdns") {
                    "do not answer for livedrop.local on the network"
                } else {
                    "nothing: this build does not announce itself"
                },
            },
            Row {
                short: None,
                long: "base-path",
                takes: Takes::One("PATH", |config, text| {
                    text.parse().map(|base| config.base_path = base)
                }),
                help: "serve everything below this path, such as /drop",
            },
            Row {
                short: None,
                long: "trust-proxy",
                takes: Takes::Many("ADDR", |config, texts| {
                    each(texts).map(|proxies| config.proxies = proxies)
                }),
                help: "believe X-Forwarded-For of ADDR, NET/BITS or unix",
            },
            Row {
                short: None,
                long: "socket-mode",
                takes: Takes::One("MODE", |config, text| {
                    mode(text).map(|bits| config.socket_mode = Some(bits))
                }),
                help: "permissions of Unix sockets [777 less the umask]",
            },
        ],
    },
    Section {
        title: "Limits",
        rows: &[
            Row {
                short: None,
                long: "upload-max",
                takes: Takes::One("SIZE", |config, text| {
                    upload_size(text).map(|bytes| config.limits.upload_bytes_max = Some(bytes))
                }),
                help: "largest file to accept, such as 500M or 4G [no limit]",
            },
            Row {
                short: None,
                long: "free-min",
                takes: Takes::One("SIZE", |config, text| {
                    size(text).map(|bytes| config.limits.free_bytes_min = bytes)
                }),
                help: "space on the disk that uploads leave free [0]",
            },
            Row {
                short: None,
                long: "uploads-keep",
                takes: Takes::One("TIME", |config, text| {
                    seconds(text).map(|s| config.limits.uploads_keep_s = s)
                }),
                help: "how long unfinished uploads wait, such as 12h [7d]",
            },
            Row {
                short: None,
                long: "connections-max",
                takes: Takes::One("N", |config, text| {
                    count(text).map(|n| config.limits.connections_max = Some(n).filter(|&n| n > 0))
                }),
                help: "connections at a time [0, a third of ulimit -n]",
            },
            Row {
                short: None,
                long: "streams-max",
                takes: Takes::One("N", |config, text| {
                    at_least_one(text).map(|n| config.limits.streams_max = n)
                }),
                help: "browsers with a live listing at a time [4096]",
            },
            Row {
                short: None,
                long: "events-kept",
                takes: Takes::One("N", |config, text| {
                    at_least_one(text).map(|n| config.limits.events_kept = n)
                }),
                help: "changes kept for those who come back [4096]",
            },
        ],
    },
    Section {
        title: "Access",
        rows: &[
            Row {
                short: None,
                long: "read-only",
                takes: Takes::Flag(|config, yes| config.read_only = yes),
                help: "let nobody change anything",
            },
            Row {
                short: None,
                long: "upload-only",
                takes: Takes::Flag(|config, yes| config.upload_only = yes),
                help: "a drop box: take files, list and serve none",
            },
            Row {
                short: None,
                long: "auth",
                takes: Takes::Many("ACCOUNT", |config, texts| {
                    accounts(texts).map(|accounts| config.accounts = accounts)
                }),
                help: "let in NAME:HASH[:ro|rw|drop]; may be repeated",
            },
            Row {
                short: None,
                long: "auth-file",
                takes: Takes::One("FILE", |config, text| {
                    config.account_file = Some(text.into());
                    Ok(())
                }),
                help: "a file of such accounts, one a line",
            },
            Row {
                short: None,
                long: "hash-password",
                takes: Takes::Nothing(|| Command::HashPassword),
                help: "ask for a password and print its hash",
            },
            Row {
                short: None,
                long: "cors",
                takes: Takes::Many("ORIGIN", |config, texts| {
                    each(texts).map(|origins| config.cors = origins)
                }),
                help: "let pages of https://HOST use it; may be repeated",
            },
        ],
    },
    Section {
        title: "Files",
        rows: &[
            Row {
                short: None,
                long: "file-mode",
                takes: Takes::One("MODE", |config, text| {
                    mode(text).map(|bits| config.file_mode = Some(bits))
                }),
                help: "permissions of new files [644 less the umask]",
            },
            Row {
                short: None,
                long: "dir-mode",
                takes: Takes::One("MODE", |config, text| {
                    mode(text).map(|bits| config.folder_mode = Some(bits))
                }),
                help: "permissions of new folders [755 less the umask]",
            },
            Row {
                short: None,
                long: "undo-minutes",
                takes: Takes::One("N", |config, text| {
                    count(text).map(|n| config.limits.undo_s = 60 * n as u64)
                }),
                help: "how long what was deleted can be brought back [60]",
            },
            Row {
                short: None,
                long: "no-sync",
                takes: Takes::Flag(|config, yes| config.sync = !yes),
                help: "answer uploads before they are on the disk",
            },
        ],
    },
    Section {
        title: "Output",
        rows: &[
            Row {
                short: Some('q'),
                long: "quiet",
                takes: Takes::Flag(|config, yes| config.quiet = yes),
                help: "print the URL and nothing else",
            },
            Row {
                short: None,
                long: "print-service",
                takes: Takes::Ask("FOR", |text| service(text).map(Command::Service)),
                help: "print how systemd or openwrt is to run it",
            },
            Row {
                short: Some('V'),
                long: "version",
                takes: Takes::Nothing(|| Command::Version),
                help: "print the version",
            },
            Row {
                short: Some('h'),
                long: "help",
                takes: Takes::Nothing(|| Command::Help),
                help: "print this text",
            },
        ],
    },
];

impl Row {
    /// The name of its environment variable, if it has one: `LIVEDROP_UPLOAD_MAX`.
    pub fn variable(&self) -> Option<String> {
        match self.takes {
            Takes::Nothing(_) | Takes::Ask(..) => None,
            _ => Some(format!(
                "LIVEDROP_{}",
                self.long.to_ascii_uppercase().replace('-', "_")
            )),
        }
    }

    /// Its names and its value as the help shows them: `-l, --listen ADDR:PORT`.
    fn usage(&self) -> String {
        let short = match self.short {
            Some(letter) => format!("-{letter},"),
            None => "   ".into(),
        };
        match self.value_name() {
            None => format!("{short} --{}", self.long),
            Some(name) => format!("{short} --{} {name}", self.long),
        }
    }

    /// What its value is called, if it takes one.
    fn value_name(&self) -> Option<&'static str> {
        match self.takes {
            Takes::Nothing(_) | Takes::Flag(_) => None,
            Takes::One(name, _) | Takes::Many(name, _) | Takes::Ask(name, _) => Some(name),
        }
    }
}

/// The text of `--help`, for a screen of 80 columns and 40 lines.
pub fn help() -> String {
    let usages = rows().map(|row| row.usage().len());
    let width = usages.max().unwrap_or(0);
    let mut text = String::from(
        "Usage: livedrop [OPTIONS] [FOLDER]\n\n\
         Shares FOLDER, or else the current folder, with everyone on your network.\n\
         They open it in a browser, where the list of files is always up to date.\n\n",
    );
    for section in SECTIONS {
        text += &format!("{}:\n", section.title);
        for row in section.rows {
            text += &format!("  {:width$}  {}\n", row.usage(), row.help);
        }
    }
    text + "\nEvery setting is an environment variable too, such as LIVEDROP_UPLOAD_MAX=4G;\n\
            repeated values stand one a line. In a SIZE, K, M, G and T are powers of 1024.\n"
}

/// All rows, in the order of the help.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|section| section.rows)
}

#[cfg(test)]
mod tests;
