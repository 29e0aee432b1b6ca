//! Writes what is installed beside the program, from its own table of options: the manual page and
//! the completions of three shells, in the folders that they have below a prefix's `share`.
//!
//! `cargo run --example pages -- FOLDER`; `make install` and the packages use it.

use std::path::Path;
use std::{env, fs, io};

use livedrop::options::{bash, fish, manual, zsh};

fn main() -> io::Result<()> {
    let share = env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "usage: pages FOLDER"))?;
    for (name, text) in [
        ("man/man1/livedrop.1", manual()),
        ("bash-completion/completions/livedrop", bash()),
        ("zsh/site-functions/_livedrop", zsh()),
        ("fish/vendor_completions.d/livedrop.fish", fish()),
    ] {
        let path = Path::new(&share).join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
