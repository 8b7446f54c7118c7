//! What is generated out of the definition of the command line: help texts, completions, manual pages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Run, folder, slsa_pip};

/// Where the expected help texts lie: `tests/help/COMMAND.txt`.
fn expected_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help")
}

/// The help text of a command, as it is printed 100 columns wide where nothing is known of a terminal.
fn help(directory: &Path, command: &[String]) -> String {
    let mut run = slsa_pip(directory);
    run.args(command).arg("--help").env("COLUMNS", "100");
    // Values of the environment are shown in help texts.
    run.env_remove("SLSA_PIP_CACHE_DIR").env_remove("SLSA_PIP_OFFLINE");
    Run::of(&mut run).exits(0).stdout
}

/// The commands that a help text lists.
fn commands_in(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// All help texts, by command (`cache-info`); the program's own is `slsa-pip`.
fn all_help() -> BTreeMap<String, String> {
    let directory = folder();
    let mut texts = BTreeMap::new();
    let mut waiting = vec![Vec::new()];
    while let Some(command) = waiting.pop() {
        let text = help(directory.path(), &command);
        for name in commands_in(&text) {
            waiting.push([command.clone(), vec![name]].concat());
        }
        let name = if command.is_empty() {
            "slsa-pip".to_owned()
        } else {
            command.join("-")
        };
        texts.insert(name, text);
    }
    texts
}

#[test]
fn every_help_text_is_the_expected_one() {
    let texts = all_help();
    assert!(texts.len() > 15, "{:?}", texts.keys());
    if std::env::var_os("SLSA_PIP_WRITE_DOCS").is_some() {
        let _ = std::fs::remove_dir_all(expected_folder());
        std::fs::create_dir_all(expected_folder()).unwrap();
        for (name, text) in &texts {
            std::fs::write(expected_folder().join(format!("{name}.txt")), text).unwrap();
        }
    }
    for (name, text) in &texts {
        let path = expected_folder().join(format!("{name}.txt"));
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            *text == expected,
            "the help of `{name}` is not the one of tests/help; if it should be, run this test with SLSA_PIP_WRITE_DOCS=1.\n{text}"
        );
    }
    let written = std::fs::read_dir(expected_folder()).unwrap().count();
    assert_eq!(written, texts.len(), "tests/help holds texts of commands that are gone");
}

#[test]
fn every_command_has_an_example_or_names_its_exit_codes() {
    for (name, text) in all_help() {
        let group = !commands_in(&text).is_empty();
        let says = ["Exit codes", "exit code"].iter().any(|word| text.contains(word));
        let trivial = [
            "cache-dir",
            "cache-info",
            "cache-prune",
            "completions",
            "man",
            "trust-root-show",
        ];
        assert!(
            group || says || trivial.contains(&name.as_str()),
            "`{name}` says nothing of its exit codes"
        );
    }
}

#[test]
fn completions_know_every_command_and_bash_can_read_them() {
    let directory = folder();
    let commands = commands_in(&help(directory.path(), &[]));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Run::of(slsa_pip(directory.path()).args(["completions", shell]))
            .exits(0)
            .stdout;
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell} does not know `{command}`");
        }
    }
    let script = Run::of(slsa_pip(directory.path()).args(["completions", "bash"])).stdout;
    let path = directory.path().join("completions.bash");
    std::fs::write(&path, script).unwrap();
    // The shell is asked what it would offer after `slsa-pip che`.
    let asked = format!(
        "source '{}'; COMP_WORDS=(slsa-pip che); COMP_CWORD=1; _slsa__pip slsa-pip che slsa-pip; echo \"${{COMPREPLY[@]}}\"",
        path.display()
    );
    let offered = Run::of(Command::new("bash").args(["--norc", "-c", &asked]))
        .exits(0)
        .stdout;
    assert!(
        offered.split_whitespace().any(|word| word == "check-release"),
        "{offered}"
    );
    Run::of(slsa_pip(directory.path()).args(["completions", "tcsh"])).exits(2);
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let directory = folder();
    let page = Run::of(slsa_pip(directory.path()).arg("man")).exits(0).stdout;
    assert!(page.contains(".TH slsa-pip 1"), "{page}");
    Run::of(slsa_pip(directory.path()).args(["man", "--out", "pages"])).exits(0);
    for name in all_help().keys().filter(|name| *name != "slsa-pip") {
        let path = directory.path().join(format!("pages/slsa-pip-{name}.1"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    std::fs::write(directory.path().join("file"), "").unwrap();
    Run::of(slsa_pip(directory.path()).args(["man", "--out", "file/pages"]))
        .exits(2)
        .says("slsa-pip man --out DIR");
}
