//! `rtmp::fuzz::chunk_reader`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rtmp::fuzz::chunk_reader(data));
