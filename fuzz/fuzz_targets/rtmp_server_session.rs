//! `rtmp::fuzz::server_session`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    rtmp::fuzz::server_session(data);
});
