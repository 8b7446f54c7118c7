//! pip's own commands that install nothing: run as they are, with all words, streams and the environment as they came.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::environment as env;
use crate::failure::{Failure, Result};
use crate::session::pip_failure;

/// Commands of pip's that are slsa-pip's commands as well.
const PASSED: [&str; 7] = ["list", "show", "freeze", "check", "uninstall", "config", "hash"];
/// What else may follow `slsa-pip pip`: what slsa-pip has under the same name, and what says something of pip itself.
const BELOW: [&str; 9] = [
    "inspect",
    "cache",
    "debug",
    "help",
    "completion",
    "search",
    "index",
    "--version",
    "-V",
];
/// What would fetch or build something that nobody has verified.
const FETCHING: [(&str, &str); 4] = [
    ("install", "slsa-pip install …"),
    ("download", "slsa-pip download …"),
    ("lock", "slsa-pip lock …"),
    ("wheel", "slsa-pip download …"),
];
/// Runs pip where Python has it. `python -m pip` would take a folder `pip` of the working directory.
const RUN: &str = "import sys\nif sys.path[:1] == ['']:\n    del sys.path[0]\nimport runpy\nrunpy.run_module('pip', run_name='__main__', alter_sys=True)";

/// Takes the words for pip from a command line that is one of its commands, and leaves `slsa-pip pip` of it. They are neither read nor
/// reordered, whatever they are; options of slsa-pip's may stand before the command.
pub(crate) fn split(arguments: impl IntoIterator<Item = OsString>) -> (Vec<OsString>, Vec<OsString>) {
    let mut own: Vec<OsString> = arguments.into_iter().collect();
    let mut at = 1;
    while let Some(word) = own.get(at).map(|word| word.to_string_lossy()) {
        if word == "pip" {
            let asks_us = own.get(at + 1).is_some_and(|next| next == "--help" || next == "-h");
            let words = if asks_us { Vec::new() } else { own.split_off(at + 1) };
            return (own, words);
        }
        if PASSED.contains(&&*word) {
            let words = own.split_off(at);
            own.push("pip".into());
            return (own, words);
        }
        match &*word {
            "--color" => at += 2,
            word if is_global(word) => at += 1,
            _ => break,
        }
    }
    (own, Vec::new())
}

/// Whether it is an option that may stand before any command.
fn is_global(word: &str) -> bool {
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty());
    ["--quiet", "--verbose"].contains(&word)
        || word.starts_with("--color=")
        || letters.is_some_and(|letters| letters.chars().all(|letter| matches!(letter, 'q' | 'v')))
}

/// Runs pip; its exit code.
///
/// # Errors
/// If the command is none that may be passed, or there is no interpreter.
pub(crate) fn run(words: &[OsString]) -> Result<u8> {
    check(words.first().map(OsString::as_os_str))?;
    let named = std::env::var_os(env::PYTHON).filter(|python| !python.is_empty());
    let python = slsa_pip_pip::find_python(named.as_deref().map(Path::new)).map_err(|error| pip_failure(&error))?;
    let mut command = Command::new(&python);
    command.arg("-c").arg(RUN).args(words);
    wait(command).map_err(|error| {
        Failure::new(format!("`{}` could not be run", python.display()))
            .caused_by(&error)
            .hint("check SLSA_PIP_PYTHON: it must name an interpreter that can be run")
    })
}

/// Becomes pip: signals and exit code are its own.
#[cfg(unix)]
fn wait(mut command: Command) -> std::io::Result<u8> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

/// Waits for pip, and ends as it does.
#[cfg(not(unix))]
fn wait(mut command: Command) -> std::io::Result<u8> {
    let status = command.status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn check(command: Option<&OsStr>) -> Result<()> {
    let Some(name) = command.map(OsStr::to_string_lossy) else {
        return Err(Failure::new("`slsa-pip pip` needs one of pip's commands")
            .hint("slsa-pip pip inspect; slsa-pip pip --help shows all of them"));
    };
    if PASSED.contains(&&*name) || BELOW.contains(&&*name) {
        return Ok(());
    }
    Err(match FETCHING.iter().find(|(fetching, _)| *fetching == name) {
        Some((_, instead)) => Failure::new(format!("`pip {name}` would fetch or build what nobody has verified"))
            .code("command-refused")
            .hint(*instead),
        None => Failure::new(format!("`pip {name}` is not passed on")).hint(format!(
            "the command comes first, and is one of: {}",
            PASSED.iter().chain(&BELOW).copied().collect::<Vec<_>>().join(", ")
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (String, String) {
        let (own, words) = split(line.split(' ').map(OsString::from));
        let text = |words: Vec<OsString>| words.join(OsStr::new(" ")).into_string().unwrap();
        (text(own), text(words))
    }

    #[test]
    fn only_pips_commands_are_taken_and_their_words_stay() {
        for (line, own, words) in [
            ("slsa-pip list -v --color x", "slsa-pip pip", "list -v --color x"),
            (
                "slsa-pip -qv --color never --color=auto freeze -q",
                "slsa-pip -qv --color never --color=auto pip",
                "freeze -q",
            ),
            ("slsa-pip pip inspect --local", "slsa-pip pip", "inspect --local"),
            ("slsa-pip pip", "slsa-pip pip", ""),
            ("slsa-pip pip --help", "slsa-pip pip --help", ""),
            ("slsa-pip list --help", "slsa-pip pip", "list --help"),
        ] {
            assert_eq!(of(line), (own.to_owned(), words.to_owned()), "{line}");
        }
        for own in [
            "slsa-pip",
            "slsa-pip inspect x",
            "slsa-pip cache list",
            "slsa-pip install list",
            "slsa-pip -x list",
        ] {
            assert_eq!(of(own), (own.to_owned(), String::new()));
        }
    }

    #[test]
    fn what_fetches_is_not_passed() {
        let refused = |word: &str| check(Some(OsStr::new(word))).map_err(|failure| failure.hints.join(" "));
        for (name, instead) in FETCHING {
            assert_eq!(refused(name).unwrap_err(), instead);
        }
        assert!(refused("--python").unwrap_err().contains("comes first"));
        assert!(check(None).is_err());
        assert!(refused("inspect").is_ok() && refused("list").is_ok());
    }
}
