//! A cluster that is not open to all: TLS, both ways, and a password by SCRAM. With the feature that has them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::channel::{Mechanism, Password, Sasl, Tls};

/// A Kafka with a second door, and what opens it.
struct Secured {
    node: KafkaNode,
    door: String,
    folder: tempfile::TempDir,
}

impl Secured {
    /// Gives the reason to skip the test.
    fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        make_certificate(folder.path())?;
        std::fs::write(folder.path().join("password"), "hunter2\n").unwrap();
        let door = support::free_port_pair();
        let node = KafkaNode::start_with(|port| arguments(port, door, folder.path()))?;
        Ok(Self { node, door: format!("127.0.0.1:{door}"), folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn spec(&self, topic: &str) -> KafkaSpec {
        let tls = Tls {
            ca: Some(self.path("cert.pem")),
            identity: Some((self.path("cert.pem"), self.path("key.pem"))),
        };
        let sasl = Sasl {
            mechanism: Mechanism::ScramSha512,
            user: "me".into(),
            password: Password::File(self.path("password")),
        };
        let security = Security { tls: Some(tls), sasl: Some(sasl) };
        KafkaSpec { brokers: vec![self.door.clone()], security, ..spec(&self.node, topic, 1) }
    }
}

/// One that vouches for itself, for the broker and for us: `key.pem`, `cert.pem`, and both as `store.pem`.
#[expect(clippy::disallowed_methods, reason = "a test makes its certificate itself")]
fn make_certificate(folder: &Path) -> Result<(), String> {
    let wanted = "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem -subj /CN=127.0.0.1 \
                  -addext subjectAltName=IP:127.0.0.1";
    let made = Command::new("openssl").args(wanted.split_ascii_whitespace()).current_dir(folder).output();
    let made = made.map_err(|error| format!("no openssl to make a certificate with: {error}"))?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    std::fs::write(folder.join("store.pem"), read("key.pem") + &read("cert.pem")).unwrap();
    Ok(())
}

fn arguments(port: u16, door: u16, folder: &Path) -> Vec<String> {
    let (open, controller, folder) = (format!("PLAINTEXT://127.0.0.1:{port}"), port + 1, folder.display());
    let secured = format!("SECURED://127.0.0.1:{door}");
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    let settings = [
        format!("listeners={open},{secured},CONTROLLER://127.0.0.1:{controller}"),
        format!("advertised.listeners={open},{secured}"),
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL".into(),
        "inter.broker.listener.name=PLAINTEXT".into(),
        "listener.name.secured.sasl.enabled.mechanisms=SCRAM-SHA-512".into(),
        format!("listener.name.secured.scram-sha-512.sasl.jaas.config={scram}"),
        "listener.name.secured.ssl.keystore.type=PEM".into(),
        format!("listener.name.secured.ssl.keystore.location={folder}/store.pem"),
        "listener.name.secured.ssl.truststore.type=PEM".into(),
        format!("listener.name.secured.ssl.truststore.location={folder}/cert.pem"),
        "listener.name.secured.ssl.client.auth=required".into(),
    ];
    let sets = settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]);
    ["--scram", "me=hunter2"].map(str::to_owned).into_iter().chain(sets).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_behind_tls_and_scram_is_written_read_and_committed_to() {
    let secured = match Secured::start() {
        Ok(secured) => secured,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let spec = secured.spec("secured");
    let (kafka, _) = open_for(&spec, &["secured"]).await;
    for id in ["1", "2", "3"] {
        kafka.append(event(id, "")).await.unwrap();
    }
    assert_eq!(read_ids(&kafka, Partition(0), 0, 3).await, ["1", "2", "3"]);
    kafka.commit(vec![(Partition(0), at(2))]).await.unwrap();
    kafka.close().await;
    let group = mirror::mirrored("secured").group;
    let shown = tokio::task::block_in_place(|| mirror::seen(&secured.node, &group, "secured"));
    assert_eq!(shown.map(|(offset, _)| offset), Some(2), "the mirror has its own clients");
    let (kafka, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(at(2)));
    kafka.close().await;
    who_is_not_let_in_hears_where(&secured, &spec).await;
}

async fn who_is_not_let_in_hears_where(secured: &Secured, spec: &KafkaSpec) {
    std::fs::write(secured.path("wrong"), "hunter3").unwrap();
    let mut wrong = spec.clone();
    wrong.security.sasl.as_mut().unwrap().password = Password::File(secured.path("wrong"));
    let mut trusts_nobody = spec.clone();
    trusts_nobody.security.tls.as_mut().unwrap().ca = None;
    let mut nobody = spec.clone();
    nobody.security.tls.as_mut().unwrap().identity = None;
    for refused in [wrong, trusts_nobody, nobody] {
        let error =
            Kafka::open(&refused, no_subscribers()).await.err().expect("it is not let in").to_string();
        assert!(error.contains(&secured.door), "{error}");
        assert!(!error.contains("hunter"), "{error}");
    }
}
