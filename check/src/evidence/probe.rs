//! Requests that are made only to see how they are answered.

/// A request that was made to see how it is answered.
#[derive(Clone, Debug)]
pub struct ProbeEvidence {}
