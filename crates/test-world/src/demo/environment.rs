//! The binary, a virtual environment, and the variables that the binary is started with.

use crate::world::World;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Where and how the binary runs.
pub(crate) struct Environment {
    binary: PathBuf,
    venv: PathBuf,
    variables: Vec<(&'static str, String)>,
    directory: TempDir,
}

/// Variables that would let the caller's machine into the demonstration.
const CLEARED_PREFIXES: [&str; 3] = ["PIP_", "SLSA_PIP_", "PYTHON"];
const CLEARED: [&str; 9] = [
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "GITHUB_TOKEN",
];

impl Environment {
    /// Builds the binary unless `SLSA_PIP_BIN` names one, and makes a virtual environment with pip from the interpreter's own copy.
    pub(crate) fn prepare(world: &World) -> io::Result<Self> {
        let binary = binary()?;
        let directory = tempfile::tempdir()?;
        let venv = directory.path().join("venv");
        let mut python = Command::new("python3");
        clear(&mut python);
        succeed(python.args(["-I", "-m", "venv"]).arg(&venv), "python3 -m venv")?;
        let variables = vec![
            ("PIP_INDEX_URL", world.index_url()),
            ("SLSA_PIP_TRUSTED_ROOT", world.trusted_root_path().display().to_string()),
            ("SLSA_PIP_REKOR_URL", world.rekor_url()),
            ("SLSA_PIP_GITHUB_URL", world.github_url()),
            ("SLSA_PIP_GITHUB_API_URL", world.github_api_url()),
        ];
        Ok(Self {
            binary,
            venv,
            variables,
            directory,
        })
    }

    /// The variables that point at the world.
    pub(crate) fn shown(&self) -> &[(&'static str, String)] {
        &self.variables
    }

    /// A fresh working directory.
    pub(crate) fn working_directory(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.directory.path().join(name);
        std::fs::create_dir(&path)?;
        Ok(path)
    }

    /// The binary in the activated virtual environment.
    pub(crate) fn slsa_pip(&self, working_directory: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        clear(&mut command);
        let scripts = self.venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
        let mut path: Vec<PathBuf> = vec![scripts];
        path.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        command
            .current_dir(working_directory)
            .env("PATH", std::env::join_paths(path).unwrap_or_default())
            .env("VIRTUAL_ENV", &self.venv)
            .env("NO_PROXY", "127.0.0.1")
            .env("SLSA_PIP_CACHE_DIR", self.directory.path().join("cache"))
            .env("PIP_CONFIG_FILE", if cfg!(windows) { "nul" } else { "/dev/null" })
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null());
        command
    }

    /// What is installed, `name==version`, as pip says.
    pub(crate) fn installed(&self) -> io::Result<Vec<String>> {
        let scripts = self.venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
        let mut python = Command::new(scripts.join("python"));
        clear(&mut python);
        python.args([
            "-I",
            "-m",
            "pip",
            "--isolated",
            "list",
            "--format=freeze",
            "--disable-pip-version-check",
        ]);
        let output = succeed(&mut python, "pip list")?;
        Ok(String::from_utf8_lossy(&output)
            .lines()
            .map(ToOwned::to_owned)
            .collect())
    }
}

fn clear(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if CLEARED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) || CLEARED.contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
}

/// Runs a command to its end; its standard output.
fn succeed(command: &mut Command, what: &str) -> io::Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{what} ended with {}: {said}", output.status)))
}

/// `SLSA_PIP_BIN`, or the binary beside this one after cargo has built it.
fn binary() -> io::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SLSA_PIP_BIN") {
        return std::path::absolute(path);
    }
    let beside = std::env::current_exe()?;
    let directory = beside
        .parent()
        .ok_or_else(|| io::Error::other("the demonstration has no directory"))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "slsa-pip",
        "--bin",
        "slsa-pip",
    ]);
    cargo
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"));
    if directory.ends_with("release") {
        cargo.arg("--release");
    }
    succeed(&mut cargo, "cargo build")?;
    Ok(directory.join(format!("slsa-pip{}", std::env::consts::EXE_SUFFIX)))
}
