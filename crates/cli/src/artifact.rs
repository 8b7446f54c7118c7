//! What a user names to be verified: a local file, or only its digest (`sha256:HEX`).
//!
//! Only ordinary files are read: opening a pipe would wait for whoever writes into it, and standard input has no name to
//! compare.

use std::path::Path;

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_verify::StagedFile;

use crate::directory::read_bounded;
use crate::failure::{Failure, Result};
use crate::hashing::sha256_file;

/// The prefix of a digest in place of a file.
const SHA256: &str = "sha256:";

/// Other algorithms that tools write before a digest; such a word is a mistake, not a file.
const OTHER_ALGORITHMS: [&str; 13] = [
    "md5",
    "sha1",
    "sha224",
    "sha384",
    "sha512",
    "sha512-256",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "sha2-256",
    "blake2b",
    "blake2s",
    "sha-256",
];

/// Something to verify, with the digest of its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Artifact {
    /// As it was typed.
    pub(crate) typed: String,
    /// The file, or a bare digest.
    pub(crate) staged: StagedFile,
}

impl Artifact {
    /// Reads a word of the command line: hashes the file, or takes the digest. A file whose name begins with `sha256:` is named
    /// with `./` before it.
    pub(crate) fn read(word: &Path) -> Result<Self> {
        match typed_digest(word)? {
            Some(sha256) => Ok(Self {
                typed: word.display().to_string(),
                staged: StagedFile::bare_digest(sha256),
            }),
            None => Self::of_file(word),
        }
    }

    /// Hashes a file, whatever its name.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        Ok(Self {
            typed: path.display().to_string(),
            staged: staged_file(path)?,
        })
    }

    /// The file's path; `None` for a bare digest.
    pub(crate) fn path(&self) -> Option<&Path> {
        (!self.staged.is_bare_digest()).then(|| self.staged.path())
    }
}

fn staged_file(path: &Path) -> Result<StagedFile> {
    let unreadable = |error: &std::io::Error| {
        Failure::new(format!("The file `{}` cannot be read", path.display()))
            .caused_by(error)
            .hint("Name an existing file, or its digest: `sha256:HEX`")
    };
    ordinary(path).map_err(|error| unreadable(&error))?;
    let (sha256, size) = sha256_file(path).map_err(|error| unreadable(&error))?;
    let filename = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(StagedFile::new(path.to_owned(), filename, sha256, size))
}

/// The digest that a word is, if it is one.
fn typed_digest(word: &Path) -> Result<Option<Sha256Digest>> {
    let Some(text) = word.to_str() else { return Ok(None) };
    if let Some(digits) = text.strip_prefix(SHA256) {
        return digits.parse().map(Some).map_err(|_| {
            let why = match digits.chars().find(|c| !c.is_ascii_hexdigit()) {
                Some(odd) => format!("`{}` is none", odd.escape_debug()),
                None => format!("there are {}", digits.len()),
            };
            Failure::new(format!("`{SHA256}` must be followed by 64 hexadecimal digits: {why}")).hint(file_hint(text))
        });
    }
    let algorithm = text
        .split_once(':')
        .map(|(algorithm, _)| algorithm.to_ascii_lowercase());
    let Some(algorithm) = algorithm.filter(|name| name == "sha256" || OTHER_ALGORITHMS.contains(&name.as_str())) else {
        return Ok(None);
    };
    let message = if algorithm == "sha256" {
        "A digest begins with `sha256:`, in lower case".to_owned()
    } else {
        format!("A digest is a SHA-256, not `{algorithm}`: that is what provenance names")
    };
    Err(Failure::new(message).hint(file_hint(text)))
}

/// What to type instead; the word is cut where it is long enough to be recognised.
fn file_hint(text: &str) -> String {
    const SHOWN: usize = 24;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{SHA256}` and 64 hexadecimal digits; or `./{shown}` for a file of such a name")
}

/// Reads a document that the user has named; it must be an ordinary file within the limit of [`read_bounded`].
pub(crate) fn read_document(path: &Path) -> std::io::Result<Vec<u8>> {
    ordinary(path)?;
    read_bounded(path)
}

/// Refuses what is no ordinary file. *Not checked*: that it is still the same when it is opened.
fn ordinary(path: &Path) -> std::io::Result<()> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path == Path::new("-") => {
            let why = "standard input is not read: write it to a file first";
            return Err(std::io::Error::new(std::io::ErrorKind::Unsupported, why));
        }
        metadata => metadata?,
    };
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() {
        "it is a folder"
    } else {
        "it is a pipe or a device, not an ordinary file: write it to a file first"
    };
    Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(word: &str) -> Failure {
        typed_digest(Path::new(word)).unwrap_err()
    }

    #[test]
    fn a_digest_is_64_digits_after_sha256_in_lower_case() {
        let digits = "0A".repeat(32);
        let digest = typed_digest(Path::new(&format!("sha256:{digits}"))).unwrap().unwrap();
        assert_eq!(digest.to_hex(), digits.to_lowercase());
        for (word, message) in [
            ("sha256:".to_owned(), "there are 0"),
            (format!("sha256:{}", "a".repeat(63)), "there are 63"),
            (format!("sha256:{}", "a".repeat(128)), "there are 128"),
            (format!("sha256:{}g", "a".repeat(63)), "`g` is none"),
            (format!("SHA256:{}", "a".repeat(64)), "in lower case"),
            (format!("sha512:{}", "a".repeat(128)), "not `sha512`"),
            (format!("md5:{}", "a".repeat(32)), "not `md5`"),
        ] {
            let failure = refused(&word);
            assert!(failure.message.contains(message), "{word}: {}", failure.message);
            assert!(failure.hints.iter().any(|hint| hint.contains("./")), "{word}");
        }
        for file in ["./sha256:aa", "foo.whl", "c:file", "dir/sha512:x", "-"] {
            assert!(typed_digest(Path::new(file)).unwrap().is_none(), "{file}");
        }
    }
}
