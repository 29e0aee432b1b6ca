//! A place to listen at, as the command line writes it.
//!
//! What parses may still turn out not to work when the server binds: whether this machine has the
//! address, and may use the port, only the kernel knows.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// The longest path of a Unix socket in bytes: `sun_path` holds 108 with the closing NUL.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// One place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// One address; a wildcard is that of its own family alone.
    Tcp(SocketAddr),
    /// Every IPv4 address and, where the machine has IPv6, every IPv6 address, on the same port.
    TcpAll {
        /// The port, or 0 for a free one.
        port: u16,
    },
    /// A Unix socket at that path.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    /// Takes `ADDR:PORT`, `[ADDR]:PORT`, `PORT` or `:PORT` for all addresses, `localhost:PORT`
    /// for 127.0.0.1, and `unix:PATH`. Other names are refused: what they mean would depend on
    /// whether the network is up yet. The error says what is wrong and shows a right one.
    fn from_str(text: &str) -> Result<Listen, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return socket_path(path);
        }
        if let Ok(IpAddr::V6(_)) = text.parse() {
            return Err(format!(
                "{text:?} needs brackets and a port, like [::1]:8080"
            ));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port),
            None if is_number(text) => ("", text),
            None => {
                return Err(format!(
                    "{text:?} has no port; give it as ADDR:PORT, like 0.0.0.0:8080"
                ));
            }
        };
        let Some(port) = port.parse().ok().filter(|_| is_number(port)) else {
            return Err(format!(
                "{text:?} has no valid port; give it as ADDR:PORT, like 0.0.0.0:8080"
            ));
        };
        match host {
            "" => Ok(Listen::TcpAll { port }),
            "localhost" => Ok(Listen::Tcp((Ipv4Addr::LOCALHOST, port).into())),
            // The standard library also reads a scope here, as in `[fe80::1%2]:8080`.
            _ => text.parse().map(Listen::Tcp).map_err(|_| {
                format!("{text:?} has no valid address; give an IP address, like 0.0.0.0:8080")
            }),
        }
    }
}

impl fmt::Display for Listen {
    /// Writes what `from_str` reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => address.fmt(f),
            Listen::TcpAll { port } => port.fmt(f),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listen {
    /// The addresses to bind, in order; none for a Unix socket. The second of two may fail for
    /// want of IPv6 without being an error.
    pub fn socket_addresses(&self) -> Vec<SocketAddr> {
        match *self {
            Listen::Tcp(address) => vec![address],
            Listen::TcpAll { port } => vec![
                (Ipv4Addr::UNSPECIFIED, port).into(),
                (Ipv6Addr::UNSPECIFIED, port).into(),
            ],
            Listen::Unix(_) => Vec::new(),
        }
    }
}

fn socket_path(path: &str) -> Result<Listen, String> {
    if path.is_empty() {
        return Err("\"unix:\" has no path; give it as unix:/run/livedrop.sock".into());
    }
    if path.len() > SOCKET_PATH_BYTES_MAX {
        return Err(format!(
            "the path of a Unix socket has at most {SOCKET_PATH_BYTES_MAX} bytes, not {}",
            path.len()
        ));
    }
    if path.contains('\0') {
        return Err("the path of a Unix socket has no NUL in it".into());
    }
    Ok(Listen::Unix(path.into()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]
    use super::*;

    #[test]
    fn every_form_of_listen_is_read_and_written_back() {
        let tcp = |text: &str| Listen::Tcp(text.parse().unwrap());
        let cases = [
            ("0.0.0.0:80", tcp("0.0.0.0:80"), "0.0.0.0:80"),
            ("127.0.0.1:0", tcp("127.0.0.1:0"), "127.0.0.1:0"),
            ("[::1]:80", tcp("[::1]:80"), "[::1]:80"),
            ("[::]:65535", tcp("[::]:65535"), "[::]:65535"),
            ("[fe80::1%2]:80", tcp("[fe80::1%2]:80"), "[fe80::1%2]:80"),
            ("localhost:80", tcp("127.0.0.1:80"), "127.0.0.1:80"),
            ("8080", Listen::TcpAll { port: 8080 }, "8080"),
            (":8080", Listen::TcpAll { port: 8080 }, "8080"),
            ("0", Listen::TcpAll { port: 0 }, "0"),
            ("unix:a:b", Listen::Unix("a:b".into()), "unix:a:b"),
        ];
        for (text, listen, written) in cases {
            assert_eq!(text.parse(), Ok(listen), "{text}");
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn a_wrong_listen_says_what_is_missing() {
        let cases = [
            ("", "no port"),
            ("0.0.0.0", "no port"),
            ("eth0", "no port"),
            ("[::1]", "valid port"),
            ("0.0.0.0:99999", "valid port"),
            ("0.0.0.0:65536", "valid port"),
            ("0.0.0.0:+80", "valid port"),
            ("0.0.0.0:", "valid port"),
            ("99999", "valid port"),
            ("http://0.0.0.0:80/", "valid port"),
            ("::1", "brackets"),
            ("::1:8080", "brackets"),
            ("nas.lan:80", "valid address"),
            ("300.0.0.1:80", "valid address"),
            ("[::1]x:80", "valid address"),
            ("[fe80::1%eth0]:80", "valid address"),
            ("unix:", "no path"),
            ("unix:a\0b", "NUL"),
        ];
        for (text, part) in cases {
            let error = text.parse::<Listen>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_socket_path_is_taken_up_to_the_length_the_kernel_takes() {
        let longest = format!("unix:{}", "a".repeat(SOCKET_PATH_BYTES_MAX));
        assert!(longest.parse::<Listen>().is_ok());
        assert!(format!("{longest}a").parse::<Listen>().is_err());
    }

    #[test]
    fn all_addresses_are_both_families_on_one_port() {
        let all = Listen::TcpAll { port: 80 }.socket_addresses();
        assert_eq!(
            all,
            [
                "0.0.0.0:80".parse().unwrap(),
                "[::]:80".parse::<SocketAddr>().unwrap()
            ]
        );
        assert_eq!(Listen::Unix("a".into()).socket_addresses(), []);
    }

    #[test]
    fn whatever_is_taken_is_written_as_it_would_be_taken_again() {
        let parts = [
            "0",
            "8080",
            "65535",
            "::",
            "[::1]",
            ":",
            "127.0.0.1",
            "unix:",
            "localhost",
            "%",
            "a",
        ];
        let mut random = fastrand::Rng::with_seed(80);
        let mut taken = 0;
        for _ in 0..20_000 {
            let count = random.usize(1..5);
            let text: String = (0..count)
                .map(|_| parts[random.usize(..parts.len())])
                .collect();
            if let Ok(listen) = text.parse::<Listen>() {
                taken += 1;
                assert_eq!(listen.to_string().parse(), Ok(listen), "{text}");
            }
        }
        assert!(taken > 1000, "{taken}");
    }
}
