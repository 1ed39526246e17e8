//! What a function's files hold: one content is told from another by a number, and named by its hash.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Digits of a hash that people are shown.
const SHOWN_DIGITS: usize = 8;
const PIECE_BYTES: usize = 64 << 10;

/// One content of a function's files. A clone is the same; equal contents are the same revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    number: u64,
    hash: Known,
    /// Which file made it another than the one before, for people.
    because: Option<Arc<str>>,
}

/// A hash, once somebody computed it.
pub(super) type Known = Arc<OnceLock<Hash>>;

/// SHA-256: of the one file, as `sha256sum` prints it, or of the list of a folder's files with theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hash([u8; 32]);

/// What the system says of a file: while it says the same, the file was not written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stat {
    device: u64,
    inode: u64,
    pub(super) bytes: u64,
    modified_ns: i64,
    pub(super) executable: bool,
}

/// A function's files, in the order of their paths. A map would keep room for ten more than the one that most have.
pub(super) type Stats = Vec<(Arc<Path>, Stat)>;

impl Content {
    /// `hash` is to become its name.
    pub(super) fn new(number: u64, hash: Known, because: Option<String>) -> Self {
        Self { number, hash, because: because.map(Arc::from) }
    }

    /// Its name, once somebody computed it.
    pub(crate) fn hash(&self) -> Option<Hash> {
        self.hash.get().copied()
    }

    pub(super) fn name(&self, hash: Hash) {
        // Of one content there is one hash: whoever came first said the same.
        self.hash.set(hash).ok();
    }

    /// Which file made it another than the one before, for people.
    pub(crate) fn because(&self) -> Option<&str> {
        self.because.as_deref()
    }

    #[cfg(test)]
    pub(crate) fn numbered(number: u64) -> Self {
        Self::new(number, Known::default(), None)
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Content {}

impl Stat {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            // Only to be compared: what lies centuries away comes round.
            modified_ns: metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec()),
            executable: metadata.mode() & 0o111 != 0,
        }
    }

    /// Whether the file there is the one this was said of, and was not written since.
    pub(crate) fn is_of(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| Self::of(&metadata) == *self)
    }

    /// The same of a file that is open.
    pub(super) fn is_of_open(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|metadata| Self::of(&metadata) == *self)
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Hash {
    /// Of a file, or of where a link leads that leads to no file. Nothing when the file is not the one that `stat`
    /// was taken of any more.
    pub(super) fn of_file(path: &Path, stat: &Stat) -> io::Result<Option<Self>> {
        if !path.is_file() {
            return Ok(Some(Self::of_bytes(fs::read_link(path)?.as_os_str().as_bytes())));
        }
        let mut file = open(path)?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES.min(stat.bytes as usize + 1)];
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                break;
            }
            hash.update(&piece[..length]);
        }
        Ok(stat.is_of_open(&file).then(|| Self(hash.finalize().into())))
    }

    /// Of files with their hashes, by their paths below `root`.
    pub(super) fn of_all<'a>(root: &Path, files: impl Iterator<Item = (&'a Path, &'a Stat, Self)>) -> Self {
        let mut all = Sha256::new();
        for (path, stat, hash) in files {
            let name = path.strip_prefix(root).unwrap_or(path).as_os_str().as_bytes();
            all.update(hash.0);
            all.update([u8::from(stat.executable)]);
            all.update(name.len().to_le_bytes());
            all.update(name);
        }
        Self(all.finalize().into())
    }

    /// Of what the system says of files: while it is the same, none was written.
    pub(super) fn of_stats(stats: &Stats) -> Self {
        let mut all = Sha256::new();
        for (path, stat) in stats {
            all.update(path.as_os_str().as_bytes());
            all.update(stat.device.to_le_bytes());
            all.update(stat.inode.to_le_bytes());
            all.update(stat.bytes.to_le_bytes());
            all.update(stat.modified_ns.to_le_bytes());
            all.update([u8::from(stat.executable)]);
        }
        Self(all.finalize().into())
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The first digits.
    pub(crate) fn short(self) -> String {
        self.to_string()[..SHOWN_DIGITS].to_owned()
    }
}

/// Whether two files hold the same, byte by byte up to where they differ. Nothing when one of them is not the one any more that
/// its stat was taken of.
pub(super) fn hold_the_same(one: (&Path, &Stat), other: (&Path, &Stat)) -> io::Result<Option<bool>> {
    let [mut first, mut second] = [open(one.0)?, open(other.0)?];
    let mut pieces = [vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]];
    let [a, b] = &mut pieces;
    let same = loop {
        let length = first.read(a)?;
        let is_same = second.read_exact(&mut b[..length]).is_ok() && a[..length] == b[..length];
        if length == 0 || !is_same {
            break is_same;
        }
    };
    Ok((one.1.is_of_open(&first) && other.1.is_of_open(&second)).then_some(same))
}

/// It may have become a pipe meanwhile, which must not hold us up.
fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
