use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

/// A mail server of one connection after the other: it takes letters, but none to `nobody@`, and to
/// `later@` not now. It sends on what it hears, line by line.
async fn mail_server() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = talk(socket, &heard).await;
        }
    });
    (port, hears)
}

async fn talk(mut socket: TcpStream, heard: &mpsc::UnboundedSender<String>) -> std::io::Result<()> {
    let (reader, mut writer) = socket.split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 mail.test ESMTP\r\n").await?;
    let mut is_data = false;
    while let Some(line) = lines.next_line().await? {
        heard.send(line.clone()).unwrap();
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "." if is_data => {
                is_data = false;
                "250 taken"
            }
            _ if is_data => continue,
            "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            "AUTH" => "235 hello",
            "RCPT" if line.contains("nobody@") => "550 5.1.1 no such mailbox",
            "RCPT" if line.contains("later@") => "451 4.7.1 come back later",
            "MAIL" | "RCPT" | "RSET" => "250 ok",
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            other => panic!("what is {other}?"),
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn letter(to: &str) -> Letter {
    let body = "Hello Ann,\n\nhttp://127.0.0.1/account/reset#abc\n.\nend\n".to_owned();
    Letter { to: to.to_owned(), subject: "Choose another password".to_owned(), body }
}

fn heard_by_now(hears: &mut mpsc::UnboundedReceiver<String>) -> Vec<String> {
    std::iter::from_fn(|| hears.try_recv().ok()).collect()
}

#[tokio::test]
async fn a_mail_server_gets_the_letter_as_it_is() {
    let (port, mut hears) = mail_server().await;
    let url = Secret::new(format!("smtp://weir:hunter%202@127.0.0.1:{port}"));
    let smtp = Smtp::new(&url, "Weir <weir@live.example>").unwrap();
    smtp.send(&letter("ann@a.example")).await.unwrap();
    let lines = heard_by_now(&mut hears);
    for line in [
        // RFC 4616: a zero byte, the name, a zero byte, the password.
        "AUTH PLAIN AHdlaXIAaHVudGVyIDI=",
        "RCPT TO:<ann@a.example>",
        "From: Weir <weir@live.example>",
        "To: ann@a.example",
        "Subject: Choose another password",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "http://127.0.0.1/account/reset#abc",
        // A line that would end the letter is doubled on the wire (RFC 5321, 4.5.2).
        "..",
        "end",
    ] {
        assert!(lines.iter().any(|heard| heard == line), "{line} is not in {lines:#?}");
    }
    assert!(lines.iter().any(|line| line.starts_with("MAIL FROM:<weir@live.example>")));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Message-ID: <") && line.ends_with("@live.example>"))
    );
}

#[tokio::test]
async fn a_refusal_is_told_from_a_server_that_is_busy_or_away() {
    let (port, _hears) = mail_server().await;
    let url = |port| Secret::new(format!("smtp://127.0.0.1:{port}"));
    let smtp = Smtp::new(&url(port), "weir@live.example").unwrap();
    let error = smtp.send(&letter("nobody@a.example")).await.unwrap_err();
    assert!(
        matches!(&error, MailError::Refused(why) if why.contains("no such mailbox")),
        "{error}"
    );
    let error = smtp.send(&letter("later@a.example")).await.unwrap_err();
    assert!(matches!(error, MailError::Unavailable(_)), "{error}");
    smtp.send(&letter("ann@a.example")).await.unwrap();

    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = taken.local_addr().unwrap().port();
    drop(taken);
    let away = Smtp::new(&url(free), "weir@live.example").unwrap();
    let error = away.send(&letter("ann@a.example")).await.unwrap_err();
    assert!(matches!(error, MailError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = Secret::new(format!("smtp://127.0.0.1:{port}"));
    let smtp = Smtp::with_limit(&url, "weir@live.example", Duration::from_millis(50)).unwrap();
    let error = smtp.send(&letter("ann@a.example")).await.unwrap_err();
    assert!(matches!(error, MailError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn what_is_no_address_gets_no_letter() {
    let smtp = Smtp::new(&Secret::new("smtp://127.0.0.1:1"), "weir@live.example").unwrap();
    for to in ["", "ann", "ann@a.example, ben@b.example", "ann@a.example\r\nBcc: ben@b.example"] {
        let error = smtp.send(&letter(to)).await.unwrap_err();
        assert!(matches!(error, MailError::Address), "{to} {error}");
    }
}

#[track_caller]
fn check(url: &str, expected: Option<SmtpError>) {
    let smtp = Smtp::new(&Secret::new(url), "weir@live.example");
    assert_eq!(smtp.as_ref().err().copied(), expected, "{url}");
    let printed = format!("{smtp:?}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[tokio::test]
async fn no_password_goes_to_another_machine_in_the_open() {
    check("smtps://weir:hunter2@mail.example", None);
    check("smtps://weir:hunter2@mail.example:465", None);
    check("smtp://weir:hunter2@mail.example:587?tls=required", None);
    check("smtp://weir:hunter2@localhost:25", None);
    check("smtp://127.0.0.1:25", None);
    check("smtp://[::1]:25", None);
    check("smtp://weir:hunter2@mail.example", Some(SmtpError::Plain));
    check("smtp://weir:hunter2@mail.example?tls=opportunistic", Some(SmtpError::Plain));
    check("smtp://192.0.2.1:25", Some(SmtpError::Plain));
    check("http://weir:hunter2@mail.example", Some(SmtpError::Url));
    check("mail.example", Some(SmtpError::Url));
    check("", Some(SmtpError::Url));
    let url = Secret::new("smtps://mail.example");
    assert_eq!(Smtp::new(&url, "weir").err(), Some(SmtpError::From));
}
