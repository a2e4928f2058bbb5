//! Records one push into a file: `cargo run -p testkit --example record -- FILE`.
#![expect(clippy::print_stderr, reason = "it tells the person who started it where to push to")]

use std::net::TcpListener;
use std::{env, fs};

use anyhow::{Context as _, Result};

fn main() -> Result<()> {
    let file = env::args_os().nth(1).context("say which file to record into")?;
    let listener = TcpListener::bind("127.0.0.1:0").context("open a port")?;
    eprintln!("push to rtmp://{}/live as demo?key=k", listener.local_addr()?);
    let recorded = testkit::capture::record(&listener)?;
    fs::write(file, &recorded).context("write the recording")?;
    eprintln!("recorded {} bytes", recorded.len());
    Ok(())
}
