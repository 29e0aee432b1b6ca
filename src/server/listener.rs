//! The sockets that the server listens on.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::sockopt::{self, Timeout};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
};
use tiny_http::Listener;

use crate::config::{Config, Limits, Listen};
use crate::server::{StartError, reason};
use crate::sys;

/// Connections that the kernel holds until we accept them.
const BACKLOG: i32 = 1024;
/// A peer whose machine is gone is told by unanswered probes: the first after so many seconds of
/// silence, so many seconds apart, so many of them.
const KEEPALIVE: (u64, u64, u32) = (30, 10, 3);

/// A listener, with what it takes to know and to remove it.
pub(crate) struct Bound {
    pub(crate) listener: Listener,
    address: Address,
}

enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
    /// A Unix socket that somebody else has made, and will remove.
    Inherited,
}

impl Bound {
    /// Its address, when it is TCP.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match &self.address {
            Address::Tcp(address) => Some(*address),
            Address::Unix(_) | Address::Inherited => None,
        }
    }
}

impl AsFd for Bound {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
            Address::Inherited => f.write_str("unix:"),
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address {
            // The name would refuse connections from now on. Whoever removed it before did our work.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Binds everything that was asked for, or nothing.
pub(crate) fn bind_all(config: &Config) -> Result<Vec<Bound>, StartError> {
    let limits = &config.limits;
    let mut bound = inherited(limits)?;
    if !bound.is_empty() {
        // Whoever passes sockets on has decided where we listen.
        return Ok(bound);
    }
    for wanted in &config.listen {
        match wanted {
            Listen::Tcp(address) => bound.push(tcp(*address, limits)?),
            Listen::TcpAll { port } => bound.extend(tcp_all(*port, limits)?),
            Listen::Unix(path) => bound.push(unix(path, config.socket_mode, limits)?),
        }
    }
    Ok(bound)
}

/// What a service manager listens on for us, from before we were started.
fn inherited(limits: &Limits) -> Result<Vec<Bound>, StartError> {
    /// They are taken once in the life of a process.
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(Vec::new());
    }
    let sockets = sys::inherited_sockets().into_iter();
    let adopt = |socket| adopt(socket, limits).map_err(|e| failed("a socket passed on", &e));
    sockets.map(adopt).collect()
}

fn adopt(socket: OwnedFd, limits: &Limits) -> io::Result<Bound> {
    // No program that we might start is to have it.
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    if sockopt::socket_domain(&socket)? == AddressFamily::UNIX {
        set_timeouts(&socket, limits)?;
        return Ok(Bound {
            listener: UnixListener::from(socket).into(),
            address: Address::Inherited,
        });
    }
    prepare_tcp(&socket, limits)?;
    let listener = TcpListener::from(socket);
    let address = Address::Tcp(listener.local_addr()?);
    Ok(Bound {
        listener: listener.into(),
        address,
    })
}

/// Every address of the machine: IPv4, and IPv6 on the same port where there is any.
fn tcp_all(port: u16, limits: &Limits) -> Result<Vec<Bound>, StartError> {
    let ipv4 = tcp((Ipv4Addr::UNSPECIFIED, port).into(), limits)?;
    let port = ipv4.address().map_or(port, |address| address.port());
    let mut bound = vec![ipv4];
    let ipv6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    match open_tcp(ipv6, limits) {
        Ok(listener) => bound.push(listener),
        Err(e) if is_without_ipv6(&e) => {}
        Err(e) => return Err(failed(ipv6, &e)),
    }
    Ok(bound)
}

fn tcp(address: SocketAddr, limits: &Limits) -> Result<Bound, StartError> {
    open_tcp(address, limits).map_err(|e| failed(address, &e))
}

fn open_tcp(address: SocketAddr, limits: &Limits) -> io::Result<Bound> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    // Accepting must never block: the client of a connection that was ready can be gone again.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    if address.is_ipv6() {
        // Else the wildcard of IPv6 would claim IPv4's port too.
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    prepare_tcp(&socket, limits)?;
    let listener = TcpListener::from(socket);
    let address = Address::Tcp(listener.local_addr()?);
    Ok(Bound {
        listener: listener.into(),
        address,
    })
}

/// Sets what each accepted socket inherits.
fn prepare_tcp(socket: &OwnedFd, limits: &Limits) -> io::Result<()> {
    let (idle_s, interval_s, probes) = KEEPALIVE;
    sockopt::set_tcp_nodelay(socket, true)?;
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, Duration::from_secs(idle_s))?;
    sockopt::set_tcp_keepintvl(socket, Duration::from_secs(interval_s))?;
    sockopt::set_tcp_keepcnt(socket, probes)?;
    set_timeouts(socket, limits)
}

/// How long a connection may lie idle and how long a reader may take nothing.
pub(crate) fn set_timeouts(socket: impl AsFd, limits: &Limits) -> io::Result<()> {
    let (idle, stalled) = (limits.idle_s, limits.reader_stalled_s);
    sockopt::set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(idle)))?;
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(Duration::from_secs(stalled)))?;
    Ok(())
}

fn unix(path: &Path, mode: Option<u32>, limits: &Limits) -> Result<Bound, StartError> {
    let open = || -> io::Result<Bound> {
        // A socket that nobody listens on any more was left by a server that was killed.
        let is_socket = std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket());
        if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
            std::fs::remove_file(path)?;
        }
        let socket = socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        let name = SocketAddrUnix::new(path)?;
        if let Some(mode) = mode {
            // Before it has a name, so that nobody who may not can connect in between; the umask
            // takes from this, hence once more.
            let permissions = Permissions::from_mode(mode);
            let socket = std::fs::File::from(socket.try_clone()?);
            socket.set_permissions(permissions.clone())?;
            bind(&socket, &name)?;
            std::fs::set_permissions(path, permissions)?;
        } else {
            bind(&socket, &name)?;
        }
        listen(&socket, BACKLOG)?;
        let listener = UnixListener::from(socket);
        listener.set_nonblocking(true)?;
        set_timeouts(&listener, limits)?;
        let address = Address::Unix(path.to_path_buf());
        Ok(Bound {
            listener: listener.into(),
            address,
        })
    };
    open().map_err(|e| failed(format_args!("unix:{}", path.display()), &e))
}

fn is_without_ipv6(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [
        Errno::AFNOSUPPORT,
        Errno::ADDRNOTAVAIL,
        Errno::PROTONOSUPPORT,
    ]
    .iter()
    .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn failed(what: impl fmt::Display, error: &io::Error) -> StartError {
    StartError(format!("cannot listen on {what}: {}", reason(error)))
}
