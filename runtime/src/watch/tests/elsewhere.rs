//! Folders that are not there yet or go away, and files that lie elsewhere.

use super::*;

#[tokio::test]
async fn a_folder_that_does_not_exist_yet_is_watched_when_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let functions = dir.path().canonicalize().unwrap().join("a/b/functions");
    let (watcher, mut changes) = Watcher::new(std::slice::from_ref(&functions), None, None).unwrap();
    let mut told = async || {
        assert_eq!(tokio::time::timeout(PATIENCE, changes.next()).await.unwrap(), Some(Change::Functions));
    };
    fs::create_dir(dir.path().join("a")).unwrap();
    told().await;
    fs::create_dir_all(dir.path().join("a/b/functions")).unwrap();
    told().await;
    // There may be one more notice of the same; a folder that is armed tells each file.
    until_armed(&watcher, &functions, &mut told).await;
    fs::write(functions.join("hello"), "").unwrap();
    told().await;
}

async fn until_armed(watcher: &Watcher, folder: &Path, told: &mut impl AsyncFnMut()) {
    while !lock(&watcher.shared.plan).dirs().contains(folder) {
        told().await;
    }
}

#[tokio::test]
async fn a_folder_that_went_away_is_watched_when_it_comes_back() {
    let mut project = Project::new();
    let functions = project.path("functions");
    fs::remove_dir_all(&functions).unwrap();
    project.told().await;
    fs::create_dir(&functions).unwrap();
    project.told().await;
    project.write("functions/hello");
    project.told().await;
    fs::rename(&functions, project.path("old")).unwrap();
    project.told().await;
    project.write("old/hello");
    project.silent().await;
    fs::rename(project.path("old"), &functions).unwrap();
    project.told().await;
    project.write("functions/hello");
    project.told().await;
}

#[tokio::test]
async fn a_folder_that_is_a_swapped_link_is_watched_where_it_leads() {
    let dir = tempfile::tempdir().unwrap();
    for release in ["one", "two"] {
        fs::create_dir(dir.path().join(release)).unwrap();
    }
    symlink("one", dir.path().join("functions")).unwrap();
    let mut project = Project::of(dir);
    project.write("one/hello");
    project.told().await;
    symlink("two", project.path("next")).unwrap();
    fs::rename(project.path("next"), project.path("functions")).unwrap();
    project.told().await;
    project.write("two/hello");
    project.told().await;
    project.write("one/hello");
    project.silent().await;
}

#[tokio::test]
async fn a_configuration_behind_links_is_told_when_one_of_them_is_swapped() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for version in ["v1", "v2"] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("runtime.toml"), version).unwrap();
    }
    // As a cluster mounts it.
    symlink("v1", path("data")).unwrap();
    symlink("data/runtime.toml", path("runtime.toml")).unwrap();
    let (_watcher, mut changes) = Watcher::new(&[], Some(path("runtime.toml")), None).unwrap();
    let mut told = async || {
        assert_eq!(tokio::time::timeout(PATIENCE, changes.next()).await.unwrap(), Some(Change::Config));
    };
    symlink("v2", path("next")).unwrap();
    fs::rename(path("next"), path("data")).unwrap();
    told().await;
    fs::write(path("v2").join("runtime.toml"), "again").unwrap();
    told().await;
}

#[tokio::test]
async fn a_program_elsewhere_is_told_once_it_is_named() {
    let mut project = Project::new();
    fs::create_dir_all(project.path("target/release")).unwrap();
    project.write("target/release/bill");
    project.silent().await;
    project.watcher.watch_files(&[project.path("target/release/bill")], &[]);
    project.told().await;
    fs::remove_file(project.path("target/release/bill")).unwrap();
    fs::hard_link(project.write("bill-0123"), project.path("target/release/bill")).unwrap();
    project.told().await;
    project.write("target/release/other");
    project.silent().await;
    project.watcher.watch_files(&[], &[]);
    project.told().await;
    project.write("target/release/bill");
    project.silent().await;
}
