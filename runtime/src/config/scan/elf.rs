//! Which processor a program was built for, as its ELF header says.

/// `e_machine` values and how `uname -m` calls them.
const MACHINES: &[(u16, &str)] = &[
    (0x03, "x86"),
    (0x08, "mips"),
    (0x14, "powerpc"),
    (0x15, "powerpc64"),
    (0x16, "s390x"),
    (0x28, "arm"),
    (0x3e, "x86_64"),
    (0xb7, "aarch64"),
    (0xf3, "riscv64"),
    (0x102, "loongarch64"),
];

/// The processor a program was built for, if it is an ELF program and for another processor than ours.
pub(super) fn foreign_machine(head: &[u8]) -> Option<String> {
    if !head.starts_with(b"\x7fELF") {
        return None;
    }
    let bytes: [u8; 2] = head.get(18..20)?.try_into().ok()?;
    let big_endian = head[5] == 2;
    let machine = if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
    let known = MACHINES.iter().find(|(number, _)| *number == machine);
    let name = known.map_or_else(|| format!("machine {machine}"), |(_, name)| (*name).into());
    (!runs_here(&name)).then_some(name)
}

/// Most kernels of the 64-bit kinds run their 32-bit elders too.
fn runs_here(machine: &str) -> bool {
    let here = std::env::consts::ARCH;
    machine == here || matches!((here, machine), ("x86_64", "x86") | ("aarch64", "arm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(machine: u16, big_endian: bool) -> Vec<u8> {
        let mut head = vec![0; 20];
        head[..4].copy_from_slice(b"\x7fELF");
        head[5] = if big_endian { 2 } else { 1 };
        let bytes = if big_endian { machine.to_be_bytes() } else { machine.to_le_bytes() };
        head[18..].copy_from_slice(&bytes);
        head
    }

    #[test]
    fn a_program_for_another_processor_is_told_by_name() {
        assert_eq!(foreign_machine(&program(0x16, true)).as_deref(), Some("s390x"));
        assert_eq!(foreign_machine(&program(0x9999, false)).as_deref(), Some("machine 39321"));
    }

    #[test]
    fn our_own_program_and_what_is_no_program_are_not() {
        let ourselves = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(foreign_machine(&ourselves), None);
        for head in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01"] {
            assert_eq!(foreign_machine(head), None);
        }
    }
}
