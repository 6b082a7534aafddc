//! What a Linux binary needs of the machine that runs it.

use object::{
    Endianness, elf,
    read::elf::{FileHeader as _, SectionHeader as _},
};

/// A binary for x86-64, as far as it matters to a dyno.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Nothing but the kernel.
    Nothing,
    /// This version of glibc, or a newer one.
    Glibc(u32, u32),
}

/// What a file needs.
///
/// # Errors
/// When it is no program for Linux on x86-64: why, in words.
pub fn needs(bytes: &[u8]) -> Result<Needs, &'static str> {
    const OTHER: &str = "it is no program for Linux on x86-64";
    let header = elf::FileHeader64::<Endianness>::parse(bytes).map_err(|_| OTHER)?;
    let endian = header.endian().map_err(|_| OTHER)?;
    let is_program = matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN);
    if header.e_machine(endian) != elf::EM_X86_64 || !is_program {
        return Err(OTHER);
    }
    let has_loader = header.program_headers(endian, bytes).is_ok_and(|segments| {
        use object::read::elf::ProgramHeader as _;
        let mut segments = segments.iter();
        segments.any(|segment| segment.p_type(endian) == elf::PT_INTERP)
    });
    if !has_loader {
        return Ok(Needs::Nothing);
    }
    glibc(header, endian, bytes).ok_or("which glibc it needs cannot be read")
}

/// The newest of the versions of glibc whose symbols it names.
fn glibc(
    header: &elf::FileHeader64<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> Option<Needs> {
    let sections = header.sections(endian, bytes).ok()?;
    let mut newest = None;
    for section in sections.iter() {
        let Some((mut needed, link)) = section.gnu_verneed(endian, bytes).ok()? else {
            continue;
        };
        let strings = sections.strings(endian, bytes, link).ok()?;
        while let Some((_, mut versions)) = needed.next().ok()? {
            while let Some(version) = versions.next().ok()? {
                let name = version.name(endian, strings).ok()?;
                let name = std::str::from_utf8(name).ok()?;
                newest = newest.max(version_of(name));
            }
        }
    }
    newest.map(|(major, minor)| Needs::Glibc(major, minor))
}

/// `GLIBC_2.17`, `GLIBC_2.2.5`.
fn version_of(name: &str) -> Option<(u32, u32)> {
    let mut parts = name.strip_prefix("GLIBC_")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
    fn this_very_program_needs_some_glibc() {
        let path = std::path::Path::new("/proc/self/exe");
        let bytes = std::fs::read(path).expect("this program");
        let needs = needs(&bytes).expect("a program");
        assert!(matches!(needs, Needs::Glibc(2, 10..)), "{needs:?}");
    }

    #[test]
    fn anything_else_is_refused() {
        let mut arm = vec![0; 64];
        arm[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\x00");
        arm[16] = 2;
        arm[18] = 183;
        for bytes in [&b"#!/bin/sh\n"[..], b"", b"\x7fELF", &arm] {
            assert!(needs(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version_of("GLIBC_2.2.5"), Some((2, 2)));
        assert!(version_of("GLIBC_2.17") > version_of("GLIBC_2.4"));
        assert_eq!(version_of("GCC_3.0"), None);
    }
}
