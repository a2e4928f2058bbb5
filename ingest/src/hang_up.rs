//! The last word to an encoder.

use std::time::Duration;

use rtmp::ServerSession;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::Disconnect;

/// How long an encoder that was told why it is over may take to hang up. What it sends meanwhile
/// is read: a socket that is closed with unread bytes resets the connection, and some systems then
/// take away what their program had not read, the reason above all.
const LINGER: Duration = Duration::from_secs(1);
/// Bytes that are read and thrown away at a time.
const DISCARDED_BYTES: usize = 16 * 1_024;
/// Bytes that are thrown away in all: what an encoder of 60 Mbit/s sends in that time.
const DISCARDED_BYTES_MAX: usize = 8 * 1_024 * 1_024;

/// Tells the encoder why it is over, if it can be told, and hangs up. An encoder that was live is
/// sending all the time: it is given a moment to read.
pub(crate) async fn hang_up<S>(
    socket: &mut S,
    session: &mut ServerSession,
    reason: &Disconnect,
    was_live: bool,
    write_timeout: Duration,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let rejection = reason.rejection();
    if let Some(rejection) = &rejection {
        session.close(rejection);
        session.explain(rejection);
    }
    // What cannot be sent any more is not worth a second reason.
    let output = session.take_output();
    let _ = timeout(write_timeout, socket.write_all(&output)).await;
    let _ = timeout(write_timeout, socket.shutdown()).await;
    if rejection.is_some() && was_live && is_ours(reason) {
        let _ = timeout(LINGER, discard(socket)).await;
    }
}

/// Whether it is not for what the encoder sent: it goes on sending in good faith. Nobody listens
/// any more to one that broke a rule.
const fn is_ours(reason: &Disconnect) -> bool {
    match reason {
        Disconnect::Revoked(_)
        | Disconnect::Replaced
        | Disconnect::NotDurable(_)
        | Disconnect::Draining => true,
        Disconnect::Closed
        | Disconnect::Network(_)
        | Disconnect::NotReading
        | Disconnect::Peer(_)
        | Disconnect::Refused(_)
        | Disconnect::Unsupported(_) => false,
    }
}

async fn discard(socket: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = vec![0; DISCARDED_BYTES];
    let mut left = DISCARDED_BYTES_MAX;
    while left > 0 {
        match socket.read(&mut buffer).await {
            Ok(bytes) if bytes > 0 => left = left.saturating_sub(bytes),
            Ok(_) | Err(_) => return,
        }
    }
}
