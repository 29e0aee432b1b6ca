//! The origin of a page (RFC 6454): scheme, host and port, in the one form that can be compared.
//!
//! It is what browsers put into `Origin` and what `--cors` takes. Whether an origin may do anything
//! is for the routes.

use std::fmt;
use std::str::FromStr;

/// An origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    /// The host in lower case, an IPv6 address in its brackets.
    host: String,
    /// The port, where it is not the scheme's own.
    port: Option<u16>,
}

impl FromStr for Origin {
    type Err = String;

    /// Takes `https://host` and `https://host:8443`; no path, not even a slash, and no `null`,
    /// which every sandboxed frame and local file has for its origin.
    fn from_str(text: &str) -> Result<Origin, String> {
        let wrong = || format!("'{text}' is not an origin, such as https://files.example.org");
        let (scheme, authority) = text.split_once("://").ok_or_else(wrong)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = split_authority(authority)
            .filter(|_| is_scheme)
            .ok_or_else(wrong)?;
        let own = own_port(&scheme);
        Ok(Origin {
            scheme,
            host,
            port: port.filter(|_| port != own),
        })
    }
}

impl fmt::Display for Origin {
    /// Writes it as browsers do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Origin {
    /// Whether a value of Host names the same host and port. The scheme is left out: a proxy that
    /// speaks TLS hands plain HTTP on.
    pub fn is_at(&self, host: &str) -> bool {
        split_authority(host).is_some_and(|(name, port)| {
            name == self.host && port.filter(|_| port != own_port(&self.scheme)) == self.port
        })
    }
}

/// The port that goes without saying.
fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A host in lower case, without the dot of the root, and its port if there is one.
fn split_authority(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let is_number = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            (host, Some(port.parse().ok().filter(|_| is_number)?))
        }
        _ => (text, None),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let may_be = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b) || b >= 0x80;
    let is_host = match is_bracketed {
        true => host[1..host.len() - 1]
            .parse::<std::net::Ipv6Addr>()
            .is_ok(),
        false => !host.is_empty() && host.bytes().all(may_be),
    };
    let is_host = is_host && !host.ends_with('.');
    is_host.then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, written) in [
            ("http://nas", "http://nas"),
            ("HTTP://NAS:80", "http://nas"),
            ("https://nas:80", "https://nas:80"),
            ("https://nas.:443", "https://nas"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), written);
        }
        for text in [
            "",
            "null",
            "nas",
            "http://",
            "://nas",
            "http://nas/",
            "http://a@nas",
            "http://nas:",
            "http://nas:x",
            "http://nas:99999",
            "http://[::1",
            "http://a b",
            "*",
            "1http://nas",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_at_its_own_host_and_port_alone() {
        for (origin, host, is_at) in [
            ("http://nas", "nas", true),
            ("http://nas", "NAS:80", true),
            ("https://nas", "nas", true),
            ("https://nas", "nas:443", true),
            ("https://nas", "nas:80", false),
            ("http://nas:8080", "nas:8080", true),
            ("http://nas:8080", "nas", false),
            ("http://nas", "nas:8080", false),
            ("http://nas:8081", "nas:8080", false),
            ("http://evil", "nas", false),
            ("http://nas.evil", "nas", false),
            ("http://[::1]:8080", "[::1]:8080", true),
            ("http://nas", "", false),
        ] {
            let origin: Origin = origin.parse().unwrap();
            assert_eq!(origin.is_at(host), is_at, "{origin} {host}");
        }
    }
    #[test]
    fn whatever_is_taken_is_written_as_it_would_be_taken_again() {
        let parts = [
            "http", "https", "://", ":", "80", "443", "[::1]", "nas", ".", "/", "@", "A", "x",
        ];
        let mut random = fastrand::Rng::with_seed(6454);
        let mut taken = 0;
        for _ in 0..50_000 {
            let count = random.usize(1..7);
            let text: String = (0..count)
                .map(|_| parts[random.usize(..parts.len())])
                .collect();
            if let Ok(origin) = text.parse::<Origin>() {
                taken += 1;
                assert_eq!(origin.to_string().parse(), Ok(origin), "{text}");
            }
        }
        assert!(taken > 100, "{taken}");
    }
}
