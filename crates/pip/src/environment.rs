//! The environment that interpreters are found and started in.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::PipError;

/// Variables and working directory; an argument, so that nothing below reads the process's own by accident.
#[derive(Clone)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    offline: bool,
}

/// Without the entries of `PATH` that are relative, the empty one among them: programs would be found in the working directory.
fn safe(mut variables: Vec<(OsString, OsString)>) -> Vec<(OsString, OsString)> {
    for (_, path) in variables.iter_mut().filter(|(name, _)| name == "PATH") {
        let absolute = std::env::split_paths(path).filter(|entry| entry.is_absolute());
        // An entry that holds the separator came from none.
        let absolute = std::env::join_paths(absolute).unwrap_or_default();
        *path = absolute;
    }
    // One without an entry means the working directory, too.
    variables.retain(|(name, path)| name != "PATH" || !path.is_empty());
    variables
}

/// What tells the probe to make no request.
const OFFLINE: &str = "SLSA_PIP_PROBE_OFFLINE";

/// Variables of Python that are kept for the hand-off: they say where the user site is. All others are ignored by
/// `python -I` and removed all the same.
const KEPT_PYTHON_VARIABLES: [&str; 2] = ["PYTHONUSERBASE", "PYTHONNOUSERSITE"];

impl Environment {
    /// The process's own.
    #[must_use]
    pub fn current() -> Self {
        Self {
            variables: safe(std::env::vars_os().collect()),
            directory: std::env::current_dir().ok(),
            offline: false,
        }
    }

    /// Other variables and another working directory.
    #[must_use]
    pub fn new(variables: Vec<(OsString, OsString)>, directory: PathBuf) -> Self {
        Self {
            variables: safe(variables),
            directory: Some(directory),
            offline: false,
        }
    }

    /// The same for a probe that makes no request: a requirements file that is named by a URL is an error then.
    #[must_use]
    pub fn without_network(mut self) -> Self {
        self.offline = true;
        self
    }

    /// The working directory, if it still exists.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The value of a variable, unless it is unset or empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// For the probe: pip reads its variables itself. `PIP_PYTHON` would make it act on another interpreter than the one
    /// that was chosen.
    pub(crate) fn for_probe(&self) -> Vec<(&OsStr, &OsStr)> {
        let mut kept =
            self.kept(|name| name != "PIP_PYTHON" && name != "PIP_AUTO_COMPLETE" && !name.starts_with("_PIP_"));
        kept.extend(self.offline.then(|| (OsStr::new(OFFLINE), OsStr::new("1"))));
        kept
    }

    /// For the hand-off: nothing that pip or Python is configured by.
    pub(crate) fn for_hand_off(&self) -> Vec<(&OsStr, &OsStr)> {
        self.kept(|name| {
            let python = name.starts_with("PYTHON") && !KEPT_PYTHON_VARIABLES.contains(&name);
            !(python || name.starts_with("PIP_") || name.starts_with("_PIP_") || name == "__PYVENV_LAUNCHER__")
        })
    }

    /// For keyring: nothing that lets Python or the search for programs depend on the working directory. Backends are
    /// chosen by `PYTHON_KEYRING_BACKEND`.
    pub(crate) fn for_keyring(&self) -> Vec<(OsString, OsString)> {
        let kept = self.kept(|name| {
            let python = name.starts_with("PYTHON") && !name.starts_with("PYTHON_KEYRING");
            !(python || name == "PATH" || name == "__PYVENV_LAUNCHER__")
        });
        let mut kept: Vec<_> = kept
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        // An entry that holds the separator came from none.
        let path = std::env::join_paths(self.absolute_path()).unwrap_or_default();
        kept.push(("PATH".into(), path));
        // Otherwise Python looks in the working directory first, on Windows.
        kept.push(("NoDefaultCurrentDirectoryInExePath".into(), "1".into()));
        kept
    }

    /// The program `keyring`, if an absolute folder of `PATH` other than the working directory has it.
    pub(crate) fn keyring_program(&self) -> Option<PathBuf> {
        let name = format!("keyring{}", std::env::consts::EXE_SUFFIX);
        self.absolute_path().find_map(|entry| executable(entry.join(&name)))
    }

    fn absolute_path(&self) -> impl Iterator<Item = PathBuf> {
        let path = self.variable("PATH").unwrap_or_default();
        std::env::split_paths(path).filter(|entry| entry.is_absolute() && Some(entry) != self.directory.as_ref())
    }

    fn kept(&self, keep: impl Fn(&str) -> bool) -> Vec<(&OsStr, &OsStr)> {
        self.variables
            .iter()
            .filter(|(name, _)| keep(&name.to_string_lossy().to_ascii_uppercase()))
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
            .collect()
    }

