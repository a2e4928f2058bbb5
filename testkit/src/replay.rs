//! What real encoders sent, sent again byte for byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// How long a server may take to let a publisher in, and to hang up after its end.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Bytes that are sent at a time until the server has let the publisher in.
const STEP_BYTES: usize = 256;
/// What the server says then.
const BEGUN: &[u8] = b"NetStream.Publish.Start";

/// Sends what an encoder sent over one connection, from its handshake on, and hangs up.
///
/// # Errors
///
/// When the server does not let it in, or breaks the connection.
pub fn replay(server: SocketAddr, capture: &[u8]) -> Result<()> {
    let mut socket = TcpStream::connect(server).context("connect")?;
    socket.set_nodelay(true).context("set TCP_NODELAY")?;
    socket.set_read_timeout(Some(Duration::from_millis(20))).context("set a time limit")?;
    let (mut answers, mut rest) = (Vec::new(), capture);
    let deadline = Instant::now() + ANSWER_WITHIN;
    // An encoder waits for its answers; how many bytes that are is not known here.
    while !answers.windows(BEGUN.len()).any(|window| window == BEGUN) {
        let (step, after) = rest.split_at(rest.len().min(STEP_BYTES));
        socket.write_all(step).context("send")?;
        rest = after;
        let is_open = read(&mut socket, &mut answers)?;
        let said = String::from_utf8_lossy(&answers);
        ensure!(is_open && Instant::now() < deadline, "it is not let in: {said}");
    }
    socket.write_all(rest).context("send")?;
    socket.shutdown(Shutdown::Write).context("hang up")?;
    while read(&mut socket, &mut answers)? {
        ensure!(Instant::now() < deadline + ANSWER_WITHIN, "the server does not hang up");
    }
    Ok(())
}

/// Reads what is there; `false` at the end.
fn read(socket: &mut TcpStream, answers: &mut Vec<u8>) -> Result<bool> {
    let mut bytes = [0; 4_096];
    match socket.read(&mut bytes) {
        Ok(0) => Ok(false),
        Ok(read) => {
            answers.extend(bytes.iter().take(read));
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(true)
        }
        Err(error) => Err(error).context("read from the server"),
    }
}
