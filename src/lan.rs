//! Where others on the network find this machine: its addresses, their URLs, and a QR code.
//!
//! Addresses are read from `/proc/net`, which needs no privilege and no `unsafe` and is there in
//! containers and on routers with musl. Where it is stripped or absent, the kernel is asked which
//! source address it would send from, without sending. Nothing here opens a port or prints, and
//! nothing depends on it: an address that is missed is only not shown.

#[cfg(feature = "mdns")]
mod announce;

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

use qrcodegen::{QrCode, QrCodeEcc};

#[cfg(feature = "mdns")]
pub use announce::{Announcement, announce};

/// A file of `/proc/net` is read up to here: a router with all of the Internet's routes has more,
/// and start-up must not wait for it.
const PROC_BYTES_MAX: u64 = 1024 * 1024;

/// Modules of white round a QR code (ISO/IEC 18004, section 9.1).
const QUIET_MODULES: i32 = 4;

/// Interfaces that lead to containers, guests and tunnels, by how their names begin.
const INNER_INTERFACES: &[&str] = &[
    "docker",
    "veth",
    "virbr",
    "lxc",
    "lxdbr",
    "incusbr",
    "podman",
    "cni",
    "cali",
    "flannel",
    "kube",
    "vmnet",
    "vboxnet",
    "tun",
    "tap",
    "wg",
    "tailscale",
    "zt",
];

/// An address and the interface that holds it, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    ip: IpAddr,
    interface: Option<String>,
}

/// The addresses at which others may reach this machine, the best first: private IPv4 before
/// other IPv4 before IPv6, the one of the default route before its like, and those of containers,
/// guests and tunnels last. Loopback and link-local ones are left out. Empty without a network.
pub fn machine_addresses() -> Vec<IpAddr> {
    let preferred = [
        source_address(Ipv4Addr::UNSPECIFIED.into(), [198, 51, 100, 1].into()),
        source_address(
            Ipv6Addr::UNSPECIFIED.into(),
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
        ),
    ];
    let preferred: Vec<IpAddr> = preferred.into_iter().flatten().collect();
    let mut held = ipv4_held(&proc_text("fib_trie"), &proc_text("route"));
    held.extend(ipv6_held(&proc_text("if_inet6")));
    ranked(held, &preferred)
}

/// The URL of a listener for this machine itself; a wildcard is the loopback of its family.
pub fn local_url(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    url(address)
}

