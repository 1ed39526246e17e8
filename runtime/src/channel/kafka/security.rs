//! TLS and SASL. What is secret is read here, given to the library, and kept nowhere of ours.

use std::path::Path;

use rdkafka::ClientConfig;

use crate::channel::{Mechanism, OpenError, Password, Sasl, Security, Tls};

/// Adds how the cluster is reached; nothing to add when it is open to all.
pub(super) fn secure(config: &mut ClientConfig, security: &Security) -> Result<(), OpenError> {
    let Security { tls, sasl } = security;
    let protocol = match (tls, sasl) {
        (None, None) => return Ok(()),
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    needs_feature(security)?;
    config.set("security.protocol", protocol);
    if let Some(tls) = tls {
        encrypt(config, tls)?;
    }
    if let Some(sasl) = sasl {
        log_in(config, sasl)?;
    }
    Ok(())
}

fn needs_feature(security: &Security) -> Result<(), OpenError> {
    if cfg!(feature = "kafka-tls") {
        return Ok(());
    }
    let what = match security {
        Security { tls: Some(_), .. } => "`[kafka] tls`",
        Security {
            sasl: Some(Sasl { mechanism: Mechanism::ScramSha256 | Mechanism::ScramSha512, .. }),
            ..
        } => "`[kafka] sasl` with a scram mechanism",
        _ => return Ok(()),
    };
    Err(OpenError(format!(
        "{what} needs a hydrant built with the feature `kafka-tls`: cargo build --release --features kafka-tls"
    )))
}

fn encrypt(config: &mut ClientConfig, tls: &Tls) -> Result<(), OpenError> {
    if let Some(ca) = &tls.ca {
        config.set("ssl.ca.location", file(ca)?);
    }
    if let Some((certificate, key)) = &tls.identity {
        config.set("ssl.certificate.location", file(certificate)?).set("ssl.key.location", file(key)?);
    }
    Ok(())
}

/// The library says of a file that it cannot read only that something failed.
fn file(path: &Path) -> Result<&str, OpenError> {
    std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    path.to_str().ok_or_else(|| OpenError(format!("the path {} is no UTF-8", path.display())))
}

fn log_in(config: &mut ClientConfig, sasl: &Sasl) -> Result<(), OpenError> {
    let mechanism = match sasl.mechanism {
        Mechanism::Plain => "PLAIN",
        Mechanism::ScramSha256 => "SCRAM-SHA-256",
        Mechanism::ScramSha512 => "SCRAM-SHA-512",
    };
    config
        .set("sasl.mechanism", mechanism)
        .set("sasl.username", &sasl.user)
        .set("sasl.password", password(&sasl.password)?);
    Ok(())
}

/// Without the end of line that editors leave.
fn password(from: &Password) -> Result<String, OpenError> {
    let password = match from {
        Password::File(path) => std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?,
        Password::Env(name) => std::env::var(name).map_err(|error| {
            OpenError(format!("the Kafka password should be in the environment as {name}: {error}"))
        })?,
    };
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(OpenError("the Kafka password is empty".into()));
    }
    Ok(password.to_owned())
}

fn unreadable(path: &Path, error: &std::io::Error) -> OpenError {
    OpenError(format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(password: Password) -> Security {
        let sasl = Sasl { mechanism: Mechanism::Plain, user: "me".into(), password };
        Security { tls: None, sasl: Some(sasl) }
    }

    #[test]
    fn a_password_is_read_without_its_line_end_and_is_in_no_debug_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "hunter2\n").unwrap();
        let security = plain(Password::File(path));
        let mut config = ClientConfig::new();
        secure(&mut config, &security).unwrap();
        assert_eq!(config.get("sasl.password"), Some("hunter2"));
        assert_eq!(config.get("security.protocol"), Some("sasl_plaintext"));
        assert!(!format!("{security:?}").contains("hunter2"));
        config.create_native_config().expect("SASL PLAIN needs no TLS in the library");
    }

    #[test]
    fn what_cannot_be_read_says_what() {
        let fails = |security: &Security, says: &str| {
            let error = secure(&mut ClientConfig::new(), security).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        fails(&plain(Password::File("/none/such".into())), "cannot read /none/such");
        fails(&plain(Password::Env("HYDRANT_NO_SUCH".into())), "in the environment as HYDRANT_NO_SUCH");
    }

    #[test]
    #[cfg(not(feature = "kafka-tls"))]
    fn without_the_feature_tls_names_it() {
        let tls = Security { tls: Some(Tls::default()), sasl: None };
        let scram = Sasl {
            mechanism: Mechanism::ScramSha512,
            user: "me".into(),
            password: Password::Env("HYDRANT_NO_SUCH".into()),
        };
        for security in [tls, Security { tls: None, sasl: Some(scram) }] {
            let error = secure(&mut ClientConfig::new(), &security).unwrap_err().to_string();
            assert!(error.contains("--features kafka-tls"), "{error}");
        }
    }

    #[test]
    #[cfg(feature = "kafka-tls")]
    fn with_the_feature_the_library_takes_all_of_it() {
        let password = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(password.path(), "hunter2").unwrap();
        for mechanism in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512] {
            let sasl =
                Sasl { mechanism, user: "me".into(), password: Password::File(password.path().into()) };
            let mut config = ClientConfig::new();
            secure(&mut config, &Security { tls: Some(Tls::default()), sasl: Some(sasl) }).unwrap();
            config.create_native_config().unwrap();
            assert_eq!(config.get("security.protocol"), Some("sasl_ssl"));
        }
    }
}
