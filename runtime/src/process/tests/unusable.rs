//! Files that cannot be started say why, and what to do.

use super::*;

/// What starting such a file says, with its path as FILE.
async fn refusal(path: &Path) -> String {
    let refused = start_written(path).await.expect_err("it cannot be started");
    assert!(matches!(refused, SpawnError::Unusable(_)), "{refused}");
    refused.to_string().replace(path.to_str().unwrap(), "FILE")
}

async fn check(content: impl AsRef<[u8]>, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = executable(dir.path(), "hello", content);
    assert_eq!(refusal(&path).await, expected);
}

#[tokio::test]
async fn a_file_that_is_no_program_says_what_it_is() {
    check("echo hello\n", "FILE is no program: it begins neither with #! (a script) nor as ELF (a binary)")
        .await;
    check("", "FILE is empty").await;
    check("MZ\x00", "FILE is a program for Windows, this machine runs Linux").await;
    check(b"\xcf\xfa\xed\xfe\x07", "FILE is a program for macOS, this machine runs Linux").await;
    let marked = "FILE begins with a byte order mark, which hides its #! line (save it as UTF-8 without BOM)";
    check("\u{feff}#!/bin/sh\n", marked).await;
}

#[tokio::test]
async fn a_script_names_what_is_wrong_with_its_first_line() {
    let missing = "FILE cannot be started: #!/usr/bin/foo: no such interpreter \
                   (#!/usr/bin/env foo finds it in the PATH)";
    check("#!/usr/bin/foo -x\n", missing).await;
    let line_ends =
        "FILE has Windows line ends, so its #! line names no interpreter (sed -i 's/\\r$//' FILE)";
    check("#!/bin/sh\r\necho\r\n", line_ends).await;
    check("#! \n", "FILE has a #! line that names no interpreter (#!/bin/sh)").await;
    check("#!/etc/passwd\n", "FILE cannot be started: #!/etc/passwd: not executable").await;
}

#[tokio::test]
async fn a_binary_for_another_machine_or_loader_is_told() {
    let here = std::fs::read("/bin/true").unwrap();
    let mut foreign = here.clone();
    let (number, name) = if cfg!(target_arch = "x86_64") { (183, "aarch64") } else { (62, "x86_64") };
    foreign[18] = number;
    check(&foreign, &format!("FILE is built for {name}, this machine is {}", std::env::consts::ARCH)).await;
    let loader = b"/lib64/ld-linux-x86-64.so.2";
    if let Some(at) = here.windows(loader.len()).position(|window| window == loader) {
        let mut lost = here.clone();
        lost[at + 1..at + 6].copy_from_slice(b"lib99");
        let expected = "FILE needs the loader /lib99/ld-linux-x86-64.so.2, which is not on this machine \
                        (link it statically, or build it here)";
        check(&lost, expected).await;
    }
    check(&here[..40], "FILE is cut off in its ELF header").await;
    check(&here[..100], "FILE is a damaged or unfinished ELF binary").await;
}

#[tokio::test]
async fn what_is_not_executable_a_folder_or_gone_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hello");
    assert_eq!(refusal(&path).await, "FILE is gone");
    std::fs::write(&path, "#!/bin/sh\n").unwrap();
    assert_eq!(refusal(&path).await, "FILE is not executable (chmod +x FILE)");
    assert_eq!(refusal(&dir.path().join(".")).await, "FILE is a folder, not a program");
    let link = dir.path().join("link");
    std::os::unix::fs::symlink("/nowhere/hello", &link).unwrap();
    assert_eq!(refusal(&link).await, "FILE is a link to /nowhere/hello, which is gone");
}

#[tokio::test]
async fn a_missing_working_directory_is_not_blamed_on_the_program() {
    let mut command = sh("exit 0");
    command.dir = "/nowhere".into();
    let refused = Spawner::start(None).unwrap().spawn(command).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no folder /nowhere to run in");
}

#[tokio::test]
async fn too_long_an_argument_is_told() {
    let mut command = sh("exit 0");
    command.args.push("x".repeat(3_000_000));
    let refused = Spawner::start(None).unwrap().spawn(command).await.unwrap_err();
    assert_eq!(refused.to_string(), "/bin/sh cannot be started: its arguments and environment are too large");
}
