//! Accepting connections: never stops, never spins, never takes more than the limits allow.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tracing::warn;

use crate::{BindError, Seldom, bind_tcp};

/// A listener whose connections are counted.
#[derive(Debug)]
pub struct Acceptor {
    role: &'static str,
    listener: TcpListener,
    address: SocketAddr,
    connections: Connections,
    refusals: Seldom,
    failures: Seldom,
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Accepted {
    /// The socket, which sends what it is given at once (`TCP_NODELAY`).
    pub socket: TcpStream,
    /// Who is there; an IPv4 address is never dressed as IPv6.
    pub peer: SocketAddr,
    /// Keep it as long as the connection.
    pub permit: Permit,
}

/// How many connections a listener takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionLimits {
    /// Connections in all. Each costs a descriptor and some kilobytes.
    pub total_max: usize,
    /// Connections from one IPv4 address or one IPv6 /64 network, which is what one customer
    /// of a provider gets.
    pub per_address_max: usize,
    /// Whether this machine's own addresses count as one address. Behind a proxy on the same
    /// machine they are everybody, so they do not by default.
    pub limit_loopback: bool,
}

/// The connections that are open, over one listener or several. Clones count together.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Shared>);

/// The right to one connection. Dropping it gives the place to the next.
#[derive(Debug)]
pub struct Permit {
    shared: Arc<Shared>,
    /// The address that the connection is counted on, if it is.
    counted: Option<IpAddr>,
}

/// Why a connection is turned away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Refused {
    /// There are too many connections.
    #[error("all {limit} connections are taken")]
    Total {
        /// Connections that are allowed.
        limit: usize,
    },
    /// There are too many connections from this address.
    #[error("{address} has {limit} connections already")]
    Address {
        /// The IPv4 address or the IPv6 /64 network.
        address: IpAddr,
        /// Connections that are allowed.
        limit: usize,
    },
}

#[derive(Debug)]
struct Shared {
    limits: ConnectionLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Acceptor {
    /// Listens on `address` for `role`, which is how messages and logs call it.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub fn bind(
        role: &'static str,
        address: SocketAddr,
        connections: Connections,
    ) -> Result<Self, BindError> {
        let (listener, address) = bind_tcp(role, address)?;
        Ok(Self {
            role,
            listener,
            address,
            connections,
            refusals: Seldom::new(LOG_EVERY),
            failures: Seldom::new(LOG_EVERY),
        })
    }

    /// The next connection that the limits let in. The others are closed at once and reported
    /// (one line a second at most). Cancel safe: a connection is either returned or not yet
    /// accepted.
    pub async fn accept(&mut self) -> Accepted {
        loop {
            match self.listener.accept().await {
                Ok((socket, peer)) => {
                    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                    match self.connections.admit(peer.ip()) {
                        Ok(permit) => {
                            // A socket that is already dead says so at its first read.
                            drop(socket.set_nodelay(true));
                            return Accepted { socket, peer, permit };
                        }
                        Err(refused) => self.report_refusal(peer, refused),
                    }
                }
                Err(error) => {
                    self.report_failure(&error);
                    sleep(pause_after(&error)).await;
                }
            }
        }
    }

    /// Where the listener listens, with the port that it really has.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The connections that are open.
    #[must_use]
    pub const fn connections(&self) -> &Connections {
        &self.connections
    }

    fn report_refusal(&mut self, peer: SocketAddr, refused: Refused) {
        if let Some(count) = self.refusals.event(Instant::now()) {
            let role = self.role;
            warn!(peer.addr = %peer, count, "{role} turned a connection away: {refused}");
        }
    }

    fn report_failure(&mut self, error: &io::Error) {
        if let Some(count) = self.failures.event(Instant::now()) {
            let role = self.role;
            warn!(count, "{role} could not accept a connection: {error}");
        }
    }
}

impl Connections {
    /// No connections, of at most `limits`.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Shared { limits, open: Mutex::default() }))
    }

    /// Takes a place for a connection from `address`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn admit(&self, address: IpAddr) -> Result<Permit, Refused> {
        let ConnectionLimits { total_max, per_address_max, limit_loopback } = self.0.limits;
        let address = counted_as(address);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= total_max {
            return Err(Refused::Total { limit: total_max });
        }
        let counted = (limit_loopback || !address.is_loopback()).then_some(address);
        if let Some(address) = counted {
            let here = open.by_address.get(&address).copied().unwrap_or_default();
            if here >= per_address_max {
                return Err(Refused::Address { address, limit: per_address_max });
            }
            open.by_address.insert(address, here.saturating_add(1));
        }
        open.total = open.total.saturating_add(1);
        drop(open);
        Ok(Permit { shared: Arc::clone(&self.0), counted })
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { total_max: 10_000, per_address_max: 256, limit_loopback: false }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Some(address) = self.counted
            && let Some(here) = open.by_address.get_mut(&address)
        {
            *here = here.saturating_sub(1);
            // The table stays as small as the crowd that is here now.
            if *here == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

/// What `address` is counted as: itself, or its network.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ (IpAddr::V4(_) | IpAddr::V6(_)) => address,
    }
}