/// The URLs for others, in the order of `machine`: what listens on a wildcard is reached at every
/// address of its family, what listens on one address at that. Loopback is for nobody else, and
/// browsers take no link-local IPv6.
pub fn lan_urls(listeners: &[SocketAddr], machine: &[IpAddr]) -> Vec<String> {
    let known = machine.iter().flat_map(|&ip| {
        listeners.iter().filter_map(move |listener| {
            let wildcard = listener.ip().is_unspecified() && listener.is_ipv4() == ip.is_ipv4();
            (wildcard || listener.ip() == ip).then(|| SocketAddr::new(ip, listener.port()))
        })
    });
    let unknown = listeners
        .iter()
        .copied()
        .filter(|listener| is_reachable(listener.ip()) && !machine.contains(&listener.ip()));
    let mut urls: Vec<String> = Vec::new();
    for address in known.chain(unknown) {
        let url = url(address);
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// The start-up text: what is shared, every URL for others, all with the base path (without its
/// last slash), and a QR code of the first if wanted.
pub fn greeting(
    folder: &Path,
    listeners: &[SocketAddr],
    machine: &[IpAddr],
    base_path: &str,
    with_qr: bool,
) -> String {
    let sharing = format!("Sharing {}", folder.display());
    let mut urls = lan_urls(listeners, machine);
    for url in &mut urls {
        url.truncate(url.len() - 1);
        *url += &format!("{base_path}/");
    }
    let Some(best) = urls.first() else {
        // A service that starts before the network is up is for everyone a moment later.
        return match listeners
            .iter()
            .any(|listener| !listener.ip().is_loopback())
        {
            true => format!("{sharing}; this machine has no network address yet.\n"),
            false => format!("{sharing} with this machine alone.\n"),
        };
    };
    let mut text = format!("{sharing} with everyone on your network:\n");
    for url in &urls {
        text += &format!("  {url}\n");
    }
    if with_qr && let Some(code) = qr_text(best) {
        text += &code;
    }
    text
}

/// A QR code for a terminal: two modules in a character, black on white by colours that no theme
/// changes, since scanners fail on inverted codes. `None` if `url` is too long for one.
pub fn qr_text(url: &str) -> Option<String> {
    let code = QrCode::encode_text(url, QrCodeEcc::Low).ok()?;
    let modules = -QUIET_MODULES..code.size() + QUIET_MODULES;
    let mut text = String::new();
    for y in modules.clone().step_by(2) {
        text += "\x1b[38;5;16;48;5;231m";
        for x in modules.clone() {
            text.push(match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        text += "\x1b[0m\n";
    }
    Some(text)
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/")
}

/// The address that the kernel would send from to reach `target`; connecting a UDP socket only
/// looks up the route. The targets are of documentation networks, which only a default route leads
/// to.
fn source_address(any: IpAddr, target: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((target, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

fn proc_text(name: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(Path::new("/proc/net").join(name)) {
        // What came before an error is as good as a shorter file.
        let _ = file.take(PROC_BYTES_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sorts what the machine holds, best first. The preferred addresses stand in for a family of
/// which `/proc/net` told nothing.
fn ranked(mut held: Vec<Held>, preferred: &[IpAddr]) -> Vec<IpAddr> {
    for &ip in preferred {
        if !held.iter().any(|other| other.ip.is_ipv4() == ip.is_ipv4()) {
            held.push(Held {
                ip,
                interface: None,
            });
        }
    }
    held.retain(|address| is_reachable(address.ip));
    held.sort_by_key(|address| {
        let family = match address.ip {
            IpAddr::V4(ip) if ip.is_private() => 0,
            IpAddr::V4(_) => 1,
            IpAddr::V6(_) => 2,
        };
        let inner = address.interface.as_deref().is_some_and(is_inner);
        (inner, family, !preferred.contains(&address.ip), address.ip)
    });
    let mut addresses = Vec::new();
    for address in held {
        // Two interfaces may hold the same address.
        if !addresses.contains(&address.ip) {
            addresses.push(address.ip);
        }
    }
    addresses
}

/// Whether another machine could type this address into a browser.
fn is_reachable(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !(link_local || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
}

fn is_inner(interface: &str) -> bool {
    // Docker's own networks are `br-` and twelve hexadecimal digits; `br-lan` is a router's LAN.
    let docker_network = interface
        .strip_prefix("br-")
        .is_some_and(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    docker_network
        || INNER_INTERFACES
            .iter()
            .any(|name| interface.starts_with(name))
}

/// The IPv4 addresses that `/proc/net/fib_trie` calls local, each with the interface of the
/// narrowest route in `/proc/net/route` that covers it.
fn ipv4_held(fib_trie: &str, route: &str) -> Vec<Held> {
    let routes = ipv4_routes(route);
    let mut held: Vec<Held> = Vec::new();
    let mut leaf: Option<Ipv4Addr> = None;
    for line in fib_trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse().ok();
        } else if line == "/32 host LOCAL"
            && let Some(ip) = leaf
            // The kernel tells its one table twice, as main and as local.
            && !held.iter().any(|other| other.ip == ip)
        {
            let covering = routes.iter().filter(|route| route.covers(ip));
            let interface = covering
                .max_by_key(|route| route.mask)
                .map(|r| r.interface.clone());
            held.push(Held {
                ip: ip.into(),
                interface,
            });
        }
    }
    held
}

/// A route to a network on an interface.
struct Route {
    interface: String,
    network: u32,
    mask: u32,
}

impl Route {
    fn covers(&self, ip: Ipv4Addr) -> bool {
        u32::from(ip) & self.mask == self.network
    }
}

/// The routes of `/proc/net/route` except default ones. The kernel prints the four bytes of an
/// address as one number in its own byte order: 192.0.2.0 is 000200C0 on x86 and ARM.
fn ipv4_routes(text: &str) -> Vec<Route> {
    let number = |field: &str| {
        let number = u32::from_str_radix(field, 16).ok()?;
        Some(u32::from_be_bytes(number.to_ne_bytes()))
    };
    let routes = text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        Some(Route {
            interface: (*fields.first()?).to_string(),
            network: number(fields.get(1)?)?,
            mask: number(fields.get(7)?)?,
        })
    });
    routes.filter(|route| route.mask != 0).collect()
}

/// The IPv6 addresses of `/proc/net/if_inet6` that will stay: not those still being tested for
/// duplicates, nor temporary and deprecated ones (RFC 8981), which a bookmark would outlive.
fn ipv6_held(text: &str) -> Vec<Held> {
    const TEMPORARY: u8 = 0x01;
    const DUPLICATE: u8 = 0x08;
    const DEPRECATED: u8 = 0x20;
    const TENTATIVE: u8 = 0x40;
    let held = text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[address, _index, _prefix, _scope, flags, interface] = fields.as_slice() else {
            return None;
        };
        let ip = Ipv6Addr::from(u128::from_str_radix(address, 16).ok()?);
        // Flags over eight bits are printed in full; all that matter here are the low ones.
        let flags = u32::from_str_radix(flags, 16).ok()?.to_le_bytes()[0];
        let stays = flags & (TEMPORARY | DUPLICATE | DEPRECATED | TENTATIVE) == 0;
        stays.then(|| Held {
            ip: ip.into(),
            interface: Some(interface.to_string()),
        })
    });
    held.collect()
}

#[cfg(test)]
mod tests;
