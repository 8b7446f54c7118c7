//! Integration tests: the real binary, as a user runs it.

mod support;

// `--help`, `--version`, usage errors and exit codes.
mod command_line;
// `slsa-pip verify` on real files and real provenance.
mod verify;
// `slsa-pip install` and `download` against the embedded world on 127.0.0.1.
mod install_world;
// Bad input of every kind: clear errors, exit code 2, nothing left behind.
mod bad_input;
// `slsa-pip install` on the configured index, with real provenance (feature `index-tests`).
#[cfg(feature = "index-tests")]
mod install_index;
