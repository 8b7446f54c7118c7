//! Private directories, and those that killed runs have left.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

const PREFIX: &str = "slsa-pip-";
/// Letters and digits after the prefix.
const RANDOM: usize = 6;
/// What no run has touched for so long belongs to none.
const STALE: Duration = Duration::from_hours(24);
/// Entries of the folder for temporary files that are looked at: in a fuller one, what is left is left.
const LOOKED_AT: usize = 10_000;

/// A new directory below the one for temporary files that no other user may enter; it is removed when the value is dropped.
/// What was left there by runs of this user that were killed more than a day ago goes as well.
///
/// # Errors
/// If it cannot be made.
pub fn private_directory() -> io::Result<TempDir> {
    private_directory_in(&std::env::temp_dir())
}

fn private_directory_in(parent: &Path) -> io::Result<TempDir> {
    sweep(parent);
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).rand_bytes(RANDOM);
    // Left to the umask, others could read it.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(parent)
}

/// Removes what was left. Nobody waits for that, so what cannot be removed stays.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.take(LOOKED_AT).flatten() {
        if is_left(&entry) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_left(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let Some(random) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
        return false;
    };
    let named = random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // A link is not followed.
    let Some(metadata) = entry.metadata().ok().filter(|_| named) else {
        return false;
    };
    let age = metadata.modified().map(|time| SystemTime::now().duration_since(time));
    metadata.is_dir() && is_private(&metadata) && matches!(age, Ok(Ok(age)) if age > STALE)
}

/// Whether it is this user's, and nobody else's to enter, as these directories are made.
#[cfg(unix)]
fn is_private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let for_others = metadata.mode() & 0o077;
    metadata.uid() == rustix::process::geteuid().as_raw() && for_others == 0
}
/// The folder for temporary files is in the user's own profile.
#[cfg(not(unix))]
fn is_private(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn left(path: &Path, mode: u32, age: Duration) {
        fs::create_dir(path).unwrap();
        fs::write(path.join("file"), "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let time = SystemTime::now() - age;
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn what_killed_runs_have_left_goes_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        let old = Duration::from_hours(25);
        left(&path("slsa-pip-abc123"), 0o700, old);
        left(&path("slsa-pip-fresh1"), 0o700, Duration::from_hours(23));
        left(&path("slsa-pip-public"), 0o755, old);
        left(&path("slsa-pip-longer1"), 0o700, old);
        left(&path("slsa-pip-a.b.c1"), 0o700, old);
        left(&path("other"), 0o700, old);
        symlink(path("other"), path("slsa-pip-link12")).unwrap();
        let made = private_directory_in(parent.path()).unwrap();
        let mut names: Vec<String> = fs::read_dir(parent.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| *name != made.path().file_name().unwrap().to_str().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "other",
                "slsa-pip-a.b.c1",
                "slsa-pip-fresh1",
                "slsa-pip-link12",
                "slsa-pip-longer1",
                "slsa-pip-public"
            ]
        );
        assert!(path("other/file").exists());
        assert_eq!(fs::metadata(made.path()).unwrap().permissions().mode() & 0o7777, 0o700);
    }
}
