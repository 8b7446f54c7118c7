//! What pip would leave where it is: files of the same name that lie in the place already.
//!
//! pip does not touch a distribution that is installed in the wanted version, nor, with `--target`, anything of that name. It
//! says so and succeeds; what then lies there may be something else than what was verified.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use slsa_pip_distribution::WheelFilename;
use slsa_pip_pip::InstalledDistribution;
use slsa_pip_verify::Verified;
use zip::ZipArchive;

use crate::failure::{Failure, Result};

/// Bytes that are compared at a time.
const CHUNK: usize = 64 * 1024;

/// The distributions that are installed already in the verified version, and which pip therefore keeps.
///
/// # Errors
/// If one of them is not the verified one.
pub(crate) fn kept<'a>(verified: &'a [Verified], installed: &[InstalledDistribution]) -> Result<Vec<&'a Verified>> {
    let mut kept = Vec::new();
    for proof in verified {
        let Ok(wheel) = proof.file().filename().parse::<WheelFilename>() else {
            continue;
        };
        let mut same = installed
            .iter()
            .filter(|it| {
                it.name.parse().as_ref() == Ok(&wheel.name) && it.version.parse().as_ref() == Ok(&wheel.version)
            })
            .peekable();
        if same.peek().is_none() {
            continue;
        }
        kept.push(proof);
        for it in same {
            let place = it.location.as_deref().unwrap_or(Path::new(""));
            if let Some(path) = difference(proof.file().path(), place) {
                return Err(Failure::new(format!(
                    "{} {} is installed already, but not from the verified file: `{}` differs",
                    wheel.name,
                    wheel.version,
                    path.display()
                ))
                .hint(if is_record(&path.to_string_lossy()) {
                    // pip removes nothing that has no list of its files.
                    "it is half installed; write the verified file over it: slsa-pip install --ignore-installed …"
                } else {
                    "replace it by the verified file: slsa-pip install --force-reinstall …"
                }));
            }
        }
    }
    Ok(kept)
}

/// Checks that `--target` will replace what it has to.
///
/// # Errors
/// If something other than the verified files would stay in their place.
pub(crate) fn check_target(verified: &[Verified], target: &Path, upgrade: bool) -> Result<()> {
    for file in verified.iter().map(Verified::file) {
        let unreadable = |error: &dyn std::fmt::Display| {
            Failure::new(format!("`{}` cannot be read again: {error}", file.filename()))
        };
        let archive = File::open(file.path()).map_err(|error| unreadable(&error))?;
        let archive = ZipArchive::new(BufReader::new(archive)).map_err(|error| unreadable(&error))?;
        let names = archive.file_names().collect::<std::result::Result<Vec<_>, _>>();
        let names = names.map_err(|error| unreadable(&error))?;
        for name in tops(names.iter().map(|name| &**name)) {
            let path = target.join(&name);
            let Ok(found) = path.symlink_metadata() else {
                continue;
            };
            let replaced = upgrade && !found.is_symlink();
            if !replaced && difference(file.path(), target).is_some() {
                let hint = if found.is_symlink() {
                    format!("remove the link first: rm {}", path.display())
                } else {
                    "let pip replace it: slsa-pip install --upgrade --target …".to_owned()
                };
                return Err(Failure::new(format!(
                    "`{}` exists already, and pip would leave it as it is in place of that of `{}`",
                    path.display(),
                    file.filename()
                ))
                .hint(hint));
            }
        }
    }
    Ok(())
}

/// The modules and packages that a wheel puts at the top of the folder that it is installed into.
fn tops<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut tops = BTreeSet::new();
    for name in names {
        let mut parts = name.split('/').filter(|part| !part.is_empty());
        let top = match parts.next() {
            Some(data) if data.strip_suffix(".data").is_some() => match parts.next() {
                Some("purelib" | "platlib") => parts.next(),
                _ => None,
            },
            first => first,
        };
        tops.extend(top.map(str::to_owned));
    }
    tops
}

/// The first file of the wheel that does not lie in `place` with the same bytes, if there is one. What an installation
/// places elsewhere is not compared; of the list that it writes anew, and last, only that it is there: otherwise the installation
/// was ended half-way.
fn difference(wheel: &Path, place: &Path) -> Option<PathBuf> {
    let Ok(mut archive) = File::open(wheel)
        .map_err(drop)
        .and_then(|file| ZipArchive::new(BufReader::new(file)).map_err(drop))
    else {
        return Some(wheel.to_path_buf());
    };
    for position in 0..archive.len() {
        let Ok(entry) = archive.by_index(position) else {
            return Some(wheel.to_path_buf());
        };
        let Ok(name) = entry.name().map(Cow::into_owned) else {
            return Some(wheel.to_path_buf());
        };
        let elsewhere = name
            .split('/')
            .next()
            .is_some_and(|top| top.strip_suffix(".data").is_some());
        if entry.is_dir() || elsewhere {
            continue;
        }
        let Some(path) = entry.enclosed_name().map(|name| place.join(name)) else {
            return Some(wheel.to_path_buf());
        };
        let good = if is_record(&name) {
            path.is_file()
        } else {
            same_bytes(entry, &path)
        };
        if !good {
            return Some(path);
        }
    }
    None
}

fn is_record(name: &str) -> bool {
    name.ends_with(".dist-info/RECORD")
}

/// Whether the file at `path` holds exactly these bytes.
fn same_bytes(mut wanted: impl Read, path: &Path) -> bool {
    // Opening a pipe would wait for whoever writes into it.
    let Some(mut found) = Some(path)
        .filter(|path| path.is_file())
        .and_then(|path| File::open(path).ok())
    else {
        return false;
    };
    let (mut ours, mut theirs) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let (Ok(count), Ok(other)) = (fill(&mut wanted, &mut ours), fill(&mut found, &mut theirs)) else {
            return false;
        };
        if ours.get(..count) != theirs.get(..other) {
            return false;
        }
        if count == 0 {
            return true;
        }
    }
}

/// Reads until the buffer is full or there is no more.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 => break,
            read => count += read,
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_wheel_puts_at_the_top() {
        let names = [
            "a/__init__.py",
            "a/b/c.py",
            "single.py",
            "a-1.data/scripts/run",
            "a-1.data/purelib/pure/x.py",
            "a-1.dist-info/METADATA",
        ];
        let found: Vec<String> = tops(names.into_iter()).into_iter().collect();
        assert_eq!(found, ["a", "a-1.dist-info", "pure", "single.py"]);
    }

    #[test]
    fn bytes_are_compared_to_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![1; CHUNK + 1]).unwrap();
        assert!(same_bytes(vec![1; CHUNK + 1].as_slice(), &path));
        for other in [CHUNK, CHUNK + 2, 0] {
            assert!(!same_bytes(vec![1; other].as_slice(), &path), "{other}");
        }
        assert!(!same_bytes(&b""[..], &folder.path().join("missing")));
        assert!(!same_bytes(&b""[..], folder.path()));
    }
}
