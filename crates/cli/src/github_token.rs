//! The token for GitHub's API: from a file, from `gh` if that was asked for, or from the environment. Never shown.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use slsa_pip_http::is_private_way;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use url::Url;

use crate::args::EvidenceArgs;
use crate::environment::GITHUB_TOKENS;
use crate::failure::{Failure, Result};
use crate::settings::Endpoints;

/// Longest token, in bytes; GitHub's have fewer than 300.
const MAX_TOKEN: u64 = 4096;
/// `gh` reads its configuration or a keyring, both on this machine.
const GH_TIME_LIMIT: Duration = Duration::from_secs(15);
#[cfg(not(windows))]
const GH: &str = "gh";
#[cfg(windows)]
const GH: &str = "gh.exe";

/// A token, and what is to be said about how it is kept.
#[derive(Default)]
pub(crate) struct GithubToken {
    /// The token, if there is one.
    pub(crate) token: Option<String>,
    /// Remarks that change no verdict.
    pub(crate) notes: Vec<String>,
}

/// Finds the token for the API. None where the API is asked over the network unencrypted: anybody on the way could read it.
pub(crate) async fn find(args: &EvidenceArgs, github: &Endpoints) -> Result<GithubToken> {
    let mut found = if let Some(path) = &args.github_token_file {
        of_file(path)?
    } else if args.github_token_from_gh {
        let token = Some(of_gh(&github.github).await?);
        GithubToken {
            token,
            notes: Vec::new(),
        }
    } else {
        GithubToken {
            token: of_environment()?,
            notes: Vec::new(),
        }
    };
    if found.token.is_some() && !is_private_way(&github.github_api) {
        found.token = None;
        let api = slsa_pip_http::redact(&github.github_api);
        let note = format!("GitHub is asked without the token, which `{api}` would get unencrypted");
        found.notes.push(note);
    }
    Ok(found)
}

fn of_environment() -> Result<Option<String>> {
    for name in GITHUB_TOKENS {
        let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let token = value.to_str().and_then(token);
        return token.map(Some).ok_or_else(|| {
            Failure::new(format!("The variable {name} does not hold a token"))
                .hint(format!("Remove the variable, or set it anew: `unset {name}`"))
        });
    }
    Ok(None)
}

fn of_file(path: &Path) -> Result<GithubToken> {
    let unusable = || Failure::new(format!("The token file `{}` cannot be used", path.display()));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| unusable().caused_by(&error))?;
    let notes = note_on_rights(path, &file).into_iter().collect();
    file.take(MAX_TOKEN + 1)
        .read_to_string(&mut text)
        .map_err(|error| unusable().caused_by(&error))?;
    match token(&text) {
        Some(token) => Ok(GithubToken {
            token: Some(token),
            notes,
        }),
        None => Err(unusable().hint("The file must hold the token and nothing else: `gh auth token > FILE`")),
    }
}

/// A warning if others may read the file.
#[cfg(unix)]
fn note_on_rights(path: &Path, file: &std::fs::File) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    /// Rights of the group and of others.
    const OTHERS: u32 = 0o077;

    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & OTHERS != 0).then(|| {
        let path = path.display();
        format!("the token file `{path}` is open to others than its owner (mode {mode:04o}): `chmod 600 '{path}'`")
    })
}

#[cfg(not(unix))]
fn note_on_rights(_path: &Path, _file: &std::fs::File) -> Option<String> {
    None
}

/// Asks GitHub's own command-line program.
async fn of_gh(site: &Url) -> Result<String> {
    let failed = || Failure::new("`gh auth token` has given no token");
    let hint = "Log in with `gh auth login`, or name a file: `--github-token-file FILE`";
    let program = std::env::var_os("PATH").and_then(|path| absolute(&path));
    let program = program.ok_or_else(|| {
        Failure::new("There is no program `gh` in the folders of PATH")
            .hint("Install it, or name a file: `--github-token-file FILE`")
    })?;
    let mut child = Command::new(program)
        .args(["auth", "token", "--hostname", site.host_str().unwrap_or_default()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It could hold anything; nobody reads it.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed().caused_by(&error).hint(hint))?;
    let answer = async {
        let mut text = String::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(MAX_TOKEN + 1).read_to_string(&mut text).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, text))
    };
    match tokio::time::timeout(GH_TIME_LIMIT, answer).await {
        Ok(Ok((status, text))) if status.success() => token(&text).ok_or_else(|| failed().hint(hint)),
        Ok(Ok((status, _))) => Err(Failure::new(format!("`gh auth token` has failed ({status})")).hint(hint)),
        Ok(Err(error)) => Err(failed().caused_by(&error).hint(hint)),
        Err(_) => {
            let seconds = GH_TIME_LIMIT.as_secs();
            Err(Failure::new(format!("`gh auth token` did not end within {seconds} s")).hint(hint))
        }
    }
}

/// The program in the first folder of `path` that has it. Entries that depend on the working directory do not count: whoever
/// filled that folder would be run.
fn absolute(path: &std::ffi::OsStr) -> Option<PathBuf> {
    let here = std::env::current_dir().ok();
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute() && Some(folder) != here.as_ref())
        .map(|folder| folder.join(GH))
        .find(|program| program.is_file())
}

/// A text as a token, if it is one: printable ASCII without spaces, once its ends are trimmed.
fn token(text: &str) -> Option<String> {
    let token = text.trim();
    let fits =
        !token.is_empty() && token.len() as u64 <= MAX_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_fit_into_a_header() {
        assert_eq!(token(" ghp_x1\n").as_deref(), Some("ghp_x1"));
        let long = "x".repeat(5000);
        for bad in ["", " \n", "a b", "a\nb", "\u{e9}", "a\0b", long.as_str()] {
            assert_eq!(token(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn tokens_travel_encrypted_or_not_at_all() {
        for (url, fits) in [
            ("https://api.example/", true),
            ("http://127.0.0.1:80/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("http://api.example/", false),
            ("http://10.0.0.1/", false),
            ("http://localhost.example/", false),
        ] {
            assert_eq!(is_private_way(&url.parse().unwrap()), fits, "{url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn gh_is_taken_from_absolute_folders_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(GH), "").unwrap();
        let at = folder.path().to_str().unwrap();
        assert_eq!(absolute(at.as_ref()), Some(folder.path().join(GH)));
        assert_eq!(
            absolute(format!("/nowhere:.::bin:{at}").as_ref()),
            Some(folder.path().join(GH))
        );
        assert_eq!(absolute(".::bin:/nowhere".as_ref()), None);
    }
}
