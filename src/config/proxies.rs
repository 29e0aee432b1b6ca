//! The proxies that are believed: what one of them says of who asks, by `X-Forwarded-For`, counts.
//! From everybody else these fields are nothing but a claim.

use std::net::IpAddr;
use std::str::FromStr;

/// A proxy, or a network of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// Addresses whose first so many bits are these.
    Network(IpAddr, u8),
    /// Whoever connects to a Unix socket.
    Unix,
}

impl FromStr for Proxy {
    type Err = String;

    /// Takes an address, a network such as `172.16.0.0/12`, or `unix`.
    fn from_str(text: &str) -> Result<Proxy, String> {
        if text == "unix" {
            return Ok(Proxy::Unix);
        }
        let wrong = || format!("'{text}' is no address, no network, and not unix");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let address = address.to_canonical();
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width),
            None => Some(width),
        };
        Ok(Proxy::Network(address, bits.ok_or_else(wrong)?))
    }
}

impl Proxy {
    fn is(self, peer: Option<IpAddr>) -> bool {
        let bits = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()) << 96, true),
            IpAddr::V6(ip) => (ip.to_bits(), false),
        };
        match (self, peer) {
            (Proxy::Unix, None) => true,
            (Proxy::Network(network, length), Some(peer)) => {
                let ((one, is_v4), (other, is_other_v4)) = (bits(network), bits(peer));
                let beyond = 128 - u32::from(length);
                let same = (one ^ other).checked_shr(beyond).unwrap_or(0) == 0;
                is_v4 == is_other_v4 && same
            }
            (Proxy::Unix, Some(_)) | (Proxy::Network(..), None) => false,
        }
    }
}

/// Whether one of them is at the other end; None is a Unix socket.
pub fn is_proxy(proxies: &[Proxy], peer: Option<IpAddr>) -> bool {
    proxies.iter().any(|proxy| proxy.is(peer))
}

/// Who asks: of those that the proxies name, the last that is no proxy itself. Each adds whom it
/// sees at the end, and what stands before that is a claim.
pub fn client(proxies: &[Proxy], peer: Option<IpAddr>, forwarded_for: &str) -> Option<IpAddr> {
    let mut client = peer;
    for named in forwarded_for.rsplit(',') {
        if !is_proxy(proxies, client) {
            break;
        }
        match address(named.trim()) {
            Some(ip) => client = Some(ip.to_canonical()),
            None => break,
        }
    }
    client
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.parse().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|it| it.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    plain.or_else(with_port).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_proxy_is_an_address_a_network_or_unix() {
        let proxy = |text: &str| text.parse::<Proxy>().unwrap();
        for (text, peer, is) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("::1", "::1", true),
            ("::/0", "1.2.3.4", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
        ] {
            let peer = Some(peer.parse().unwrap());
            assert_eq!(proxy(text).is(peer), is, "{text} {peer:?}");
            assert!(!proxy(text).is(None));
        }
        assert!(proxy("unix").is(None) && !proxy("unix").is(Some([127, 0, 0, 1].into())));
        for text in [
            "",
            "nas",
            "10.0.0.1/33",
            "10.0.0.1/",
            "10.0.0.1/-1",
            "::1/129",
            "UNIX",
        ] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_a_proxy_adds_is_believed() {
        let proxies = ["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded_for, client_is) in [
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "192.168.1.5", "192.168.1.5"),
            ("127.0.0.1", "6.6.6.6, 192.168.1.5", "192.168.1.5"),
            ("127.0.0.1", "6.6.6.6, 192.168.1.5, 10.1.1.1", "192.168.1.5"),
            ("127.0.0.1", "10.2.2.2,10.1.1.1", "10.2.2.2"),
            ("127.0.0.1", "192.168.1.5:5123", "192.168.1.5"),
            ("127.0.0.1", "[2001:db8::1]:5123", "2001:db8::1"),
            ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            ("127.0.0.1", "unknown", "127.0.0.1"),
            ("127.0.0.1", "6.6.6.6, unknown, 10.1.1.1", "10.1.1.1"),
            ("192.168.1.9", "6.6.6.6", "192.168.1.9"),
        ] {
            let peer = Some(peer.parse().unwrap());
            let is = client(&proxies, peer, forwarded_for).unwrap();
            assert_eq!(is.to_string(), client_is, "{forwarded_for}");
        }
    }
}
