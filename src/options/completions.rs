//! What shells complete after `livedrop`, from the table of options: bash, zsh and fish.
//!
//! The programs are not part of the binary: they are written where it is installed.

use super::values::SERVICES;
use super::{Row, Takes, rows};

/// What can stand in the place of a value.
enum Value {
    /// The option takes none.
    None,
    /// The path of a file.
    File,
    /// One of these words, with spaces between.
    Words(String),
    /// Something that no shell can know.
    Free(&'static str),
}

impl Row {
    fn value(&self) -> Value {
        match (self.value_name(), &self.takes) {
            (None, _) => Value::None,
            (_, Takes::Ask(..)) => {
                let names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
                Value::Words(names.join(" "))
            }
            (Some("FILE"), _) => Value::File,
            (Some(name), _) => Value::Free(name),
        }
    }

    fn may_be_repeated(&self) -> bool {
        matches!(self.takes, Takes::Many(..))
    }

    /// Its names with their dashes, the short one first.
    fn names(&self) -> Vec<String> {
        let short = self.short.map(|letter| format!("-{letter}"));
        let long = Some(format!("--{}", self.long));
        short.into_iter().chain(long).collect()
    }
}

/// For bash.
pub fn bash() -> String {
    let mut cases = String::new();
    for row in rows() {
        let given = match row.value() {
            Value::None => continue,
            Value::File => "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")".into(),
            Value::Words(words) => {
                format!("mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$word\")")
            }
            Value::Free(_) => "COMPREPLY=()".into(),
        };
        let names = row.names().join(" | ");
        cases += &format!("        {names})\n            {given}\n            return\n");
        cases += "            ;;\n";
    }
    let names: Vec<String> = rows().flat_map(Row::names).collect();
    format!(
        "# bash completion for livedrop\n\
         _livedrop() {{\n    \
             local word=$2 before=$3\n    \
             # bash takes the = of --option=value for a word of its own.\n    \
             if [ \"$word\" = = ]; then\n        \
                 word=\n    \
             elif [ \"$before\" = = ]; then\n        \
                 before=${{COMP_WORDS[COMP_CWORD - 2]}}\n    \
             fi\n    \
             case $before in\n{cases}    \
             esac\n    \
             case $word in\n        \
                 -*) mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\") ;;\n        \
                 *) mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n    \
             esac\n\
         }}\n\
         complete -o filenames -F _livedrop livedrop\n",
        names.join(" ")
    )
}

/// For zsh, as the file `_livedrop` in one of its `fpath`.
pub fn zsh() -> String {
    let mut text = String::from("#compdef livedrop\n_arguments -s -S \\\n");
    for row in rows() {
        let (mark, action) = match row.value() {
            Value::None => ("", String::new()),
            Value::File => ("=", ":FILE:_files".into()),
            Value::Words(words) => ("=", format!(":KIND:({words})")),
            Value::Free(name) => ("=", format!(":{}: ", in_zsh(name))),
        };
        let help = format!("[{}]", in_zsh(row.help));
        let names = row.names();
        let others = match row.may_be_repeated() {
            true => "*".into(),
            false => format!("({})", names.join(" ")),
        };
        for name in &names {
            // A short name may have its value in the same word, or in the next.
            let mark = match (mark, name.starts_with("--")) {
                ("=", false) => "+",
                (mark, _) => mark,
            };
            text += &format!("    '{others}{name}{mark}{help}{action}' \\\n");
        }
    }
    text + "    '1:folder:_files -/'\n"
}

/// For fish.
pub fn fish() -> String {
    let mut text = String::from(
        "# fish completion for livedrop\n\
         complete -c livedrop -f -a '(__fish_complete_directories)'\n",
    );
    for row in rows() {
        text += "complete -c livedrop";
        if let Some(letter) = row.short {
            text += &format!(" -s {letter}");
        }
        text += &format!(" -l {}", row.long);
        text += &match row.value() {
            Value::None => String::new(),
            Value::File => " -r -F".into(),
            Value::Words(words) => format!(" -x -a '{words}'"),
            Value::Free(_) => " -x".into(),
        };
        text += &format!(" -d '{}'\n", quoted(row.help));
    }
    text
}

/// Text in which nothing means something to `_arguments`, in single quotes.
fn in_zsh(text: &str) -> String {
    let mut plain = quoted(text);
    for special in [':', '[', ']'] {
        plain = plain.replace(special, &format!("\\{special}"));
    }
    plain
}

/// Text between single quotes; no help has one, nor a backslash.
fn quoted(text: &str) -> String {
    text.replace(['\'', '\\'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_known_to_every_shell() {
        let (bash, zsh, fish) = (bash(), zsh(), fish());
        for row in rows() {
            assert!(!row.help.contains(['\'', '\\']), "{}", row.help);
            for name in row.names() {
                assert!(bash.contains(&format!(" {name}")), "{name}: {bash}");
                assert!(zsh.contains(&name), "{name}: {zsh}");
            }
            let long = format!(" -l {} ", row.long);
            assert!(fish.contains(&long), "{long}: {fish}");
        }
    }
}
