use tempfile::TempDir;

use super::*;

fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#EXTM3U {name}")).unwrap();
    }
    folder
}

#[track_caller]
fn check_entry(files: &[&str], named: &str, expected: Result<&str, &str>) {
    let folder = folder(files);
    let root = folder.path().canonicalize().unwrap();
    let found = Folder::open(&folder.path().join(named)).map(|(_, entry)| match entry {
        Entry::Playlist(url) | Entry::Segment(url) => {
            url.to_file_path().unwrap().strip_prefix(&root).unwrap().display().to_string()
        }
    });
    let said = found.map_err(|error| error.to_string());
    let said = said.map_err(|text| text.replace(&folder.path().display().to_string(), "F"));
    assert_eq!(said.as_deref().map_err(String::as_str), expected, "{files:?} {named}");
}

#[test]
fn a_folder_means_its_playlist() {
    check_entry(&["index.m3u8", "a.m3u8", "master.m3u8"], "", Ok("index.m3u8"));
    check_entry(&["v0.m3u8", "master.m3u8", "x.ts"], "", Ok("master.m3u8"));
    check_entry(&["some.m3u8", "x.ts", "below/other.m3u8"], "", Ok("some.m3u8"));
    check_entry(&["below/a.m3u8"], "below", Ok("below/a.m3u8"));
    check_entry(&["a.m3u8", "x.ts"], "x.ts", Ok("x.ts"));
    check_entry(&["x.ts"], "", Err("there is no playlist (*.m3u8) in F/"));
    check_entry(&[], "x.m3u8", Err("cannot read F/x.m3u8"));
    let many = "there are 2 playlists in F/, and none is index.m3u8 or master.m3u8: name one";
    check_entry(&["a.m3u8", "b.m3u8"], "", Err(many));
}

#[test]
fn what_begins_as_a_playlist_is_one() {
    let folder = folder(&["list.txt"]);
    fs::write(folder.path().join("0.ts"), b"G").unwrap();
    let entry = |name: &str| Folder::open(&folder.path().join(name)).unwrap().1;
    assert!(matches!(entry("list.txt"), Entry::Playlist(_)));
    assert!(matches!(entry("0.ts"), Entry::Segment(_)));
}

async fn fetch(url: Url, root: &Path, range: Option<&str>) -> Result<Reply, TransportError> {
    let (folder, _) = Folder::open(root).unwrap();
    let mut headers = HeaderMap::new();
    if let Some(range) = range {
        headers.insert(RANGE, range.parse().unwrap());
    }
    let within = Duration::from_secs(5);
    folder.send(&Request { method: Method::GET, url, headers, within }).await
}

#[tokio::test]
async fn files_of_the_folder_are_fetched_and_parts_of_them() {
    let folder = folder(&["index.m3u8", "a/b.ts"]);
    let at = |path: &str| Url::parse(&format!("file://{}/{path}", folder.path().display()));
    for (path, range, status, body) in [
        ("a/b.ts", None, 200, "#EXTM3U a/b.ts"),
        ("a/b.ts?token=x", None, 200, "#EXTM3U a/b.ts"),
        ("a/b.ts", Some("bytes=1-3"), 206, "EXT"),
        ("a/b.ts", Some("bytes=11-99"), 206, ".ts"),
        ("a/b.ts", Some("bytes=14-20"), 416, ""),
        ("a/b.ts", Some("bytes=3-1"), 416, ""),
        ("a/b.ts", Some("lines=1-3"), 200, "#EXTM3U a/b.ts"),
        ("a/none.ts", None, 404, ""),
        ("a/none.ts", Some("bytes=0-1"), 404, ""),
        ("a", None, 404, ""),
        ("a/b.ts/c", None, 404, ""),
    ] {
        let reply = fetch(at(path).unwrap(), folder.path(), range).await.unwrap();
        assert_eq!((reply.status.as_u16(), &reply.body[..]), (status, body.as_bytes()), "{path}");
        assert!(reply.headers.get("content-type").is_none());
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_had_without_the_rest() {
    let folder = folder(&["index.m3u8"]);
    let path = folder.path().join("all.ts");
    let limit = u64::try_from(REPLY_BYTES_MAX).unwrap();
    fs::File::create(&path).unwrap().set_len(10 * limit).unwrap();
    let url = Url::from_file_path(&path).unwrap();
    let check = async |range: Option<String>, expected: Result<usize, TransportError>| {
        let reply = fetch(url.clone(), folder.path(), range.as_deref()).await;
        assert_eq!(reply.map(|reply| reply.body.len()), expected, "{range:?}");
    };
    check(Some(format!("bytes={}-{}", 9 * limit, 9 * limit + 999)), Ok(1_000)).await;
    let too_long = TransportError::TooLong { limit: REPLY_BYTES_MAX };
    check(Some(format!("bytes=0-{limit}")), Err(too_long.clone())).await;
    check(None, Err(too_long)).await;
}

#[tokio::test]
async fn nothing_outside_of_the_folder_is_fetched() {
    let folder = folder(&["secret.ts", "in/index.m3u8", "in/real.ts"]);
    let inside = folder.path().join("in");
    std::os::unix::fs::symlink("../secret.ts", inside.join("link.ts")).unwrap();
    std::os::unix::fs::symlink("real.ts", inside.join("fine.ts")).unwrap();
    let at = |path: &str| Url::parse(&format!("file://{}/{path}", inside.display())).unwrap();
    let outside = TransportError::Url("it is outside of the folder".into());
    for url in [
        at("../secret.ts"),
        at("..%2fsecret.ts"),
        at("link.ts"),
        Url::parse("file:///etc/passwd").unwrap(),
        Url::parse("http://weir/real.ts").unwrap(),
    ] {
        let error = fetch(url.clone(), &inside, None).await.unwrap_err();
        assert_eq!(error, outside, "{url}");
    }
    assert_eq!(fetch(at("fine.ts"), &inside, None).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn a_folder_is_read_and_not_written() {
    let files = folder(&["index.m3u8"]);
    let (folder, entry) = Folder::open(files.path()).unwrap();
    let Entry::Playlist(url) = entry else { panic!("{entry:?}") };
    let ask = async |method| {
        let (url, within) = (url.clone(), Duration::from_secs(5));
        folder.send(&Request { method, url, headers: HeaderMap::new(), within }).await.unwrap()
    };
    assert_eq!(ask(Method::DELETE).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let head = ask(Method::HEAD).await;
    assert!(head.status == StatusCode::OK && head.body.is_empty());
    assert!(!folder.is_http());
}
