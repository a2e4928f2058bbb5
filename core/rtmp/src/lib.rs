//! RTMP without sockets: handshake, chunks, AMF, messages and sessions (Adobe's Real-Time Messaging
//! Protocol 1.0; Enhanced RTMP version 2 by veovera).
//!
//! Everything here is a machine that takes bytes and returns values. Time and random bytes are
//! arguments, every number a peer controls meets one of the [`Limits`], and no input makes it
//! panic. The payloads of audio and video are bytes: nothing here knows a codec.
//!
//! A publisher and a server, without a network between them:
//!
//! ```
//! use std::time::Duration;
//!
//! use rtmp::{
//!     ClientConfig, ClientEvent, ClientSession, Event, MediaKind, ServerConfig, ServerSession,
//! };
//!
//! let now = Duration::ZERO;
//! let config = ClientConfig { stream_name: "demo?key=k".to_owned(), ..ClientConfig::default() };
//! let mut client = ClientSession::new(config, &[1; 1528], now);
//! let mut server = ServerSession::new(ServerConfig::default(), &[2; 1528], now);
//! let mut received = Vec::new();
//! for _ in 0..8 {
//!     server.push(&client.take_output());
//!     while let Some(event) = server.pull(now)? {
//!         match event {
//!             Event::ConnectRequested(_) | Event::PublishRequested(_) => server.accept(now),
//!             Event::Media(media) => received.push(media),
//!             other => println!("{other:?}"),
//!         }
//!     }
//!     client.push(&server.take_output());
//!     while let Some(event) = client.pull(now)? {
//!         if let ClientEvent::Accepted { .. } = event {
//!             client.send_media(MediaKind::Audio, 40, &[0xaf, 1, 2, 3]);
//!         }
//!     }
//! }
//! assert_eq!(received[0].timestamp_ms, 40);
//! # Ok::<(), rtmp::SessionError>(())
//! ```

pub mod amf;
pub mod chunk;
pub mod fuzz;
pub mod handshake;
mod limits;
mod message;
mod session;

pub use amf::Value;
pub use handshake::SEED_BYTES;
pub use limits::{ChunkLimits, Limits};
pub use message::{Message, MessageKind};
pub use session::{
    CODECS_MAX, Capabilities, Cause, ClientConfig, ClientEvent, ClientSession, CodecAbilities,
    Connect, Enhanced, Event, Media, MediaKind, Publish, Rejection, ServerConfig, ServerSession,
    SessionError, codes,
};
