//! The binary: arguments, `Config`, bind, serve, exit code.
//!
//! The only file that prints or exits. Exit codes: 0 after a clean stop, 1 when the server cannot
//! start, 2 for a wrong command line.

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread;

use livedrop::config::{Config, PasswordHash, doubled};
use livedrop::log::Log;
use livedrop::options::{self, Command};
use livedrop::server::{Handle, Server};
use livedrop::{access, confinement, lan, terminal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

fn main() -> ExitCode {
    match options::parse(env::args_os().skip(1), |name| env::var_os(name)) {
        Ok(Command::Help) => say(&options::help()),
        Ok(Command::Version) => say(&format!("{}\n", options::VERSION)),
        Ok(Command::Service(text)) => say(text),
        Ok(Command::HashPassword) => match hash_password() {
            Ok(hash) => say(&format!("{hash}\n")),
            Err(error) => {
                tell(&format!("livedrop: {error}\n"));
                return ExitCode::from(1);
            }
        },
        Ok(Command::Serve(config)) => {
            if let Err(error) = serve(*config) {
                tell(&format!("livedrop: {error}\n"));
                return ExitCode::from(1);
            }
        }
        Err(error) => {
            tell(&format!("livedrop: {error}\nTry 'livedrop --help'.\n"));
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Serves until a signal stops it.
fn serve(mut config: Config) -> Result<(), Box<dyn Error>> {
    read_accounts(&mut config)?;
    let folder = std::path::absolute(&config.folder).unwrap_or_else(|_| config.folder.clone());
    let (quiet, base_path) = (config.quiet, config.base_path.to_string());
    let log = Log::new(Arc::new(|line: &str| tell(&format!("{line}\n"))), !quiet);
    report_panics();
    #[cfg(feature = "mdns")]
    let wants_name = config.mdns;
    let confined = confinement::confine(&config);
    let server = Server::bind(config, log)?;
    // Before the URL is told, since whoever reads it may stop the server at once.
    stop_on_signals(server.handle()).map_err(|why| format!("cannot wait for signals: {why}"))?;
    say(&format!("{}\n", server.url()));
    if !quiet {
        let machine = lan::machine_addresses();
        let qr = io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|t| t != "dumb");
        tell(&lan::greeting(
            &folder,
            &server.addresses(),
            &machine,
            &base_path,
            qr,
        ));
        if confinement::is_root() {
            tell("It runs as root, which it never needs.\n");
        }
    }
    if let Err(why) = &confined {
        tell(&format!("livedrop: not confined to the folder: {why}\n"));
    }
    #[cfg(feature = "mdns")]
    let announced = wants_name.then(|| announce(&server, &base_path));
    server.serve();
    #[cfg(feature = "mdns")]
    drop(announced);
    Ok(())
}

/// Answers for the name on the network; a network that does not let it costs one line.
#[cfg(feature = "mdns")]
fn announce(server: &Server, base_path: &str) -> Option<lan::Announcement> {
    let told = |line: &str| tell(&format!("{line}\n"));
    match lan::announce(&server.addresses(), base_path, told) {
        Ok(announced) => announced,
        Err(why) => {
            tell(&format!(
                "livedrop: livedrop.local is not answered for: {why}\n"
            ));
            None
        }
    }
}

/// Asks for a password, twice where a person types it unseen, and hashes it.
fn hash_password() -> Result<PasswordHash, Box<dyn Error>> {
    let input = io::stdin();
    let password = if input.is_terminal() {
        let ask = |prompt| {
            let typed = terminal::read_hidden(&input, || tell(prompt));
            tell("\n");
            typed
        };
        let password = ask("Password: ")?;
        if ask("Once more: ")? != password {
            return Err("the two passwords differ".into());
        }
        password
    } else {
        terminal::read_line(input.lock())?
    };
    if password.is_empty() {
        return Err("a password has at least one character".into());
    }
    Ok(access::hash_password(&password)?)
}

/// Reads the accounts that stand in a file.
fn read_accounts(config: &mut Config) -> Result<(), String> {
    if let Some(path) = config.account_file.take() {
        let shown = path.display().to_string();
        config.accounts.extend(access::read_accounts(&path)?);
        if config.accounts.is_empty() {
            // Whoever names a file does not want to let everybody in.
            return Err(format!("there is no account in {shown}"));
        }
        if let Some(name) = doubled(&config.accounts) {
            return Err(format!("there are two accounts {name:?}"));
        }
    }
    Ok(())
}

/// A panic ends one connection, not the server; it is told in one line, with its place.
fn report_panics() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tell(&format!(
            "panic at {place}: {}\n",
            text.unwrap_or("without a text")
        ));
    }));
}

/// The first SIGINT or SIGTERM stops cleanly; the second is from someone who will not wait.
fn stop_on_signals(handle: Handle) -> io::Result<()> {
    let (mut signals, writer) = UnixStream::pair()?;
    pipe::register(SIGINT, writer.try_clone()?)?;
    pipe::register(SIGTERM, writer)?;
    let wait = move || {
        let mut signal = [0];
        if signals.read_exact(&mut signal).is_ok() {
            handle.stop();
        }
        if signals.read_exact(&mut signal).is_ok() {
            process::exit(1);
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait)?;
    Ok(())
}

/// Prints to standard output. A reader that has gone or a full disk behind it is ignored, since
/// the files are served all the same, and there is nobody left to tell.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Prints to standard error, and ignores a failure for the same reason.
fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
