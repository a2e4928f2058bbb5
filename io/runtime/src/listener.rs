//! Taking a TCP port, with a message for the person whose port it is when that fails.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel finishes for us while we are busy: a crowd that arrives within one
/// pause of the accept loop ([`crate::Acceptor`]) is not turned away.
const BACKLOG: u32 = 1_024;

/// Listens on `address` for `role`, which is how messages call the listener: "RTMP ingest". Port
/// 0 takes a free port; the address that is returned has the real one. Call it within a Tokio
/// runtime.
///
/// # Errors
///
/// When the address cannot be had; the message says what to do about it.
pub fn bind_tcp(
    role: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), BindError> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A program that starts again need not wait for the last one's connections to time out.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let local = listener.local_addr()?;
        Ok((listener, local))
    };
    bind().map_err(|source| BindError::new(role, address, source))
}

/// Why a role has no port, and what to do about it.
#[derive(Debug, Error)]
pub enum BindError {
    /// The port is taken.
    #[error(
        "{role} cannot listen on {address}: another program has this port; stop that program or \
         choose another port"
    )]
    InUse {
        /// Who wanted the port.
        role: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// We may not have the port.
    #[error(
        "{role} cannot listen on {address}: permission denied; ports below 1024 need root or the \
         capability CAP_NET_BIND_SERVICE, any other port does not"
    )]
    Denied {
        /// Who wanted the port.
        role: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// This machine does not have the address.
    #[error(
        "{role} cannot listen on {address}: this machine does not have that address; 0.0.0.0 and \
         [::] stand for all that it has"
    )]
    NoSuchAddress {
        /// Who wanted the port.
        role: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something else.
    #[error("{role} cannot listen on {address}")]
    Other {
        /// Who wanted the port.
        role: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl BindError {
    fn new(role: &'static str, address: SocketAddr, source: io::Error) -> Self {
        let kind = source.kind();
        if kind == io::ErrorKind::AddrInUse {
            Self::InUse { role, address, source }
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::Denied { role, address, source }
        } else if kind == io::ErrorKind::AddrNotAvailable {
            Self::NoSuchAddress { role, address, source }
        } else {
            Self::Other { role, address, source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: io::ErrorKind, expected: &str) {
        let address = "127.0.0.1:80".parse().unwrap();
        let error = BindError::new("the edge", address, kind.into());
        let text = error.to_string();
        assert!(text.starts_with("the edge cannot listen on 127.0.0.1:80"), "{text}");
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_port_that_cannot_be_had_says_what_to_do() {
        check(io::ErrorKind::AddrInUse, "choose another port");
        check(io::ErrorKind::PermissionDenied, "CAP_NET_BIND_SERVICE");
        check(io::ErrorKind::AddrNotAvailable, "does not have that address");
        check(io::ErrorKind::OutOfMemory, "");
    }

    #[tokio::test]
    async fn a_port_is_chosen_when_none_is_given_and_cannot_be_taken_twice() {
        let (listener, address) = bind_tcp("the edge", "127.0.0.1:0".parse().unwrap()).unwrap();
        assert_ne!(address.port(), 0);
        let error = bind_tcp("the ingest", address).unwrap_err();
        assert!(matches!(error, BindError::InUse { role: "the ingest", .. }), "{error}");
        drop(listener);
        bind_tcp("the ingest", address).unwrap();
    }
}
