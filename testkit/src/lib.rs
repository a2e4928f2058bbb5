//! What tests of the whole program are made of.
//!
//! Real parts only: [`Server`] is the program itself in a folder of its own, [`Encoder`] is ffmpeg,
//! [`Viewer`] is a strict player without a picture, and what they say is read by programs and
//! crates that are not ours. Nothing here sleeps for a fixed time; everything waits on a state,
//! with a deadline ([`wait_until`]).

pub mod audience;
pub mod browser;
pub mod capture;
pub mod document;
pub mod encoder;
pub mod evidence;
pub mod examined;
pub mod flv;
pub mod fmp4;
pub mod history;
pub mod http;
pub mod media;
pub mod nginx;
pub mod origin;
pub mod peer;
pub mod planted;
pub mod player;
pub mod playlist;
pub mod postgres;
pub mod presentation;
pub mod process;
pub mod recording;
pub mod replay;
pub mod rml;
pub mod server;
pub mod tools;
pub mod ts;
pub mod viewer;
pub mod wait;

pub use browser::Browser;
pub use encoder::{Encoder, Source};
pub use evidence::secret;
pub use http::{Http, Reply};
pub use nginx::Nginx;
pub use peer::{Answer, Peer};
pub use player::Player;
pub use postgres::Postgres;
pub use process::Process;
pub use recording::Recording;
pub use server::{Ports, Server};
pub use viewer::{Viewer, Watched};
pub use wait::{wait_for, wait_until};