/// How long to wait after an accept that failed. A connection that died in the queue says nothing
/// about the next one; being out of descriptors or memory lasts, and without a pause the loop
/// would spin.
fn pause_after(error: &io::Error) -> Duration {
    let of_the_connection = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::Interrupted,
    ];
    if of_the_connection.contains(&error.kind()) { Duration::ZERO } else { PAUSE }
}

/// Long enough to leave the processor to those who could free a descriptor, short enough that a
/// viewer does not notice.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a listener reports the same kind of trouble.
const LOG_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ConnectionLimits =
        ConnectionLimits { total_max: 4, per_address_max: 2, limit_loopback: false };

    /// Admits each address in turn: `+` let in, `a` refused for the address, `t` in all.
    #[track_caller]
    fn check(limits: ConnectionLimits, addresses: &str, expected: &str) {
        let connections = Connections::new(limits);
        let mut held = Vec::new();
        let mut actual = String::new();
        for address in addresses.split(' ') {
            actual.push(match connections.admit(address.parse().unwrap()) {
                Ok(permit) => {
                    held.push(permit);
                    '+'
                }
                Err(Refused::Address { limit: 2, .. }) => 'a',
                Err(Refused::Total { limit: 4 }) => 't',
                Err(other) => panic!("{other}"),
            });
        }
        assert_eq!(actual, expected, "{addresses}");
        assert_eq!(connections.open(), held.len());
        held.clear();
        assert_eq!(connections.open(), 0);
        assert!(connections.0.open.lock().unwrap().by_address.is_empty());
    }

    #[test]
    fn connections_are_limited_by_address_and_in_all() {
        check(LIMITS, "10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.2", "++a+");
        check(LIMITS, "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5", "++++t");
    }

    #[test]
    fn one_address_in_two_dresses_is_one() {
        check(LIMITS, "::ffff:10.0.0.1 10.0.0.1 ::ffff:10.0.0.1", "++a");
        check(LIMITS, "2001:db8::1 2001:db8::2 2001:db8::ffff:3 2001:db8:0:1::1", "++a+");
    }

    #[test]
    fn this_machine_counts_as_one_address_only_if_told_so() {
        check(LIMITS, "127.0.0.1 127.0.0.1 ::1 ::ffff:127.0.0.1 127.0.0.1", "++++t");
        let strict = ConnectionLimits { limit_loopback: true, ..LIMITS };
        check(strict, "127.0.0.1 127.0.0.1 ::ffff:127.0.0.1 ::1", "++a+");
    }

    #[test]
    fn a_place_that_was_given_back_is_free() {
        let connections = Connections::new(LIMITS);
        let address = "10.0.0.1".parse().unwrap();
        for _ in 0..10 {
            let first = connections.admit(address).unwrap();
            let _second = connections.admit(address).unwrap();
            connections.admit(address).unwrap_err();
            drop(first);
            connections.admit(address).unwrap();
        }
    }

    #[test]
    fn running_out_of_descriptors_pauses_and_a_lost_connection_does_not() {
        let descriptors = io::Error::from_raw_os_error(24);
        assert_eq!(pause_after(&descriptors), PAUSE);
        assert_eq!(pause_after(&io::ErrorKind::ConnectionAborted.into()), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_connection_over_the_limit_is_closed_and_the_next_is_taken() {
        let limits = ConnectionLimits { total_max: 1, ..LIMITS };
        let address = "127.0.0.1:0".parse().unwrap();
        let mut acceptor = Acceptor::bind("test", address, Connections::new(limits)).unwrap();
        let address = acceptor.local_addr();
        let _first = TcpStream::connect(address).await.unwrap();
        let accepted = acceptor.accept().await;
        assert!(accepted.socket.nodelay().unwrap());

        let refused = TcpStream::connect(address).await.unwrap();
        let waiting = tokio::spawn(async move { acceptor.accept().await.peer });
        let mut byte = [0];
        assert_eq!(refused.peek(&mut byte).await.unwrap(), 0, "it is closed");
        drop(accepted);
        let third = TcpStream::connect(address).await.unwrap();
        let taken = tokio::time::timeout(Duration::from_secs(10), waiting).await;
        let peer = taken.expect("a free place is given to the next").unwrap();
        assert_eq!(peer, third.local_addr().unwrap());
    }
}
