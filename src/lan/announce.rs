//! The name by which others find this machine without being told an address: `livedrop.local`
//! (multicast DNS, RFC 6762), and the page among the services of the network (RFC 6763).
//!
//! Built with the feature `mdns` alone. That it cannot be done, in a container say, stops nothing.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use mdns_sd::{DaemonEvent, DaemonStatus, RRType, ServiceDaemon, ServiceInfo};

/// The name, until somebody else turns out to have it: then `livedrop-2.local`, and so on.
const HOST: &str = "livedrop.local.";
const SERVICE: &str = "_http._tcp.local.";
/// How long the network may take to hear that the name is free again.
const FAREWELL: Duration = Duration::from_millis(500);

/// The name is answered for until it is dropped.
pub struct Announcement {
    daemon: ServiceDaemon,
}

/// Begins to answer for the name; None when nothing listens that others can reach. `tell` is given a
/// line when the name is another one.
///
/// # Errors
/// Says what the system refuses.
pub fn announce(
    listeners: &[SocketAddr],
    base_path: &str,
    tell: impl Fn(&str) + Send + 'static,
) -> Result<Option<Announcement>, mdns_sd::Error> {
    let for_others = |address: &&SocketAddr| !address.ip().is_loopback();
    let Some(listener) = listeners.iter().find(for_others) else {
        return Ok(None);
    };
    let path = format!("{base_path}/");
    let held: Vec<IpAddr> = listeners.iter().map(SocketAddr::ip).collect();
    let is_everywhere = held.iter().any(IpAddr::is_unspecified);
    let addresses = if is_everywhere { &[][..] } else { &held };
    let properties = [("path", path.as_str())];
    let service = ServiceInfo::new(
        SERVICE,
        "livedrop",
        HOST,
        addresses,
        listener.port(),
        &properties[..],
    )?;
    let daemon = ServiceDaemon::new()?;
    let events = daemon.monitor()?;
    daemon.register(match is_everywhere {
        true => service.enable_addr_auto(),
        false => service,
    })?;
    // It ends with the daemon, whose end of the channel is the other.
    thread::spawn(move || {
        while let Ok(event) = events.recv() {
            if let DaemonEvent::NameChange(change) = event
                && change.rr_type == RRType::A
            {
                let name = change.new_name.trim_end_matches('.');
                tell(&format!(
                    "Another livedrop.local is here; this one is {name}."
                ));
            }
        }
    });
    Ok(Some(Announcement { daemon }))
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let Ok(ended) = self.daemon.shutdown() else {
            return;
        };
        while let Ok(status) = ended.recv_timeout(FAREWELL) {
            if status == DaemonStatus::Shutdown {
                break;
            }
        }
    }
}
