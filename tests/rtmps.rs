//! Pushes through TLS.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use testkit::encoder::{Encoder, Source, current_ffmpeg};
use testkit::{Server, media};

const SOON: Duration = Duration::from_secs(20);

/// Pushes by RTMPS to a server with a certificate of its own making.
#[track_caller]
fn check(program: Option<PathBuf>, options: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let certificate = write("certificate.pem", cert.pem());
    let private_key = write("private-key.pem", signing_key.serialize_pem());
    let server = Server::start(
        env!("CARGO_BIN_EXE_weir"),
        &[
            "--set",
            "ingest.listen_tls=127.0.0.1:0",
            "--set",
            &format!("ingest.certificate_file={certificate}"),
            "--set",
            &format!("ingest.private_key_file={private_key}"),
        ],
    )
    .unwrap();
    let address = server.ports().rtmps.unwrap();
    let url = format!("rtmps://{address}/live");
    assert!(server.welcome_with("Weir").unwrap().contains(&url), "{}", server.welcome());

    let options = options.iter().map(ToString::to_string).collect();
    let source = Source { program, options, ..Source::usual() }.lasting(6);
    let viewer = server.watch("main");
    let key = server.stream_key("main").unwrap();
    let mut encoder = Encoder::start(&source, &format!("{url}/{key}")).unwrap();
    assert!(encoder.wait(Duration::from_secs(40)).unwrap().success(), "{}", encoder.said());
    viewer.wait_for_segments(3, SOON).unwrap();
    let watched = viewer.stop().unwrap();
    let run = media::check(&source, &watched.runs()[0]).unwrap();
    run.check_whole(&encoder.pushed().unwrap()).unwrap();
    assert!(!server.log().contains(&key));
}

#[test]
fn the_ffmpeg_of_the_distribution_pushes_through_tls() {
    check(None, &[]);
}

#[test]
fn a_current_ffmpeg_pushes_through_tls() {
    let program = current_ffmpeg()
        .expect("WEIR_FFMPEG_CURRENT names no current ffmpeg; `cargo xtask test` downloads one");
    check(Some(program), &["tls_verify=0"]);
}
