//! A client of the viewers' and the operators' port. It follows nothing, unpacks nothing, and takes
//! every status for an answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use ureq::http::{HeaderMap, Request};
use ureq::{Agent, AsSendBody};

use crate::evidence;

/// No answer of a server that is well takes this long.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A client of one address.
#[derive(Clone, Debug)]
pub struct Http {
    address: SocketAddr,
    agent: Agent,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl Http {
    /// A client of the server at `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self::within(address, ANSWER_WITHIN)
    }

    /// The same for a server of which answers may not take that long.
    pub(crate) fn within(address: SocketAddr, time: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .accept_encoding("")
            .timeout_global(Some(time))
            .build();
        Self { address, agent: config.into() }
    }

    /// The server's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gets a path.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub fn get(&self, path: &str) -> Result<Reply> {
        self.request("GET", path, &[])
    }

    /// Sends a request without a body.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Reply> {
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).with_context(|| format!("make a request for {path}"))?;
        self.run(request).with_context(|| format!("{method} {path}"))
    }

    /// The whole address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends the text as it is on a connection of its own, and returns all that comes back. For
    /// requests that no client would make.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or is not closed in time.
    pub fn raw(&self, request: &str) -> Result<String> {
        let mut socket = TcpStream::connect(self.address).context("connect")?;
        socket.set_read_timeout(Some(ANSWER_WITHIN)).context("set a time limit")?;
        socket.write_all(request.as_bytes()).context("send a request")?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).context("read an answer")?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        if !text.starts_with("HTTP/1.1 2") {
            evidence::answer(&text);
        }
        Ok(text)
    }

    fn run<S: AsSendBody>(&self, request: Request<S>) -> Result<Reply> {
        let response = self.agent.run(request)?;
        let (head, body) = response.into_parts();
        let body =
            body.into_with_config().limit(u64::MAX).read_to_vec().context("read the body")?;
        let reply = Reply { status: head.status.as_u16(), headers: head.headers, body };
        if !head.status.is_success() {
            evidence::answer(&reply.unpacked().unwrap_or_else(|_| reply.text()));
        }
        Ok(reply)
    }
}

impl Reply {
    /// A header, or an empty text where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text, unpacked from gzip if it came so.
    ///
    /// # Errors
    ///
    /// When it is not gzip, or says that it is something else.
    pub fn unpacked(&self) -> Result<String> {
        let mut text = String::new();
        match self.header("content-encoding") {
            "" => text = self.text(),
            "gzip" => drop(GzDecoder::new(self.body.as_slice()).read_to_string(&mut text)?),
            other => bail!("the body is coded as {other}"),
        }
        Ok(text)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server for one connection that says `answer` and returns what it was asked.
    fn serve(answer: &'static str) -> (Http, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = Http::new(listener.local_addr().unwrap());
        let asked = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut bytes = [0; 1024];
            let read = socket.read(&mut bytes).unwrap();
            socket.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&bytes[..read]).into_owned()
        });
        (http, asked)
    }

    #[test]
    fn every_status_is_an_answer() {
        let (http, asked) =
            serve("HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 2\r\n\r\nno");
        let reply = http.request("PURGE", "/a?b", &[("x-c", "d")]).unwrap();
        assert_eq!((reply.status, reply.header("x-a"), reply.text().as_str()), (404, "b", "no"));
        let asked = asked.join().unwrap().to_ascii_lowercase();
        assert!(
            asked.starts_with("purge /a?b http/1.1\r\n") && asked.contains("x-c: d"),
            "{asked}"
        );
        assert!(!asked.contains("gzip"), "{asked}");
    }

    #[test]
    fn a_strange_request_is_sent_as_it_is() {
        let (http, asked) = serve("HTTP/1.1 400 Bad Request\r\n\r\n");
        assert!(http.raw("GET /../x HTTP/1.1\r\n\r\n").unwrap().contains("400"));
        assert_eq!(asked.join().unwrap(), "GET /../x HTTP/1.1\r\n\r\n");
    }
}