    /// Finds the interpreter: the one that is named, else the active virtual environment's, else `python3` or `python`
    /// on `PATH`.
    ///
    /// # Errors
    /// If the named one or the active environment's is not there, or none is found. Whether it works is the probe's
    /// business.
    pub fn find_python(&self, named: Option<&Path>) -> Result<PathBuf, PipError> {
        if let Some(named) = named {
            // A bare name is looked up as a shell would: never in the working directory, whatever lies there.
            let bare = named.file_name() == Some(named.as_os_str());
            let found = if bare {
                self.on_path(named.as_os_str())
            } else {
                executable(self.absolute(named))
            };
            return found.ok_or_else(|| PipError::InterpreterMissing {
                path: named.to_path_buf(),
            });
        }
        if let Some(active) = self.variable("VIRTUAL_ENV") {
            let python = self.absolute(Path::new(active)).join(VENV_PYTHON);
            return executable(python.clone()).ok_or(PipError::InterpreterMissing { path: python });
        }
        ["python3", "python"]
            .iter()
            .find_map(|name| self.on_path(OsStr::new(name)))
            .ok_or(PipError::NoInterpreter)
    }

    /// A path as it is meant in the working directory.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.join(path),
            None => path.to_path_buf(),
        }
    }

    /// Relative entries of `PATH`, the empty one among them, are skipped: they would find a program in the working directory.
    fn on_path(&self, name: &OsStr) -> Option<PathBuf> {
        let path = self.variable("PATH")?;
        std::env::split_paths(path)
            .filter(|entry| entry.is_absolute())
            .find_map(|entry| {
                let mut file = name.to_os_string();
                file.push(std::env::consts::EXE_SUFFIX);
                executable(entry.join(file))
            })
    }
}

#[cfg(windows)]
const VENV_PYTHON: &str = "Scripts\\python.exe";
#[cfg(not(windows))]
const VENV_PYTHON: &str = "bin/python";

#[cfg(unix)]
fn executable(path: PathBuf) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(&path).ok()?;
    (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then_some(path)
}
#[cfg(not(unix))]
fn executable(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}

/// Finds the interpreter in the process's own environment; see [`Environment::find_python`].
///
/// # Errors
/// As [`Environment::find_python`].
pub fn find_python(named: Option<&Path>) -> Result<PathBuf, PipError> {
    Environment::current().find_python(named)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn program(path: &Path, mode: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn environment(directory: &Path, variables: &[(&str, &Path)]) -> Environment {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Environment::new(variables, directory.to_path_buf())
    }

    #[test]
    fn named_then_active_then_on_the_path() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let (on_path, active, named) = (
            root.join("bin/python"),
            root.join("venv/bin/python"),
            root.join("named/py"),
        );
        for path in [&on_path, &active, &named] {
            program(path, 0o755);
        }
        let (bin, venv) = (root.join("bin"), root.join("venv"));
        let all = environment(root, &[("PATH", &bin), ("VIRTUAL_ENV", &venv)]);
        assert_eq!(all.find_python(Some(Path::new("named/py"))).unwrap(), named);
        program(&root.join("python"), 0o755);
        assert_eq!(all.find_python(Some(Path::new("python"))).unwrap(), on_path);
        assert_eq!(
            all.find_python(Some(Path::new("./python"))).unwrap(),
            root.join("python")
        );
        assert_eq!(all.find_python(None).unwrap(), active);
        let path_only = environment(root, &[("PATH", &bin), ("VIRTUAL_ENV", Path::new(""))]);
        assert_eq!(path_only.find_python(None).unwrap(), on_path);
        program(&root.join("bin/python3"), 0o755);
        assert_eq!(path_only.find_python(None).unwrap(), root.join("bin/python3"));
    }

    #[test]
    fn what_is_not_there_is_an_error_and_never_another_one() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        program(&root.join("python3"), 0o755);
        program(&root.join("plain/python3"), 0o644);
        let gone = root.join("gone");
        let broken = environment(root, &[("PATH", root), ("VIRTUAL_ENV", &gone)]);
        assert!(
            matches!(broken.find_python(None), Err(PipError::InterpreterMissing { path }) if path.starts_with(&gone))
        );
        assert!(matches!(
            broken.find_python(Some(Path::new("other/python"))),
            Err(PipError::InterpreterMissing { .. })
        ));
        // Neither the working directory nor a file that cannot be run.
        let plain = root.join("plain");
        for path in [Path::new(""), Path::new("."), Path::new(":"), &plain] {
            let environment = environment(root, &[("PATH", path)]);
            assert!(
                matches!(environment.find_python(None), Err(PipError::NoInterpreter)),
                "{path:?}"
            );
        }
    }

    #[test]
    fn nothing_that_configures_pip_or_python_reaches_the_hand_off() {
        let names = [
            "PIP_INDEX_URL",
            "pip_index_url",
            "_PIP_X",
            "PYTHONPATH",
            "PYTHONHOME",
            "PYTHONUSERBASE",
            "HOME",
            "PIPX_HOME",
        ];
        let variables: Vec<_> = names.iter().map(|name| (*name, Path::new("x"))).collect();
        let environment = environment(Path::new("/"), &variables);
        let kept: Vec<_> = environment.for_hand_off().into_iter().map(|(name, _)| name).collect();
        assert_eq!(kept, ["PYTHONUSERBASE", "HOME", "PIPX_HOME"]);
    }
}
