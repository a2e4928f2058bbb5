use std::fs;

use tempfile::TempDir;

use super::*;

const KEY: &str = "k3y-of-main-0123456789";

/// A folder as tests leave it: secrets, and one file.
fn folder(secrets: &[(&str, &str)], file: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let line = |(kind, text): &(&str, &str)| {
        format!("{}\n", serde_json::json!({ "kind": kind, "text": text }))
    };
    write("secrets/7.txt", &secrets.iter().map(line).collect::<String>());
    write(file, text);
    folder
}

/// Searches `text` in a file for the key of a stream; what is found begins behind the folder.
#[track_caller]
fn check(file: &str, text: &str, expected: &[&str]) {
    let folder = folder(&[("stream key", KEY)], file, text);
    let leaks = search(folder.path()).unwrap().leaks;
    let shown = leaks.iter().map(|leak| {
        assert!(!leak.contains(KEY), "the secret itself is shown: {leak}");
        leak.rsplit('/').next().unwrap_or_default()
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn a_planted_secret_is_found_with_its_line_and_kind() {
    let log = "logs/7-0-a_test-server-1.err";
    check(log, "INFO is live\nINFO a push\n", &[]);
    let said = format!("one\ntwo\nWARN refused {KEY}: late\nfour {KEY}{KEY}");
    let found =
        ["7-0-a_test-server-1.err:3: a stream key", "7-0-a_test-server-1.err:4: a stream key"];
    check(log, &said, &found);
    check("answers/7.txt", &format!("no key {KEY}\n"), &["7.txt:1: a stream key"]);
    check("metrics/7.txt", &format!("a{{b=\"{KEY}\"}} 1\n"), &["7.txt:1: a stream key"]);
    let coded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, KEY);
    check("answers/7.txt", &format!("\n{coded}\n"), &["7.txt:2: a stream key in base64"]);
}

#[test]
fn a_secret_is_found_in_a_line_of_any_length() {
    // The secret lies over the border of what is read at once.
    for before in [0, 4_090, 8_180, 65_530, 3_000_000] {
        let text = format!("{}{KEY}\n{KEY}", "x".repeat(before));
        check("logs/a.err", &text, &["a.err:1: a stream key", "a.err:2: a stream key"]);
    }
}

#[test]
fn only_the_first_start_shows_a_key_and_only_behind_its_label() {
    let shown = format!("  Server      rtmp://…\n  Stream key  {KEY}\n");
    check("outputs/7-0-a-server-1.out", &shown, &[]);
    check("outputs/7-0-a-server-2.out", &shown, &["7-0-a-server-2.out:2: a stream key"]);
    check("logs/7-0-a-server-1.err", &shown, &["7-0-a-server-1.err:2: a stream key"]);
    for said in [
        format!("  Stream key  {KEY} it is\n"),
        format!("  Stream key: {KEY}\n"),
        format!("  Push to     rtmp://…/{KEY}\n"),
        format!("  Stream key  {KEY}{KEY}\n"),
    ] {
        check("outputs/7-0-a-server-1.out", &said, &["7-0-a-server-1.out:1: a stream key"]);
    }
}

#[test]
fn a_password_behind_the_label_of_a_key_is_found() {
    let text = format!("  Stream key  {KEY}\n");
    let folder = folder(&[("password", KEY)], "outputs/7-0-a-server-1.out", &text);
    let leaks = search(folder.path()).unwrap().leaks;
    assert!(
        leaks.len() == 1 && leaks.iter().all(|leak| leak.ends_with(":1: a password")),
        "{leaks:?}"
    );
}

#[test]
fn secrets_are_counted_once_and_evidence_by_its_kind() {
    let secrets = [("stream key", KEY), ("stream key", KEY), ("password", "hunter22")];
    let folder = folder(&secrets, "logs/a.err", "0123456789");
    let searched = search(folder.path()).unwrap();
    let expected = Searched { secrets: 2, logs: 1, bytes: 10, ..Searched::default() };
    assert_eq!(searched, expected);
    assert_eq!(
        searched.to_string(),
        "2 secrets looked for in 1 logs, 0 outputs, 0 files of answers, 0 of metrics (0 KB): \
         found 0 times"
    );
}

#[test]
fn evidence_that_is_not_understood_is_no_good_news() {
    let strange = folder(&[("stream key", KEY)], "mails/a.eml", "");
    assert_eq!(
        search(strange.path()).unwrap().leaks,
        ["mails: evidence of a kind that is not known"]
    );
    let folder = folder(&[], "secrets/8.txt", "stream key: what\n");
    assert!(search(folder.path()).is_err());
}

fn evidence(folder: &TempDir) -> Evidence {
    let target = folder.path().to_owned();
    let places = Places { root: target.clone(), tools: target.clone(), target };
    Evidence::begin(&places).unwrap()
}

#[test]
fn what_has_no_secret_in_it_is_removed_and_what_has_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    // A run that has ended has left its own: no process has this number.
    let old = folder.path().join("evidence/4194305/start");
    fs::create_dir_all(&old).unwrap();
    let evidence = evidence(&folder);
    assert!(!old.exists());
    assert_eq!(evidence.of(&Suite::Unit), None);
    let suite = |name: &str| Suite::Integration(name.into());
    for (name, said) in [("play", "well"), ("http", KEY)] {
        let folder = evidence.of(&suite(name)).unwrap();
        for part in ["secrets", "logs"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let secret = serde_json::json!({ "kind": "stream key", "text": KEY });
        fs::write(folder.join("secrets/1.txt"), secret.to_string()).unwrap();
        fs::write(folder.join("logs/1.err"), said).unwrap();
        let searched = evidence.search(&suite(name), true).unwrap().unwrap();
        assert_eq!(
            (searched.leaks.len(), folder.exists()),
            (usize::from(said == KEY), said == KEY)
        );
    }
    let all = folder.path().join(format!("evidence/{}", process::id()));
    drop(evidence);
    assert!(all.join("http/logs/1.err").exists());
}

#[test]
fn a_search_of_nothing_fails_where_keys_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = evidence(&folder);
    let (start, media) = (Suite::Integration("start".into()), Suite::Integration("media".into()));
    assert_eq!(evidence.search(&media, true).unwrap(), None);
    // A filter may leave a test that makes no key.
    assert_eq!(evidence.search(&start, false).unwrap(), None);
    let leaks = evidence.search(&start, true).unwrap().unwrap().leaks;
    assert_eq!(leaks.len(), 4, "{leaks:?}");
    assert_eq!(leaks[0], "`start` left 0 secrets, not 5: is nothing kept?");

    let kept = evidence.of(&start).unwrap();
    fs::create_dir_all(kept.join("logs")).unwrap();
    fs::write(kept.join("logs/1.err"), "well").unwrap();
    assert_eq!(evidence.search(&start, true).unwrap().unwrap().leaks.len(), 4);
}
