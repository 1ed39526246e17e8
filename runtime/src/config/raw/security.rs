//! `tls` and `sasl` in `[kafka]`: how to reach a cluster that is not open to all. A password is named, never written.

use crate::channel::Mechanism;
use crate::config::source::At;
use crate::config::value::Value;

/// `tls = true`, or the files. Paths as they are written.
#[derive(Debug, Default)]
pub(in crate::config) struct Tls {
    pub(in crate::config) ca: Option<At<String>>,
    /// A certificate and its key.
    pub(in crate::config) identity: Option<(At<String>, At<String>)>,
}

#[derive(Debug)]
pub(in crate::config) struct Sasl {
    pub(in crate::config) mechanism: Mechanism,
    pub(in crate::config) user: String,
    pub(in crate::config) password: Password,
}

/// Where the password is.
#[derive(Debug)]
pub(in crate::config) enum Password {
    File(String),
    Env(String),
}

pub(in crate::config) const MECHANISMS: &[(&str, Mechanism)] = &[
    ("plain", Mechanism::Plain),
    ("scram-sha-256", Mechanism::ScramSha256),
    ("scram-sha-512", Mechanism::ScramSha512),
];

pub(in crate::config) const TLS_KEYS: &[&str] = &["ca", "cert", "key"];
/// `password` is known so that it can be refused with a reason.
pub(in crate::config) const SASL_KEYS: &[&str] =
    &["mechanism", "user", "password_file", "password_env", "password"];

const NAME_THE_PASSWORD: &str =
    "password_file = \"PATH\", or password_env = \"NAME\" of an environment variable";

impl Tls {
    /// Nothing when there is none.
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        if value.is_boolean() {
            return value.boolean().filter(|tls| tls.value).map(|_| Self::default());
        }
        let table = value.table("[kafka] tls", TLS_KEYS)?;
        let path = |key| table.get(key).and_then(|v| path(&v));
        let identity = match (path("cert"), path("key")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                return value.refuse(
                    "a `cert` with its `key`, or neither",
                    "one of the two",
                    "add the other",
                );
            }
        };
        Some(Self { ca: path("ca"), identity })
    }
}

impl Sasl {
    /// Nothing when there is none.
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        if value.is_boolean() {
            let is = value.boolean()?.value;
            return if is { value.refuse("a table", "`true`", "name a mechanism and a user") } else { None };
        }
        let table = value.table("[kafka] sasl", SASL_KEYS)?;
        if let Some(literal) = table.get("password") {
            return literal.refuse("somewhere else", "written here", NAME_THE_PASSWORD);
        }
        let file = table.get("password_file").and_then(|v| path(&v)).map(|path| Password::File(path.value));
        let env = table.get("password_env").and_then(|v| v.word()).map(|name| Password::Env(name.value));
        let ((Some(password), None) | (None, Some(password))) = (file, env) else {
            return value.refuse("told where the password is, once", "not", NAME_THE_PASSWORD);
        };
        Some(Self {
            mechanism: table
                .need("mechanism", "such as mechanism = \"scram-sha-512\"")
                .and_then(|v| v.one_of(MECHANISMS))?
                .value,
            user: table.need("user", "say who logs in").and_then(|v| v.word())?.value,
            password,
        })
    }
}

fn path(value: &Value<'_>) -> Option<At<String>> {
    let path = value.word()?;
    if path.value.is_empty() {
        return value.refuse("the path of a file", "empty", "leave the key out");
    }
    Some(path)
}
