//! Real virtual environments, and wheels built in memory.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::ffi::OsString;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use slsa_pip_distribution::{Sha256Digest, WheelFilename};
use slsa_pip_pip::{Environment, HandOff, Interpreter, PipError, PipOutcome, PipOutput, Probe};
use slsa_pip_policy::Policy;
use slsa_pip_verify::{StagedFile, Verified, exempt};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A wheel, by file name and bytes.
pub(crate) struct Wheel {
    pub(crate) filename: String,
    pub(crate) bytes: Vec<u8>,
}

/// A wheel of these files and this METADATA.
pub(crate) fn wheel_of(name: &str, version: &str, files: &[(String, Vec<u8>)], metadata: &str) -> Wheel {
    let info = format!("{name}-{version}.dist-info");
    let mut all = files.to_vec();
    all.push((
        format!("{info}/METADATA"),
        format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}").into(),
    ));
    all.push((
        format!("{info}/WHEEL"),
        b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_vec(),
    ));
    let listed: Vec<String> = all.iter().map(|(path, _)| format!("\"{path}\",,\n")).collect();
    let listed = listed.concat();
    all.push((format!("{info}/RECORD"), format!("{listed}{info}/RECORD,,\n").into()));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in all {
        zip.start_file(path, SimpleFileOptions::default()).unwrap();
        zip.write_all(&content).unwrap();
    }
    Wheel {
        filename: format!("{name}-{version}-py3-none-any.whl"),
        bytes: zip.finish().unwrap().into_inner(),
    }
}

/// A wheel with one module, `NAME.py`, which knows its version and the word given.
pub(crate) fn wheel_saying(name: &str, version: &str, word: &str, metadata: &str) -> Wheel {
    let module = format!("VERSION = '{version}'\nWORD = '{word}'\n");
    wheel_of(name, version, &[(format!("{name}.py"), module.into())], metadata)
}

pub(crate) fn wheel(name: &str, version: &str) -> Wheel {
    wheel_saying(name, version, "good", "")
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256Digest {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Sha256Digest::from_bytes(digest.as_ref().try_into().unwrap())
}

/// An interpreter that has answered the probe, and still runs for the first hand-off. Further ones start a new process.
#[derive(Debug)]
pub(crate) struct Asked {
    interpreter: Interpreter,
    probe: Probe,
}

impl Asked {
    pub(crate) async fn new(environment: Environment, python: &Path, args: &[&str]) -> Result<Self, PipError> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let mut interpreter = Interpreter::start_in(environment, python, &args)?;
        let probe = interpreter.probe().await?;
        Ok(Self { interpreter, probe })
    }
}

impl std::ops::Deref for Asked {
    type Target = Probe;

    fn deref(&self) -> &Probe {
        &self.probe
    }
}

/// Hands over files; what pip prints is kept.
pub(crate) async fn hand_off(asked: &Asked, files: &[Verified], options: HandOff) -> Result<PipOutcome, PipError> {
    let options = HandOff {
        output: PipOutput::Quiet,
        ..options
    };
    asked.interpreter.install(&asked.probe, files, &options).await
}

/// Starts the interpreter of a world, and asks it.
pub(crate) async fn ask(world: &World, variables: &[(&str, &str)], args: &[&str]) -> Result<Asked, PipError> {
    Asked::new(world.environment(variables), &world.python, args).await
}

/// Hands over files that must be installed.
pub(crate) async fn installs(asked: &Asked, files: &[Verified], options: HandOff) -> String {
    let outcome = hand_off(asked, files, options).await.unwrap();
    let output = outcome.output.unwrap();
    assert_eq!(outcome.code, 0, "{output}");
    output
}

/// The interpreter that the tests run with.
fn base_python() -> PathBuf {
    Environment::current()
        .find_python(Some(Path::new("python3")))
        .expect("the tests need python3")
}

/// The site-packages of a virtual environment with pip: the one that comes with the interpreter, or a certain version from the
/// index. The environments of the tests borrow its pip, which makes them fast. It stays in the target directory for the next
/// run; one that another process finishes first is used.
fn shared_site_packages(pip: Option<&str>) -> PathBuf {
    static MADE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let script = "import sys; print(sys.prefix, sys.version, end='')";
    let interpreter = succeed(Command::new(base_python()).args(["-I", "-c", script]));
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let key = &sha256(interpreter.as_bytes()).to_hex()[..16];
    let shared = parent.join(pip.map_or_else(|| format!("venv-{key}"), |pip| format!("venv-{key}-pip-{pip}")));
    if !shared.is_dir() {
        let fresh = tempfile::tempdir_in(parent).unwrap();
        let venv = fresh.path().join("venv");
        succeed(Command::new(base_python()).args(["-I", "-m", "venv"]).arg(&venv));
        if let Some(pip) = pip {
            let which = if pip == NEWEST {
                "pip".to_owned()
            } else {
                format!("pip=={pip}")
            };
            let mut install = Command::new(venv.join("bin/python"));
            succeed(install.args(["-I", "-m", "pip", "install", "-q", "--upgrade", &which]));
        }
        let _ = std::fs::rename(&venv, &shared);
    }
    site_packages(&shared.join("bin/python"))
}

