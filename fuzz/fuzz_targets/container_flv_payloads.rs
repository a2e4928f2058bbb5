//! `container::fuzz::flv_payloads`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container::fuzz::flv_payloads(data));
