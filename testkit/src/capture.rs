//! Recording pushes for the corpus in `testkit/corpus`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rtmp::{Enhanced, SEED_BYTES, ServerConfig, ServerSession};

/// Takes one connection and accepts whatever its encoder asks for, until that ends; returns what
/// the encoder sent, from the first byte to the last.
///
/// # Errors
///
/// If the connection fails, or what comes over it is no RTMP.
pub fn record(listener: &TcpListener) -> Result<Vec<u8>> {
    let (socket, _) = listener.accept().context("wait for an encoder")?;
    record_connection(socket)
}

fn record_connection(mut socket: TcpStream) -> Result<Vec<u8>> {
    let begun = Instant::now();
    // A real server's half of the handshake is random; no encoder sends it back changed.
    let mut session = ServerSession::new(config(), &[0; SEED_BYTES], Duration::ZERO);
    let mut recorded = Vec::new();
    let mut piece = vec![0; 65_536];
    loop {
        let length = socket.read(&mut piece).context("read from the encoder")?;
        let received = piece.get(..length).unwrap_or_default();
        if received.is_empty() {
            return Ok(recorded);
        }
        recorded.extend_from_slice(received);
        session.push(received);
        loop {
            match session.pull(begun.elapsed()).context("read what the encoder says")? {
                Some(_) => {}
                None if session.wants_bytes() => break,
                None => session.accept(begun.elapsed()),
            }
        }
        socket.write_all(&session.take_output()).context("answer the encoder")?;
    }
}

/// A server for which no encoder has to leave anything out: it says that it takes every codec by
/// Enhanced RTMP, several tracks, packets with extensions, and nanoseconds.
fn config() -> ServerConfig {
    let enhanced = Enhanced::forwarding(&["*"], &["*"]);
    ServerConfig { chunk_bytes: CHUNK_BYTES, enhanced, ..ServerConfig::default() }
}

/// What encoders are told. Some take it over for what they send, and small chunks make them split
/// key frames.
const CHUNK_BYTES: u32 = 4_096;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_an_encoder_sends_is_recorded_to_the_last_byte() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let encoder = thread::spawn(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.write_all(&[3]).unwrap();
            socket.write_all(&[0; 1_536]).unwrap();
            let mut answer = vec![0; 1 + 2 * 1_536];
            socket.read_exact(&mut answer).unwrap();
            socket.write_all(&[0; 1_536]).unwrap();
            // A message of three bytes that is not whole.
            socket.write_all(b"\x03\0\0\0\0\0\x03\x12\0\0\0\0ab").unwrap();
        });
        let recorded = record(&listener).unwrap();
        encoder.join().unwrap();
        assert_eq!(recorded.len(), 1 + 2 * 1_536 + 14);
        assert!(recorded.starts_with(&[3, 0]) && recorded.ends_with(b"ab"));
    }

    #[test]
    fn what_is_not_rtmp_is_not_recorded() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert!(record(&listener).is_err());
    }
}