/// The newest pip that the index has for the interpreter.
pub(crate) const NEWEST: &str = "newest";

fn site_packages(python: &Path) -> PathBuf {
    let script = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
    succeed(Command::new(python).args(["-I", "-c", script])).into()
}

/// Runs a command that must succeed; gives its standard output.
fn succeed(command: &mut Command) -> String {
    let output = command.env_remove("PYTHONPATH").output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A virtual environment, a home and a working directory of its own.
pub(crate) struct World {
    root: TempDir,
    pub(crate) python: PathBuf,
    pub(crate) site_packages: PathBuf,
    pub(crate) cwd: PathBuf,
}

impl World {
    /// With pip.
    pub(crate) fn new() -> Self {
        Self::with_pip(None)
    }

    /// With this version of pip.
    pub(crate) fn with_pip(pip: Option<&str>) -> Self {
        let world = Self::without_pip();
        let pth = world.site_packages.join("shared-pip.pth");
        std::fs::write(pth, shared_site_packages(pip).to_str().unwrap()).unwrap();
        world
    }

    /// Without pip.
    pub(crate) fn without_pip() -> Self {
        let root = tempfile::tempdir().unwrap();
        let venv = root.path().join("venv");
        succeed(
            Command::new(base_python())
                .args(["-I", "-m", "venv", "--without-pip"])
                .arg(&venv),
        );
        let python = venv.join("bin/python");
        let cwd = root.path().join("work");
        for directory in [&cwd, &root.path().join("home"), &root.path().join("downloads")] {
            std::fs::create_dir(directory).unwrap();
        }
        Self {
            site_packages: site_packages(&python),
            root,
            python,
            cwd,
        }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where the virtual environment is.
    pub(crate) fn venv(&self) -> PathBuf {
        self.root().join("venv")
    }

    /// A clean environment, with the variables given.
    pub(crate) fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let mut all: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
            ("HOME".into(), self.root().join("home").into()),
        ];
        all.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
        Environment::new(all, self.cwd.clone())
    }

    /// Writes a file below the working directory.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.cwd.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A file in the download directory, accepted by an exemption of the policy.
    pub(crate) fn verified(&self, wheel: &Wheel) -> Verified {
        let path = self.root().join("downloads").join(&wheel.filename);
        std::fs::write(&path, &wheel.bytes).unwrap();
        let parsed: WheelFilename = wheel.filename.parse().unwrap();
        Self::verified_at(
            &path,
            &wheel.filename,
            &wheel.bytes,
            parsed.name.as_str(),
            &parsed.version.to_string(),
        )
    }

    /// As [`World::verified`], for any file.
    pub(crate) fn verified_at(path: &Path, filename: &str, bytes: &[u8], name: &str, version: &str) -> Verified {
        let digest = sha256(bytes);
        let policy =
            format!("[exemptions.{name}]\nversions = '=={version}'\nsha256 = ['{digest}']\nreason = 'a test'\n");
        let policy = Policy::parse(&policy, "slsa-pip.toml").unwrap();
        let (name, version) = (name.parse().unwrap(), version.parse().unwrap());
        let exemption = policy.exemption(&name, &version).unwrap();
        let size = u64::try_from(bytes.len()).unwrap();
        let file = StagedFile::new(path.to_path_buf(), filename.to_owned(), digest, size);
        exempt(&file, exemption, &name, &version, jiff::Timestamp::UNIX_EPOCH).unwrap()
    }

    /// An executable script in the working directory. Another process writes it: this one may be starting a program in
    /// another thread, which would hold the script open, and what is open for writing cannot be run.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.cwd.join(name);
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
        succeed(Command::new("/bin/sh").args(["-c", write]).arg(&path).arg(text));
        path
    }

    /// The names of everything in the environment's own site-packages that pip has put there.
    pub(crate) fn installed(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(&self.site_packages)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".dist-info"))
            .collect();
        names.sort();
        names
    }

    /// What a module of the environment says.
    pub(crate) fn word(&self, module: &str) -> String {
        let script = format!("import {module}; print({module}.VERSION, {module}.WORD, end='')");
        succeed(Command::new(&self.python).args(["-I", "-c", &script]))
    }
}
