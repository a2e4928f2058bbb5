//! An origin within the process of whoever asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use check::transport::{Reply, Request, Transport, TransportError};
use http::header::CONNECTION;
use http::{Method, Version};
use tokio::time::{Instant, sleep};

use super::{Answer, Origin};

/// Asks an [`Origin`] at tokio's time, which a test may pause.
#[derive(Debug)]
pub struct InProcess {
    origin: Mutex<Origin>,
    began: Instant,
    /// Whether the connection of the last answer is still open.
    is_open: AtomicBool,
}

/// What a line of 80 Mbit/s carries in a millisecond.
const BYTES_PER_MS: usize = 10_000;

impl InProcess {
    /// `origin` begins now. Call it within a Tokio runtime.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        let is_open = AtomicBool::new(false);
        Self { origin: Mutex::new(origin), began: Instant::now(), is_open }
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: &Request) -> Result<Reply, TransportError> {
        let asked = Instant::now();
        let answer = {
            let mut origin = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
            origin.answer(request, asked - self.began)
        };
        let Answer { after, status, headers, body, is_broken } = answer;
        if is_broken {
            return Err(TransportError::Broken("the connection was closed".to_owned()));
        }
        let millis = u64::try_from(body.len() / BYTES_PER_MS).unwrap_or(u64::MAX);
        let took = after.saturating_add(Duration::from_millis(millis));
        if took > request.within {
            sleep(request.within).await;
            return Err(TransportError::TimedOut(request.within));
        }
        sleep(took).await;
        let body = if request.method == Method::HEAD { Bytes::new() } else { body };
        let url = request.url.clone();
        let is_kept = headers.get(CONNECTION).is_none_or(|value| value != "close");
        let is_reused = Some(self.is_open.swap(is_kept, Ordering::Relaxed));
        let (first_byte, version) = (after, Version::HTTP_11);
        Ok(Reply { status, version, headers, body, url, first_byte, took, is_reused })
    }

    /// A URL tidies what it can: what is left of an untidy path is what the origin sees.
    async fn send_untidied(&self, request: &Request, path: &str) -> Result<Reply, TransportError> {
        let mut request = request.clone();
        request.url.set_path(path);
        self.send(&request).await
    }

    fn is_http(&self) -> bool {
        true
    }
}
