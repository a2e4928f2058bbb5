//! `rtmp::fuzz::amf3`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rtmp::fuzz::amf3(data));
