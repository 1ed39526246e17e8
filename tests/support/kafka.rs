//! One real Kafka for a test: its own ports, its own folder, gone when the value is dropped.
//!
//! Only the standard library is used, so that any test target can include this file by `#[path]`. The work is done
//! by `tests/kafka/kafka.sh`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// What `kafka.sh` says when java or mvn is not there.
const TOOL_MISSING: i32 = 4;

/// Below what systems hand out to outgoing connections: a client that reconnects while the broker is down
/// could otherwise be given the broker's own port, and even connect to itself.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// What this process gave to a node already, which may not listen yet.
static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// A Kafka of one node that runs until it is killed or dropped.
pub(crate) struct KafkaNode {
    port: u16,
    dir: PathBuf,
}

impl KafkaNode {
    /// Starts a new one with further `key=value` settings of its own. Gives the reason to skip the test when this machine has no java or mvn.
    ///
    /// # Panics
    /// When Kafka does not start; on CI (`CI` is set) also when a tool is missing.
    pub(crate) fn start_new(settings: &[&str]) -> Result<Self, String> {
        let arguments = settings.iter().flat_map(|setting| ["--set", setting]).map(str::to_owned);
        Self::start_with(|_| arguments.collect())
    }

    /// The same with any arguments for the script, which may tell the port it has.
    ///
    /// # Panics
    /// As [`Self::start_new`].
    pub(crate) fn start_with(arguments: impl FnOnce(u16) -> Vec<String>) -> Result<Self, String> {
        let port = free_port_pair();
        let dir = std::env::temp_dir().join(format!("hydrant-kafka-{}-{port}", std::process::id()));
        let node = Self { port, dir };
        let output = node.run("start", &arguments(port));
        if output.status.success() {
            return Ok(node);
        }
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let may_skip = output.status.code() == Some(TOOL_MISSING) && std::env::var_os("CI").is_none();
        assert!(may_skip, "Kafka does not start: {reason}");
        Err(reason)
    }

    /// `host:port` for clients; the same after a restart.
    pub(crate) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it as a power cut would; what it stored stays.
    pub(crate) fn kill9(&self) {
        self.expect("kill9");
    }

    /// Starts it again on the same ports and data.
    pub(crate) fn start(&self) {
        self.expect("start");
    }

    fn expect(&self, verb: &str) {
        let output = self.run(verb, &[]);
        let reason = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kafka.sh {verb}: {reason}");
    }

    #[expect(clippy::disallowed_methods, reason = "a test starts its broker itself")]
    fn run(&self, verb: &str, arguments: &[String]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/kafka/kafka.sh");
        Command::new(script)
            .args([verb, "--port", &self.port.to_string(), "--dir"])
            .arg(&self.dir)
            .args(arguments)
            .env("KAFKA_JVM_OPTS", "-XX:TieredStopAtLevel=1")
            .env("KAFKA_HEAP", "256m")
            .output()
            .expect("the script is part of this repository")
    }
}

impl Drop for KafkaNode {
    fn drop(&mut self) {
        // Its data goes too, so there is nothing an orderly shutdown would save.
        self.run("kill9", &[]);
        let _gone_already = std::fs::remove_dir_all(&self.dir);
    }
}

/// The broker takes the port, its controller the next one.
pub(crate) fn free_port_pair() -> u16 {
    let pairs = PORTS.len() / 2;
    let first = std::process::id() as usize * 7;
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let port = (0..pairs)
        .map(|i| PORTS.start + 2 * ((first + i) % pairs) as u16)
        .find(|port| !given.contains(port) && is_free(*port) && is_free(port + 1))
        .expect("ten thousand ports are never all taken");
    given.push(port);
    port
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
