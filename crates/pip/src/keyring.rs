//! Logins that keyring holds for indexes, asked for by pip's own module.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;
use url::Url;

use crate::environment::Environment;
use crate::probe::Probe;
use crate::process::{self, Stopped};

const SCRIPT: &str = include_str!("script/keyring.py");
const MARKER: &[u8] = b"\n=====slsa-pip-keyring=====\n";
/// A store on this machine answers in a second, a person who has to unlock it in some more; the request that waits is given
/// up after a minute.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// A login has fewer than ten thousand bytes; what backends print to standard error may be more.
const OUTPUT_LIMIT: u64 = 1024 * 1024;

/// Whom pip would ask for the logins of indexes.
#[derive(Clone)]
pub struct Keyring {
    python: PathBuf,
    provider: &'static str,
    environment: Environment,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    login: Option<(String, String)>,
    #[serde(default)]
    error: Option<String>,
}

impl Keyring {
    /// As pip's `--keyring-provider` says, but for `auto`, which is the program `keyring` alone: importing the environment's
    /// package would run what nobody has verified, and needs an explicit `import`. As for pip, `auto` asks nobody with
    /// `--no-input`. The program counts in absolute folders of `PATH` other than the working directory only.
    #[must_use]
    pub fn new(probe: &Probe) -> Option<Self> {
        let provider = match probe.keyring_provider.as_deref().unwrap_or("auto") {
            "import" => "import",
            "subprocess" => "subprocess",
            "auto" if !probe.no_input => "subprocess",
            _ => return None,
        };
        if provider == "subprocess" {
            probe.environment.keyring_program()?;
        }
        Some(Self {
            python: probe.executable.clone(),
            provider,
            environment: probe.environment.clone(),
        })
    }

    /// User name and password of the first of these indexes that has them, each asked for by its URL and then by its host.
    ///
    /// # Errors
    /// Why keyring cannot be asked: the words hold nothing that it has printed.
    pub async fn ask(&self, indexes: &[Url]) -> Result<Option<(String, String)>, String> {
        let question = json!({"provider": self.provider, "asked": asked(indexes)});
        let mut command = Command::new(&self.python);
        command.args([OsStr::new("-I"), OsStr::new("-c"), OsStr::new(SCRIPT)]);
        command.env_clear().envs(self.environment.for_keyring());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let finished = process::run(&mut command, question.to_string().as_bytes(), TIME_LIMIT, OUTPUT_LIMIT)
            .await
            .map_err(|stopped| match stopped {
                Stopped::Start(error) | Stopped::Lost(error) => format!("keyring cannot be asked: {error}"),
                Stopped::Timeout => format!("keyring did not answer within {} s", TIME_LIMIT.as_secs()),
                Stopped::TooLarge => "keyring printed too much".to_owned(),
            })?;
        let at = finished
            .stdout
            .windows(MARKER.len())
            .rposition(|window| window == MARKER);
        let document = at
            .and_then(|at| finished.stdout.get(at + MARKER.len()..))
            .unwrap_or_default();
        // The parser's own words could quote the answer.
        let answer: Answer =
            serde_json::from_slice(document).map_err(|_| format!("keyring cannot be asked: {}", finished.status))?;
        match answer.error.as_deref() {
            None => Ok(answer.login),
            Some("unsupported") => {
                Err("this pip cannot ask keyring as is needed here; pip 23.1 and later can".to_owned())
            }
            Some(kind) => {
                let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
                Err(format!("keyring failed ({kind})"))
            }
        }
    }
}

/// What pip looks up: the URL without the login, then host and port; with the user name, if one is given.
fn asked(indexes: &[Url]) -> Vec<(String, Option<String>)> {
    let mut all = Vec::new();
    for index in indexes {
        // Still percent-encoded; the script decodes it.
        let user = Some(index.username().to_owned()).filter(|user| !user.is_empty());
        let mut url = index.clone();
        // These fail only for URLs without a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let host = url.host_str().unwrap_or_default();
        let place = url
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        all.push((url.to_string(), user.clone()));
        all.push((place, user));
    }
    all
}
