//! What holds for every request and every answer.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Origin, Url};

use super::problem::Problem;
use crate::Service;

/// Refuses what another site's page asks, and lets nobody keep an answer that does not say so.
pub(crate) async fn guard(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if changes && is_elsewhere(request.headers(), &service) {
        let sentence = "pages of other sites cannot ask this";
        Problem::of(StatusCode::FORBIDDEN, sentence).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, nothing);
    response
}

/// Whether a browser says that a page of another site asks. Programs say nothing of the kind.
fn is_elsewhere(headers: &HeaderMap, service: &Service) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    };
    let parsed = origin.to_str().ok().and_then(|text| Url::parse(text).ok());
    let Some(parsed) = parsed else { return true };
    let own = Url::parse(&service.settings().public_url).map(|url| url.origin());
    let is_own = own.is_ok_and(|own| own == parsed.origin() && own.is_tuple());
    !is_own && !is_host(&parsed.origin(), headers)
}

/// Whether a page comes from the very host and port that is asked, by whatever name.
fn is_host(origin: &Origin, headers: &HeaderMap) -> bool {
    let Origin::Tuple(scheme, _, _) = origin else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let asked = host.and_then(|host| Url::parse(&format!("{scheme}://{host}/")).ok());
    asked.is_some_and(|asked| asked.origin() == *origin)
}
