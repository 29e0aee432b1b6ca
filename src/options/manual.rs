//! The manual page, in the language of man(7), from the table of options.
//!
//! The program itself does not hold it: it is written where the program is installed.

use super::{SECTIONS, VERSION};

const HEAD: &str = r#".SH NAME
livedrop \- share a folder with every browser on the network, live
.SH SYNOPSIS
.B livedrop
.RI [ OPTIONS ]
.RI [ FOLDER ]
.SH DESCRIPTION
.B livedrop
serves
.IR FOLDER ,
or else the current folder, over HTTP.
Whoever has its page open sees each upload, update and removal as it happens.
Files arrive through the page, by a form, by PUT, or in pieces by tus; a file is never half there, and
when its upload is answered it is on the disk.
.PP
The first line on standard output is the URL.
Standard error then says at which addresses others reach it, with a QR code on a terminal, and has a
line for each request.
"#;

const TAIL: &str = r#".SH ENVIRONMENT
The variable named with an option sets it where the command line does not.
The values of one that may be repeated stand one a line.
.SH EXIT STATUS
.TP
.B 0
It was stopped by SIGINT or SIGTERM; running transfers had ten seconds to end.
.TP
.B 1
It could not start.
.TP
.B 2
It did not understand an option.
.SH FILES
.TP
.I .livedrop
The folder at the root of the share in which livedrop keeps what is its own: unfinished uploads, and
what can still be brought back.
It is neither listed nor served.
.SH EXAMPLES
.EX
livedrop /srv/files
livedrop \-\-read\-only \-l 127.0.0.1:8080 \-l unix:/run/livedrop /srv/films
curl \-T film.mkv http://nas:8080/files/films/film.mkv
curl \-N http://nas:8080/events
.EE
"#;

/// The page, as roff.
pub fn manual() -> String {
    let mut page = format!(".TH LIVEDROP 1 \"\" \"{VERSION}\" \"User Commands\"\n{HEAD}");
    page += ".SH OPTIONS\n";
    for section in SECTIONS {
        page += &format!(".SS {}\n", section.title);
        for row in section.rows {
            let names = match row.short {
                Some(letter) => format!("\\-{letter}\\fR, \\fB\\-\\-{}", plain(row.long)),
                None => format!("\\-\\-{}", plain(row.long)),
            };
            let value = row
                .value_name()
                .map_or(String::new(), |name| format!(" \\fI{}", plain(name)));
            page += &format!(".TP\n\\fB{names}{value}\\fR\n{}.\n", sentence(row.help));
            if let Some(variable) = row.variable() {
                page += &format!("In the environment:\n.BR {variable} .\n");
            }
        }
    }
    page + TAIL
}

/// A line of help as the beginning of a sentence.
fn sentence(help: &str) -> String {
    let (first, rest) = help.split_at(1);
    // A line that begins with a dot is a command.
    format!("\\&{}{}", first.to_uppercase(), plain(rest))
}

/// Text in which no character means something to roff. A dash would become a hyphen, which nobody
/// can search for or paste.
fn plain(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::rows;

    #[test]
    fn every_option_has_its_paragraph() {
        let page = manual();
        for row in rows() {
            let name = format!("\\-\\-{}", plain(row.long));
            assert!(page.contains(&name), "{name}");
            let variable = row.variable().unwrap_or_default();
            assert!(page.contains(&variable), "{variable}");
        }
        assert_eq!(page.matches(".TP\n\\fB").count(), rows().count());
    }
}
