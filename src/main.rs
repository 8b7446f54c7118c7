//! `slsa-pip`: `pip install`, with the provenance of every file verified first.

use std::process::ExitCode;

fn main() -> ExitCode {
    slsa_pip_cli::main()
}
