//! Whom a request may be addressed to. A page of the web can have its own name point at an address of
//! the LAN (DNS rebinding); its requests then carry that name as their Host, and are told nothing.
//! Names that no stranger can own are taken: addresses, single labels, the suffixes of home networks.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Result};
use crate::http::request::Request;

/// Ends of names that are resolved inside a home only.
const HOME_SUFFIXES: &[&str] = &[
    ".local",
    ".localdomain",
    ".lan",
    ".home",
    ".home.arpa",
    ".internal",
    ".fritz.box",
];

/// The names of this server beyond those that need no naming.
#[derive(Debug)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    /// This machine's own name, and those given by `--host`.
    pub(crate) fn new(given: &[String]) -> Hosts {
        let machine = rustix::system::uname();
        let machine = machine.nodename().to_string_lossy().into_owned();
        let names = given.iter().chain([&machine]);
        Hosts(names.map(|name| plain(name)).collect())
    }

    /// Refuses a request that was meant for somebody else. HTTP/1.0 may come without a Host; no
    /// browser does.
    ///
    /// # Errors
    /// `WrongHost`.
    pub(crate) fn check(&self, request: &Request<'_>) -> Result<()> {
        match request.host() {
            Some(host) if !self.has(&host) => Err(Error::WrongHost),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a value of Host (RFC 9110, section 7.2) is one of ours, its port aside.
    fn has(&self, host: &str) -> bool {
        if let Some(rest) = host.strip_prefix('[') {
            let address = rest.split_once(']').map(|(address, _)| address);
            return address.is_some_and(|a| a.parse::<Ipv6Addr>().is_ok());
        }
        let name = host.split_once(':').map_or(host, |(name, _)| name);
        let name = name.strip_suffix('.').unwrap_or(name);
        if !name.contains('.') || name.parse::<Ipv4Addr>().is_ok() {
            return true;
        }
        let name = name.to_ascii_lowercase();
        HOME_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) || self.0.contains(&name)
    }
}

/// A name as names are compared: lower case, without the dot of the root.
fn plain(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_stranger_can_own_is_not_ours() {
        let hosts = Hosts::new(&["Files.Example.org".to_owned()]);
        for (host, ours) in [
            ("192.168.1.20", true),
            ("192.168.1.20:8080", true),
            ("[::1]:8080", true),
            ("[fe80::1]", true),
            ("localhost:8080", true),
            ("nas", true),
            ("NAS.local", true),
            ("nas.local.:8080", true),
            ("nas.fritz.box", true),
            ("nas.fritz.box..", false),
            ("nas.home.arpa", true),
            ("files.example.org:443", true),
            ("files.example.org.", true),
            ("example.org", false),
            ("files.example.org.evil.com", false),
            ("xfiles.example.org", false),
            ("evil.com:8080", false),
            ("local.evil.com", false),
            ("nas.local.evil.com", false),
            ("192.168.1.20.evil.com", false),
            ("1.2.3.4.5", false),
            ("fritz.box.evil.com", false),
            ("[evil.com]", false),
            ("[::1", false),
        ] {
            assert_eq!(hosts.has(host), ours, "{host}");
        }
    }
}
