//! Requests that are made only to see how they are answered: which, and making them.
//!
//! Nothing here can change what a server has. What would write or delete is sent without a body to
//! a name that does not exist, which nobody misses; paths that lead out of the tree ask for
//! `/etc/hosts`, which every system has and which is no secret.

mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::plan::{ProbeRequest, Subjects, plan};
use crate::evidence::{Probe, ProbeEvidence};
use crate::transport::Transport;

/// Makes the requests, one after the other, and gathers the answers. Without HTTP there are none.
pub async fn run(transport: &dyn Transport, plan: Vec<ProbeRequest>) -> Vec<ProbeEvidence> {
    if !transport.is_http() {
        return Vec::new();
    }
    let mut unknown = None;
    let mut gathered = Vec::with_capacity(plan.len());
    for ProbeRequest { probe, purpose, request, path, reference, has_credentials } in plan {
        let outcome = match &path {
            Some(path) => transport.send_untidied(&request, path).await,
            None => transport.send(&request).await,
        };
        if let (Probe::UnknownSegment, Ok(reply)) = (probe, &outcome) {
            unknown = Some(Arc::new(reply.clone()));
        }
        let unknown = unknown.clone();
        gathered.push(ProbeEvidence {
            probe,
            purpose,
            request,
            path,
            outcome,
            reference,
            unknown,
            has_credentials,
        });
    }
    gathered
}
