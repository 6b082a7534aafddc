//! A slug with one binary in it, made in memory: the same bytes from the same binary, whenever and
//! wherever it is made (HEROKU 4.3).

use super::elf::{self, Needs};
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, io, path::Path};

/// The process type of the dyno that watches.
pub const PROCESS_TYPE: &str = "runner";
/// What a dyno, or Heroku Scheduler, calls.
pub const COMMAND: &str = "./bin/autorestart run";
/// The glibc of heroku-22, the oldest stack that there is.
const OLDEST: (u32, u32) = (2, 35);

/// A slug's bytes, and what is said of them.
#[derive(Debug, Clone)]
pub struct Package {
    pub bytes: Vec<u8>,
    /// `SHA256:` and 64 hexadecimal digits.
    pub checksum: String,
}

/// What each process type runs.
#[must_use]
pub fn process_types() -> BTreeMap<&'static str, String> {
    BTreeMap::from([(PROCESS_TYPE, format!("{COMMAND} --watch"))])
}

impl Package {
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    /// # Errors
    /// When the binary cannot run on a dyno: why, in words.
    pub fn of(binary: &[u8]) -> Result<Self, String> {
        if let Needs::Glibc(major, minor) = elf::needs(binary)?
            && (major, minor) > OLDEST
        {
            let (has_major, has_minor) = OLDEST;
            return Err(format!(
                "it needs glibc {major}.{minor}, and Heroku's stacks have {has_major}.{has_minor} or newer ones"
            ));
        }
        let bytes = pack(binary).map_err(|error| error.to_string())?;
        let mut checksum = "SHA256:".to_owned();
        for byte in Sha256::digest(&bytes) {
            let _ = write!(checksum, "{byte:02x}");
        }
        Ok(Self { bytes, checksum })
    }
}

fn pack(binary: &[u8]) -> io::Result<Vec<u8>> {
    // Without a time and a name: they would make other bytes of the same binary.
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(vec![], Compression::default());
    let mut archive = tar::Builder::new(gzip);
    for directory in ["./app/", "./app/bin/"] {
        archive.append(&entry(directory, tar::EntryType::Directory, 0), io::empty())?;
    }
    let size = binary.len() as u64;
    let header = entry("./app/bin/autorestart", tar::EntryType::Regular, size);
    archive.append(&header, binary)?;
    archive.into_inner()?.finish()
}

/// The path as it is: the library would take the `./` away, which Heroku's own slugs have.
fn entry(path: &str, kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let name = &mut header.as_old_mut().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    #[test]
    fn a_slug_is_a_tar_of_app_and_the_same_each_time() {
        let first = pack(b"binary").expect("a slug");
        assert_eq!(first, pack(b"binary").expect("a slug"));
        let mut archive = tar::Archive::new(GzDecoder::new(&*first));
        let mut seen = vec![];
        for entry in archive.entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mode = entry.header().mode().expect("a mode");
            seen.push(format!("{path} {mode:o} {text}").trim().to_owned());
        }
        assert_eq!(
            seen,
            [
                "./app/ 755",
                "./app/bin/ 755",
                "./app/bin/autorestart 755 binary"
            ]
        );
    }

    #[test]
    fn a_script_is_no_binary_for_a_dyno() {
        let refused = Package::of(b"#!/bin/sh\n").expect_err("a script");
        assert_eq!(refused, "it is no program for Linux on x86-64");
    }
}
