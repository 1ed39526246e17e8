//! What was seen last at each URL, kept over a restart: a file of the state folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hyper::Uri;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::source::{Fetched, Poll};
use crate::rewrite;

/// Of a hash so many bytes are written: as many as a UUID has.
const HASH_BYTES: usize = 16;

/// The last body of a URL, and what its server calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The URL, hashed: there may be a secret in it.
    url: String,
    hash: String,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
    /// That of its event.
    pub(super) id: String,
}

/// By the names of sources.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Nothing when no state is kept.
    file: Option<PathBuf>,
    all: BTreeMap<String, Seen>,
}

impl Seen {
    /// What is there now. The id follows from the URL, the body, and what was there before: it is the same whenever this is
    /// found out again, and another when an old body comes back.
    pub(super) fn of(poll: &Poll, fetched: &Fetched, before: Option<&Self>) -> Self {
        let (url, hash) = (of_url(&poll.url), hash(&[&fetched.body]));
        let id = match before.filter(|before| before.hash == hash) {
            Some(before) => before.id.clone(),
            None => {
                let last = before.map_or("", |before| &before.id);
                let parts = [url.as_bytes(), hash.as_bytes(), last.as_bytes()];
                format!("{}-{}", poll.name, self::hash(&parts))
            }
        };
        Self { url, hash, etag: fetched.etag.clone(), modified: fetched.modified.clone(), id }
    }
}

impl Book {
    /// That of earlier lives.
    pub(super) fn open(state: Option<&Path>) -> Self {
        let file = state.map(|state| state.join("polls"));
        let text = file.as_ref().map_or_else(|| Ok("{}".into()), fs::read_to_string);
        let all = text.and_then(|text| Ok(serde_json::from_str(&text)?)).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::error!("it is not known what was seen at URLs: cannot read {file:?}: {error}");
            }
            BTreeMap::new()
        });
        Self { file, all }
    }

    /// What was seen last, if the URL was the same.
    pub(super) fn last(&self, poll: &Poll) -> Option<&Seen> {
        self.all.get(&*poll.name).filter(|seen| seen.url == of_url(&poll.url))
    }

    /// Keeps this instead of what stands there. Waits for the disk.
    pub(super) fn note(&mut self, poll: &Poll, seen: Seen) -> io::Result<()> {
        if self.all.get(&*poll.name) == Some(&seen) {
            return Ok(());
        }
        self.all.insert(poll.name.to_string(), seen);
        self.write()
    }

    /// Forgets those that are none any more. Waits for the disk.
    pub(super) fn retain(&mut self, is_one: impl Fn(&str) -> bool) -> io::Result<()> {
        let before = self.all.len();
        self.all.retain(|name, _| is_one(name));
        if self.all.len() == before { Ok(()) } else { self.write() }
    }

    fn write(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        rewrite::whole(file, &serde_json::to_string_pretty(&self.all)?)
    }
}

fn of_url(url: &Uri) -> String {
    hash(&[url.to_string().as_bytes()])
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::poll;
    use super::*;

    fn fetched(body: &'static str) -> Fetched {
        Fetched { body: body.into(), etag: Some("\"1\"".into()), ..Fetched::default() }
    }

    #[test]
    fn each_change_has_an_id_of_its_own_and_the_same_each_time() {
        let poll = poll("http://x/");
        let a = Seen::of(&poll, &fetched("a"), None);
        let b = Seen::of(&poll, &fetched("b"), Some(&a));
        let back = Seen::of(&poll, &fetched("a"), Some(&b));
        assert!(a.id != b.id && a.id != back.id && a.hash == back.hash, "{a:?} {b:?} {back:?}");
        assert_eq!(b, Seen::of(&poll, &fetched("b"), Some(&a)));
        assert_eq!(a.id, Seen::of(&poll, &fetched("a"), Some(&a)).id, "the same body is no change");
        assert_ne!(a.id, Seen::of(&self::poll("http://x/?y"), &fetched("a"), None).id);
    }

    #[test]
    fn what_was_seen_is_known_after_a_restart_and_at_this_url_only() {
        let state = tempfile::tempdir().unwrap();
        let poll = poll("http://x/?secret=1");
        let seen = Seen::of(&poll, &fetched("a"), None);
        Book::open(Some(state.path())).note(&poll, seen.clone()).unwrap();
        let text = fs::read_to_string(state.path().join("polls")).unwrap();
        assert!(!text.contains("secret") && !text.contains("http"), "{text}");
        let mut book = Book::open(Some(state.path()));
        assert_eq!(book.last(&poll), Some(&seen));
        assert_eq!(book.last(&self::poll("http://x/?secret=2")), None);
        book.retain(|_| false).unwrap();
        assert_eq!(Book::open(Some(state.path())).last(&poll), None);
        fs::write(state.path().join("polls"), "nothing of ours").unwrap();
        assert_eq!(Book::open(Some(state.path())).last(&poll), None);
    }
}
