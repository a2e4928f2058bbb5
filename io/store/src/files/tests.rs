use super::*;

fn key(path: &str) -> ObjectKey {
    ObjectKey::parse(path).unwrap()
}

#[test]
fn a_file_from_another_file_system_is_copied_and_goes() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = Files::open(here.path(), Duration::ZERO).unwrap();
    let file = there.path().join("0.ts");
    fs::write(&file, b"bytes").unwrap();
    let target = files.path(&key("live/cam/ts/1/0.ts"));
    files.copy(&file, &target).unwrap();
    assert_eq!(fs::read(target).unwrap(), b"bytes");
    assert!(!file.exists());
    assert_eq!(fs::read_dir(here.path().join(INCOMING)).unwrap().count(), 0);
}

#[test]
fn what_was_half_written_is_removed_once_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let half = folder.path().join(INCOMING).join("17");
    drop(Files::open(folder.path(), Duration::ZERO).unwrap());
    fs::write(&half, b"by").unwrap();
    drop(Files::open(folder.path(), Duration::from_secs(3_600)).unwrap());
    assert!(half.exists(), "another process may be writing it");
    drop(Files::open(folder.path(), Duration::ZERO).unwrap());
    assert!(!half.exists());
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(folder.path(), Duration::ZERO).unwrap();
    // A file is where a folder should be.
    fs::write(folder.path().join("live"), b"").unwrap();
    let error = files.write(&key("live/cam/ts/1/0.ts"), b"bytes", false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
    assert_eq!(fs::read_dir(folder.path().join(INCOMING)).unwrap().count(), 0);
}

#[test]
fn folders_that_others_emptied_go_when_the_next_epoch_begins() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(folder.path(), Duration::ZERO).unwrap();
    let first = files.write(&key("live/cam/ts/1/0.ts"), b"a", false).unwrap();
    files.write(&key("live/cam/ts/2/1.ts"), b"b", false).unwrap();
    fs::remove_file(&first).unwrap();
    files.write(&key("live/cam/ts/3/2.ts"), b"c", false).unwrap();
    let mut epochs: Vec<_> = fs::read_dir(folder.path().join("live/cam/ts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    epochs.sort();
    assert_eq!(epochs, ["2", "3"]);
}

#[test]
fn writing_and_removing_in_one_folder_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(folder.path(), Duration::ZERO).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let files = &files;
            scope.spawn(move || {
                for number in 0..200 {
                    let key = key(&format!("live/cam/ts/{worker}/{number}.ts"));
                    files.write(&key, b"bytes", false).unwrap();
                    files.remove(&key).unwrap();
                }
            });
        }
    });
    assert!(!folder.path().join("live").exists());
}

/// Two nodes in containers share a folder, and their processes have the same number.
#[test]
fn two_processes_of_one_number_do_not_write_into_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = [(); 2].map(|()| Files::open(folder.path(), Duration::MAX).unwrap());
    let mut written = one.incoming().unwrap();
    for name in ["live/a/ts/1/0.ts", "live/a/ts/1/1.ts"] {
        two.write(&key(name), b"other", false).unwrap();
    }
    assert!(two.write_new(&key("live/a/ts/1/2.ts"), b"other").unwrap());
    written.1.write_all(b"mine").unwrap();
    assert_eq!(fs::read(&written.0).unwrap(), b"mine");
    assert_eq!(fs::read(folder.path().join("live/a/ts/1/0.ts")).unwrap(), b"other");
}
