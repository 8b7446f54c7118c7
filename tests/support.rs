//! Runs the binary in a clean environment, and finds the real data.

use std::borrow::BorrowMut;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use slsa_pip_test_world::{Release, World};
use tempfile::TempDir;

/// Variables that would let the machine's own configuration into a test.
const SCRUBBED: [&str; 18] = [
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "SLSA_PIP_POLICY",
    "SLSA_PIP_TRUSTED_ROOT",
    "SLSA_PIP_REKOR_URL",
    "SLSA_PIP_GITHUB_URL",
    "SLSA_PIP_GITHUB_API_URL",
    "SLSA_PIP_OFFLINE",
    "SLSA_PIP_CACHE_DIR",
    "SLSA_PIP_EVIDENCE",
    "SLSA_PIP_SEARCH_TIMEOUT",
    "NETRC",
    "SLSA_PIP_TUF_URL",
    "SLSA_PIP_TUF_ROOT",
    "GITHUB_TOKEN",
    "GH_TOKEN",
];

/// The binary, in an empty working directory of its own, with its cache folder (`.cache`) in there, and offline, since
/// the trusted root would be refreshed otherwise; `PIP_*` variables other than the certificate are removed.
pub(crate) fn slsa_pip(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slsa-pip"));
    command.current_dir(directory).env("NO_COLOR", "1");
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("PIP_") && name != "PIP_CERT" {
            command.env_remove(name);
        }
    }
    for name in SCRUBBED {
        command.env_remove(name);
    }
    command
        .env("SLSA_PIP_CACHE_DIR", directory.join(".cache"))
        .env("XDG_CONFIG_HOME", directory.join(".config"))
        .env("SLSA_PIP_OFFLINE", "1");
    command
}

/// What a run has printed, and its exit code.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(mut command: impl BorrowMut<Command>) -> Self {
        let Output { status, stdout, stderr } = command.borrow_mut().output().expect("the binary runs");
        Self {
            code: status.code(),
            stdout: String::from_utf8(stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(stderr).expect("UTF-8 on standard error"),
        }
    }

    /// Asserts the exit code, showing all output where it differs.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that a text stands on standard error.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }

    /// All refusal codes of the JSON report, in order.
    #[track_caller]
    pub(crate) fn codes(&self) -> Vec<String> {
        let report = self.json();
        let files = report["files"].as_array().expect("files").clone();
        let refusals = files
            .iter()
            .flat_map(|file| file["refusals"].as_array().expect("refusals").clone());
        refusals
            .map(|refusal| refusal["code"].as_str().expect("code").to_owned())
            .collect()
    }
}

/// The real data (`SLSA_PIP_DATA`). Tests that need it are ignored by default and fail here when it is missing.
pub(crate) fn data(path: &str) -> PathBuf {
    let root = std::env::var_os("SLSA_PIP_DATA").expect("SLSA_PIP_DATA names the folder of real provenance");
    let path = PathBuf::from(root).join(path);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// A copy of a data file under its real name.
pub(crate) fn artifact(directory: &Path, stored: &str, name: &str) -> PathBuf {
    let to = directory.join(name);
    std::fs::copy(data(&format!("artifacts/{stored}")), &to).expect("copied");
    to
}

/// An empty folder, removed at the end of the test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A fresh virtual environment below `directory`, with the shared one's pip: a copy costs a tenth of an installation.
pub(crate) fn venv(directory: &Path) -> PathBuf {
    venv_with(directory, &[])
}

/// The same with further options of `python3 -m venv`.
pub(crate) fn venv_with(directory: &Path, words: &[&str]) -> PathBuf {
    let path = directory.join("venv");
    make_venv(&path, &[&["--without-pip"], words].concat());
    let shared = site_packages(
        shared_python()
            .parent()
            .and_then(Path::parent)
            .expect("its environment"),
    );
    let pip = std::fs::read_dir(shared)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let pip = pip.filter(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("pip"))
    });
    // With their times: otherwise the bytecode would not be that of the files.
    let copied = Command::new("cp")
        .arg("-a")
        .args(pip)
        .arg(site_packages(&path))
        .status();
    assert!(copied.expect("cp runs").success(), "cp -a");
    path.join("bin/python")
}

fn make_venv(path: &Path, words: &[&str]) {
    let mut command = Command::new("python3");
    let status = command.args(["-m", "venv"]).args(words).arg(path).status();
    assert!(status.expect("python3 runs").success(), "python3 -m venv");
}

/// The folder that an environment's packages are in.
pub(crate) fn site_packages(environment: &Path) -> PathBuf {
    let lib = std::fs::read_dir(environment.join("lib")).expect("a folder");
    let mut pythons = lib.map(|entry| entry.expect("an entry").path());
    pythons.next().expect("an interpreter's folder").join("site-packages")
}

/// What is installed in an environment, as `pip freeze` says it.
pub(crate) fn freeze(python: &Path) -> String {
    let output = Command::new(python)
        .args(["-I", "-m", "pip", "--isolated", "freeze"])
        .env_remove("PIP_CONFIG_FILE")
        .output()
        .expect("pip runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// One environment that all tests which install nothing share.
pub(crate) fn shared_python() -> &'static Path {
    static PYTHON: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    &PYTHON
        .get_or_init(|| {
            let directory = folder();
            let path = directory.path().join("venv");
            make_venv(&path, &[]);
            (directory, path.join("bin/python"))
        })
        .1
}

/// A world on 127.0.0.1, and a working directory with an install target in it.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) directory: TempDir,
}

impl Scene {
    /// A world of these releases.
    pub(crate) fn of(releases: impl IntoIterator<Item = Release>) -> Self {
        Self::with(World::start_blocking().expect("the world starts"), releases)
    }

    /// These releases in a world that was set up already.
    pub(crate) fn with(world: World, releases: impl IntoIterator<Item = Release>) -> Self {
        for release in releases {
            world.publish(release);
        }
        Self {
            world,
            directory: folder(),
        }
    }

    /// Where installs go, with `--target`: as real as an environment, and much quicker to make.
    pub(crate) fn target(&self) -> PathBuf {
        self.directory.path().join("target")
    }

    /// The binary, told of the world; `words` begin with the command's name.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = slsa_pip(self.directory.path());
        command
            .args(words)
            .env_remove("SLSA_PIP_OFFLINE")
            .env("SLSA_PIP_TRUSTED_ROOT", self.world.trusted_root_path())
            .env("SLSA_PIP_REKOR_URL", self.world.rekor_url())
            .env("SLSA_PIP_GITHUB_URL", self.world.github_url())
            .env("SLSA_PIP_GITHUB_API_URL", self.world.github_api_url())
            .env("SLSA_PIP_PYTHON", shared_python())
            .env("PIP_INDEX_URL", self.world.index_url());
        command
    }

    /// `slsa-pip install --target … REQUIREMENT…`
    pub(crate) fn install(&self, words: &[&str]) -> Command {
        let mut command = self.command(&["install", "--target"]);
        command.arg(self.target()).args(words);
        command
    }

    /// Writes a file of the working directory.
    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.directory.path().join(name), content).expect("written");
    }

    /// The distributions that stand in the target, as `name-version`, sorted.
    pub(crate) fn installed(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.target()) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let mut found: Vec<String> = names
            .filter_map(|name| name.strip_suffix(".dist-info").map(str::to_owned))
            .collect();
        found.sort();
        found
    }
}
