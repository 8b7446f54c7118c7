//! The private directory that pip installs from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use slsa_pip_distribution::{PackageName, Sha256Digest, WheelFilename};
use slsa_pip_verify::Verified;
use tempfile::TempDir;

use crate::error::PipError;
use crate::private::private_directory;

/// Bytes that are copied and hashed at a time.
const CHUNK: usize = 256 * 1024;

/// A directory that only this user may enter, with a copy of each verified file, hashed while it was written, and the list
/// of names, versions and hashes. It is removed when this value is dropped.
pub(crate) struct Staging {
    directory: TempDir,
}

/// One file, as the verdict describes it.
pub(crate) struct Wanted {
    source: PathBuf,
    sha256: Sha256Digest,
    size: u64,
    wheel: WheelFilename,
}

/// Checks what can be checked without touching a file: wheels only, one for each project.
pub(crate) fn wanted(files: &[Verified]) -> Result<Vec<Wanted>, PipError> {
    let mut seen: BTreeMap<PackageName, String> = BTreeMap::new();
    let mut wanted = Vec::new();
    for file in files.iter().map(Verified::file) {
        let wheel: WheelFilename = file.filename().parse().map_err(|error| PipError::NotAWheel {
            file: file.filename().escape_debug().to_string(),
            why: slsa_pip_distribution::filename::InvalidFilename::to_string(&error),
        })?;
        if let Some(first) = seen.insert(wheel.name.clone(), wheel.as_str().to_owned()) {
            return Err(PipError::DuplicateProject {
                name: wheel.name.to_string(),
                first,
                second: wheel.as_str().to_owned(),
            });
        }
        wanted.push(Wanted {
            source: file.path().to_path_buf(),
            sha256: *file.sha256(),
            size: file.size(),
            wheel,
        });
    }
    Ok(wanted)
}

impl Staging {
    /// Fills a new private directory. Blocks.
    ///
    /// Files are copied, not linked: a link would let whoever holds the original open change it after it was hashed, and
    /// taking away the right to write would hit the original too.
    pub(crate) fn fill(wanted: &[Wanted]) -> Result<Self, PipError> {
        let directory = private_directory().map_err(|source| PipError::Staging { what: "made", source })?;
        let staging = Self { directory };
        let written = |source| PipError::Staging {
            what: "written",
            source,
        };
        fs::create_dir(staging.wheels()).map_err(written)?;
        fs::create_dir(staging.temporary()).map_err(written)?;
        let mut list = String::new();
        for file in wanted {
            staging.copy(file)?;
            let (name, version, sha256) = (&file.wheel.name, &file.wheel.version, &file.sha256);
            // `==1.0` would let pip keep an installed 1.0+local as if it were 1.0. Writing to a String cannot fail.
            let _ = writeln!(list, "{name}==={version} --hash=sha256:{sha256}");
        }
        fs::write(staging.hashes(), list).map_err(written)?;
        Ok(staging)
    }

    /// The directory itself; it holds nothing that a program started in it would read.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the wheels are.
    pub(crate) fn wheels(&self) -> PathBuf {
        self.directory.path().join("wheels")
    }

    /// Where pip unpacks them.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    /// The list of names, versions and hashes.
    pub(crate) fn hashes(&self) -> PathBuf {
        self.directory.path().join("hashes.txt")
    }

    fn copy(&self, file: &Wanted) -> Result<(), PipError> {
        let name = file.wheel.as_str();
        let unreadable = |source| PipError::Unreadable {
            file: name.to_owned(),
            source,
        };
        let written = |source| PipError::Staging {
            what: "written",
            source,
        };
        let path = self.wheels().join(name);
        let mut target = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(written)?;
        // One byte more than was verified shows that the file has grown; further ones need not be read.
        let mut source = File::open(&file.source)
            .map_err(unreadable)?
            .take(file.size.saturating_add(1));
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match source.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            let bytes = chunk.get(..read).unwrap_or_default();
            hash.update(bytes);
            target.write_all(bytes).map_err(written)?;
        }
        let mut found = [0; 32];
        for (to, from) in found.iter_mut().zip(hash.finish().as_ref()) {
            *to = *from;
        }
        let found = Sha256Digest::from_bytes(found);
        if found != file.sha256 {
            return Err(PipError::DigestMismatch {
                file: name.to_owned(),
                expected: file.sha256,
                found,
            });
        }
        read_only(&path).map_err(written)
    }
}

#[cfg(unix)]
fn read_only(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o400))
}
/// On Windows a read-only file cannot be removed; the directory is in the user's own profile.
#[cfg(not(unix))]
fn read_only(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn file(source: &Path, bytes: &[u8]) -> Wanted {
        fs::write(source, bytes).unwrap();
        let sha256 = digest::digest(&digest::SHA256, bytes);
        Wanted {
            source: source.to_path_buf(),
            sha256: Sha256Digest::from_bytes(sha256.as_ref().try_into().unwrap()),
            size: bytes.len() as u64,
            wheel: "Foo_Bar-1.0+local_1-2-py3-none-any.whl".parse().unwrap(),
        }
    }

    #[test]
    fn private_read_only_listed_and_removed() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("source");
        let wanted = file(&source, &vec![7; CHUNK + 1]);
        let before = mode(&source);
        let staging = Staging::fill(&[wanted]).unwrap();
        let wheel = staging.wheels().join("Foo_Bar-1.0+local_1-2-py3-none-any.whl");
        assert_eq!((mode(staging.path()), mode(&wheel)), (0o700, 0o400));
        assert_eq!(fs::read(&wheel).unwrap(), fs::read(&source).unwrap());
        let list = fs::read_to_string(staging.hashes()).unwrap();
        let sha256 = "--hash=sha256:";
        assert!(list.starts_with(&format!("foo-bar===1.0+local.1 {sha256}")), "{list}");
        assert_eq!(list.lines().count(), 1);
        let path = staging.path().to_path_buf();
        drop(staging);
        assert!(!path.exists());
        assert_eq!(mode(&source), before, "the original is left alone");
    }

    #[test]
    fn nothing_is_left_when_a_digest_differs() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("source");
        let wanted = file(&source, b"good");
        fs::write(&source, b"evil").unwrap();
        assert!(matches!(Staging::fill(&[wanted]), Err(PipError::DigestMismatch { .. })));
    }
}
