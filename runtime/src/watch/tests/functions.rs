//! One function changes, in every way there is.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn a_file_is_told_when_it_is_copied_over() {
    let mut project = Project::new();
    let path = project.write("functions/hello");
    project.told().await;
    fs::copy("/bin/true", &path).unwrap();
    project.told().await;
}

#[tokio::test]
async fn a_file_is_told_when_it_is_moved_in_moved_out_and_removed() {
    let mut project = Project::new();
    let outside = project.write("hello");
    project.silent().await;
    let path = project.path("functions/hello");
    fs::rename(&outside, &path).unwrap();
    project.told().await;
    fs::rename(&path, &outside).unwrap();
    project.told().await;
    fs::rename(&outside, &path).unwrap();
    project.told().await;
    fs::remove_file(&path).unwrap();
    project.told().await;
}

#[tokio::test]
async fn a_file_is_told_when_it_becomes_executable() {
    let mut project = Project::new();
    let path = project.write("functions/hello");
    project.told().await;
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    project.told().await;
}

#[tokio::test]
async fn a_half_written_file_is_told_when_its_writer_closes_it() {
    let mut project = Project::new();
    let path = project.path("functions/hello");
    let mut writer = fs::File::create(&path).unwrap();
    project.silent().await;
    writer.write_all(b"#!/bin/sh\n").unwrap();
    // As `cp -p` does, before it closes.
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    project.silent().await;
    drop(writer);
    project.told().await;
}

#[tokio::test]
async fn a_file_moved_in_while_it_is_written_is_told_when_it_is_closed() {
    let mut project = Project::new();
    let outside = project.path("hello");
    let writer = fs::File::create(&outside).unwrap();
    fs::rename(&outside, project.path("functions/hello")).unwrap();
    project.silent().await;
    drop(writer);
    project.told().await;
}

#[tokio::test]
async fn a_file_that_comes_by_a_hard_link_is_told() {
    let mut project = Project::new();
    let path = project.write("functions/hello");
    project.told().await;
    // As cargo puts its output in place.
    let built = project.write("hello-0123");
    fs::remove_file(&path).unwrap();
    project.told().await;
    fs::hard_link(&built, &path).unwrap();
    project.told().await;
}

#[tokio::test]
async fn a_swapped_link_is_told_and_its_new_target_watched() {
    let mut project = Project::new();
    for build in ["one", "two"] {
        fs::create_dir(project.path(build)).unwrap();
        project.write(&format!("{build}/hello"));
    }
    let path = project.path("functions/hello");
    symlink("../one/hello", &path).unwrap();
    project.told().await;
    project.write("one/hello");
    project.told().await;
    project.write("two/hello");
    project.silent().await;
    symlink("../two/hello", project.path("functions/.next")).unwrap();
    fs::rename(project.path("functions/.next"), &path).unwrap();
    project.told().await;
    project.write("two/hello");
    project.told().await;
    project.write("one/hello");
    project.silent().await;
    assert!(project.watches("two") && !project.watches("one"));
}

#[tokio::test]
async fn a_folder_that_is_a_function_is_told_when_its_program_changes() {
    let mut project = Project::new();
    fs::create_dir(project.path("functions/bill")).unwrap();
    project.told().await;
    for program in ["run", "main", "bill"] {
        project.write(&format!("functions/bill/{program}"));
        project.told().await;
    }
    fs::remove_dir_all(project.path("functions/bill")).unwrap();
    project.told().await;
    // A new one, which may even be the same inode.
    fs::create_dir(project.path("functions/bill")).unwrap();
    project.told().await;
    project.write("functions/bill/run");
    project.told().await;
}

#[tokio::test]
async fn every_folder_in_a_function_s_folder_is_watched_also_one_that_comes_later() {
    let mut project = Project::new();
    fs::create_dir_all(project.path("functions/bill/lib/more")).unwrap();
    project.write("functions/bill/run");
    project.told().await;
    project.write("functions/bill/lib/more/helper.py");
    project.told().await;
    fs::create_dir_all(project.path("functions/bill/views/old")).unwrap();
    project.told().await;
    project.write("functions/bill/views/old/index.html");
    project.told().await;
    fs::remove_file(project.path("functions/bill/views/old/index.html")).unwrap();
    project.told().await;
    assert!(project.watches("functions/bill/views/old"));
    fs::rename(project.path("functions/bill/views"), project.path("views")).unwrap();
    project.told().await;
    assert!(!project.watches("views/old"), "it is no part of the function any more");
}

#[tokio::test]
async fn a_folder_that_is_replaced_at_once_is_watched() {
    let mut project = Project::new();
    fs::create_dir(project.path("functions/bill")).unwrap();
    project.told().await;
    // The thread that reads events sees both steps together.
    let shared = Arc::clone(&project.watcher.shared);
    let held = lock(&shared.plan);
    fs::remove_dir(project.path("functions/bill")).unwrap();
    fs::create_dir(project.path("functions/bill")).unwrap();
    drop(held);
    project.told().await;
    project.write("functions/bill/run");
    project.told().await;
}

#[tokio::test]
async fn a_link_inside_a_function_s_folder_is_followed() {
    let mut project = Project::new();
    fs::create_dir(project.path("functions/bill")).unwrap();
    project.write("bill-1");
    symlink("../../bill-1", project.path("functions/bill/run")).unwrap();
    project.told().await;
    project.write("bill-1");
    project.told().await;
}

#[tokio::test]
async fn a_link_to_itself_ends() {
    let mut project = Project::new();
    symlink("hello", project.path("functions/hello")).unwrap();
    project.told().await;
    project.write("functions/other");
    project.told().await;
}
