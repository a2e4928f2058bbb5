//! `rtmp::fuzz::handshake`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rtmp::fuzz::handshake(data));
