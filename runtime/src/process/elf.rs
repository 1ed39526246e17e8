//! What an ELF binary says of itself: the machine it was built for, and the loader it needs.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// How such a file begins.
pub(super) const MAGIC: &[u8] = b"\x7fELF";

/// The header of a program that names its loader.
const PT_INTERP: u64 = 3;

/// What keeps this machine from running it, as far as its headers tell. `head` is the beginning of the file.
pub(super) fn complaint(file: &File, head: &[u8]) -> Option<String> {
    let Some(header) = Header::read(head) else {
        return Some("is cut off in its ELF header".into());
    };
    let (built_for, here) = (machine(header.machine), std::env::consts::ARCH);
    if built_for != here {
        return Some(format!("is built for {built_for}, this machine is {here}"));
    }
    let Some(loader) = header.loader(file) else {
        return Some("is a damaged or unfinished ELF binary".into());
    };
    (!loader.exists()).then(|| {
        format!(
            "needs the loader {}, which is not on this machine (link it statically, or build it here)",
            loader.display()
        )
    })
}

/// Where the fields lie differs between 32 and 64 bits, and the order of their bytes between machines.
struct Header {
    wide: bool,
    little: bool,
    machine: u64,
    /// Where the table of program headers begins, how large an entry is, and how many there are.
    table: u64,
    entry_size: u64,
    entries: u64,
}

impl Header {
    fn read(head: &[u8]) -> Option<Self> {
        let (wide, little) = (*head.get(4)? == 2, *head.get(5)? == 1);
        let field = |narrow_at, wide_at, size| {
            let at: usize = if wide { wide_at } else { narrow_at };
            Some(number(head.get(at..at + size)?, little))
        };
        Some(Self {
            wide,
            little,
            machine: field(18, 18, 2)?,
            table: field(28, 32, if wide { 8 } else { 4 })?,
            entry_size: field(42, 54, 2)?,
            entries: field(44, 56, 2)?,
        })
    }

    /// The loader; a path that exists when none is needed; nothing when the file is damaged.
    fn loader(&self, file: &File) -> Option<PathBuf> {
        for index in 0..self.entries {
            let mut entry = [0; 56];
            let entry = &mut entry[..if self.wide { 56 } else { 32 }];
            file.read_exact_at(entry, self.table.checked_add(index * self.entry_size)?).ok()?;
            if number(&entry[..4], self.little) != PT_INTERP {
                continue;
            }
            let (offset, size) = if self.wide { (8..16, 32..40) } else { (4..8, 16..20) };
            let length = usize::try_from(number(&entry[size], self.little)).ok()?;
            let mut path = vec![0; length.min(4096)];
            file.read_exact_at(&mut path, number(&entry[offset], self.little)).ok()?;
            return Some(OsStr::from_bytes(path.strip_suffix(b"\0").unwrap_or(&path)).into());
        }
        Some("/".into())
    }
}

fn number(bytes: &[u8], little: bool) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
}

/// As Rust names them.
fn machine(number: u64) -> &'static str {
    match number {
        3 => "x86",
        8 => "mips",
        20 => "powerpc",
        21 => "powerpc64",
        22 => "s390x",
        40 => "arm",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv64",
        258 => "loongarch64",
        _ => "another kind of machine",
    }
}
