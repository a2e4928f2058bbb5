//! Nodes that read from each other over loopback: good ones, and bad ones.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::indexing_slicing, reason = "a test that reads beyond an end has failed")]

mod bad_peers;
mod support;
mod two_nodes;
