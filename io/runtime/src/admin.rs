//! The admin port: alive, ready, metrics. It is for operators and balancers, listens on loopback
//! unless told otherwise, and shows no secret. What a role lets operators do is below `/v1/`
//! ([`Control`]).

mod control;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::{
    Acceptor, BindError, BodyError, ConnectionLimits, Connections, Drain, HttpLimits, HttpService,
    Metrics, Readiness, serve_http,
};

pub use self::control::{Asked, Control, Told};

/// The admin port. Drain it last: it tells a balancer that the others drain.
#[derive(Debug)]
pub struct Admin {
    acceptor: Acceptor,
    pages: Pages,
}

impl Admin {
    /// Takes the port.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub fn bind(
        address: SocketAddr,
        readiness: Readiness,
        metrics: Metrics,
    ) -> Result<Self, BindError> {
        let acceptor = Acceptor::bind("the admin port", address, Connections::new(CONNECTIONS))?;
        Ok(Self { acceptor, pages: Pages { readiness, metrics, control: None } })
    }

    /// Lets operators do more: what is below `/v1/` goes to `control`.
    #[must_use]
    pub fn with_control(mut self, control: Arc<dyn Control>) -> Self {
        self.pages.control = Some(control);
        self
    }

    /// Where it listens, with the port that it really has.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.acceptor.local_addr()
    }

    /// Serves until the drain starts.
    pub async fn run(self, drain: Drain) {
        let limits = HttpLimits::default();
        serve_http(self.acceptor, None, Arc::new(self.pages), limits, drain).await;
    }
}

/// A few balancers and a few operators. The port has its own limit, so that a crowd of viewers
/// cannot lock operators out.
const CONNECTIONS: ConnectionLimits =
    ConnectionLimits { total_max: 256, per_address_max: 64, limit_loopback: false };

#[derive(Debug)]
struct Pages {
    readiness: Readiness,
    metrics: Metrics,
    control: Option<Arc<dyn Control>>,
}

impl Pages {
    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if method != Method::GET && method != Method::HEAD {
            let text = "this port answers GET and HEAD\n";
            let mut response = respond(method, StatusCode::METHOD_NOT_ALLOWED, TEXT, text.into());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/health" => respond(method, StatusCode::OK, TEXT, "alive\n".into()),
            "/ready" => self.ready(method),
            "/metrics" => respond(method, StatusCode::OK, PROMETHEUS, self.metrics.render()),
            _ => {
                let text = "there is no such page; there are /health, /ready and /metrics\n";
                respond(method, StatusCode::NOT_FOUND, TEXT, text.into())
            }
        }
    }

    fn ready(&self, method: &Method) -> Response<Full<Bytes>> {
        let report = self.readiness.report();
        let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        // Texts and booleans always have a JSON form.
        let json = serde_json::to_string(&report).unwrap_or_default();
        respond(method, status, JSON, json + "\n")
    }
}

impl HttpService for Pages {
    type Body = BoxBody<Bytes, BodyError>;

    async fn call(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Self::Body> {
        let answer = match &self.control {
            Some(control) if request.uri().path().starts_with(control::BELOW) => {
                let method = request.method().clone();
                let Told { status, json } = control::answer(control.as_ref(), request).await;
                respond(&method, status, JSON, json + "\n")
            }
            Some(_) | None => self.answer(request.method(), request.uri().path()),
        };
        answer.map(|body| body.map_err(Into::into).boxed())
    }
}

fn respond(
    method: &Method,
    status: StatusCode,
    content_type: &'static str,
    text: String,
) -> Response<Full<Bytes>> {
    let length = HeaderValue::from(text.len());
    let body = if method == Method::HEAD { Bytes::new() } else { text.into() };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, length);
    response
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(pages: &Pages, request: &str, status: u16, body: &str) {
        let (method, path) = request.split_once(' ').unwrap();
        let response = pages.answer(&method.parse().unwrap(), path);
        assert_eq!(response.status(), status, "{request}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains(body) && text.is_empty() == body.is_empty(), "{request}: {text}");
    }

    #[tokio::test]
    async fn the_port_says_alive_ready_and_how_much() {
        let metrics = Metrics::default();
        metrics.counter("weir_test_things_total", "Things.").inc();
        let pages = Pages { readiness: Readiness::default(), metrics, control: None };
        check(&pages, "GET /health", 200, "alive\n").await;
        check(&pages, "HEAD /health", 200, "").await;
        check(&pages, "GET /ready", 200, "\"ready\":true").await;
        check(&pages, "GET /metrics", 200, "weir_test_things_total 1").await;
        check(&pages, "GET /", 404, "/health, /ready and /metrics").await;
        check(&pages, "POST /health", 405, "GET and HEAD").await;

        let condition = pages.readiness.condition("ingest");
        condition.fails("it drains");
        check(&pages, "GET /ready", 503, "\"reason\":\"it drains\"").await;
        check(&pages, "GET /health", 200, "alive").await;
        condition.holds();
        check(&pages, "GET /ready", 200, "\"ready\":true").await;
    }

    #[test]
    fn an_answer_tells_its_length_and_is_not_kept() {
        let response = respond(&Method::HEAD, StatusCode::OK, TEXT, "alive\n".into());
        assert_eq!(response.headers()[CONTENT_LENGTH], "6");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }
}
