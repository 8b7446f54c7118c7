//! Where policy files lie that nobody has named.

use std::path::{Path, PathBuf};

use super::{DEFAULT_POLICY_FILE, PYPROJECT, Read, read_pyproject, read_unasked};
use crate::failure::{Failure, Result};

/// The program's folder among the user's settings.
const NAME: &str = "slsa-pip";

/// The nearest policy, from the working directory upwards: to the user's home folder where it is below that, otherwise to the
/// root. What is found must be the user's own (or root's): a file that somebody else has put above the working directory is an
/// error, and is not passed over, since it may be a colleague's who thinks that it holds.
pub(super) fn upwards() -> Result<Option<Read>> {
    // As relative paths, so that messages name the usual file as everybody does.
    if let Some(found) = in_folder(Path::new(""))? {
        return Ok(Some(found));
    }
    let Ok(start) = std::env::current_dir() else {
        // Without a working directory there is nothing above it.
        return Ok(None);
    };
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    for folder in above(&start, home.as_deref()) {
        if let Some(found) = in_folder(folder)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The folders above one, up to the home folder or the root.
fn above<'a>(start: &'a Path, home: Option<&Path>) -> Vec<&'a Path> {
    let last = home.filter(|home| start.starts_with(home));
    if last == Some(start) {
        return Vec::new();
    }
    let mut folders = Vec::new();
    for folder in start.ancestors().skip(1) {
        folders.push(folder);
        if last == Some(folder) {
            break;
        }
    }
    folders
}

/// The policy of one folder. Two would be two truths.
fn in_folder(folder: &Path) -> Result<Option<Read>> {
    let own = read_unasked(&folder.join(DEFAULT_POLICY_FILE))?;
    let pyproject = read_pyproject(&folder.join(PYPROJECT))?;
    match (own, pyproject) {
        (Some(own), Some(pyproject)) => Err(Failure::new(format!(
            "Both `{}` and `{}` hold a policy",
            own.path.display(),
            pyproject.path.display()
        ))
        .hint(format!(
            "Keep one of them, or name the one that is to hold: `--policy {}`",
            own.path.display()
        ))),
        (own, pyproject) => Ok(own.or(pyproject)),
    }
}

/// The user-wide file, whether it is there or not; `None` for an account without a home.
pub(super) fn user_wide() -> Option<PathBuf> {
    usual(|name| std::env::var_os(name).map(PathBuf::from), std::env::home_dir())
}

/// The platform's usual place; a variable that is no absolute path is ignored, as the XDG specification asks.
fn usual(variable: impl Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let home = home.and_then(absolute);
    let parent = if cfg!(windows) {
        variable("APPDATA").and_then(absolute)
    } else if let Some(named) = variable("XDG_CONFIG_HOME").and_then(absolute) {
        Some(named)
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library").join("Application Support"))
    } else {
        home.map(|home| home.join(".config"))
    };
    parent.map(|parent| parent.join(NAME).join(DEFAULT_POLICY_FILE))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_search_ends_at_home_or_at_the_root() {
        let shown = |start: &str, home: Option<&str>| {
            let folders = above(Path::new(start), home.map(Path::new));
            folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown("/users/a/p/q", Some("/users/a")), ["/users/a/p", "/users/a"]);
        assert_eq!(shown("/srv/p", Some("/users/a")), ["/srv", "/"]);
        assert_eq!(shown("/srv", None), ["/"]);
        assert!(shown("/users/a", Some("/users/a")).is_empty());
        assert_eq!(shown("/users/ab/p", Some("/users/a")), ["/users/ab", "/users", "/"]);
    }

    #[test]
    fn the_user_wide_file_lies_among_the_users_settings() {
        let home = || Some(PathBuf::from("/users/a"));
        let xdg = |value: &'static str| move |name: &str| (name == "XDG_CONFIG_HOME").then(|| PathBuf::from(value));
        assert_eq!(
            usual(xdg("/c"), home()).unwrap(),
            PathBuf::from("/c/slsa-pip/slsa-pip.toml")
        );
        let below_home = usual(|_| None, home()).unwrap();
        assert!(below_home.starts_with("/users/a") && below_home.ends_with("slsa-pip/slsa-pip.toml"));
        assert_eq!(usual(xdg("relative"), home()).unwrap(), below_home);
        assert_eq!(usual(|_| None, None), None);
    }
}
