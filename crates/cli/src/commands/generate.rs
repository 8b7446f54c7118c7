//! `slsa-pip completions` and `slsa-pip man`: what shells and manual readers are told, out of the very definition that parses the
//! command line.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Cli;
use crate::commands::EXIT_VERIFIED;
use crate::failure::{Failure, Result};
use crate::printer::Printer;

/// The program's name, as shells know it.
const PROGRAM: &str = "slsa-pip";

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell, printer: &Printer) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    printer.document_bytes(&script);
    EXIT_VERIFIED
}

/// Prints the program's own page, or writes a page for it and for each command into a folder.
pub(crate) fn man(folder: Option<&Path>, printer: &Printer) -> Result<u8> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(Cli::command())
            .render(&mut page)
            .map_err(|error| Failure::new("The manual page could not be made").caused_by(&error))?;
        printer.document_bytes(&page);
        return Ok(EXIT_VERIFIED);
    };
    let not_written = |error: &std::io::Error| {
        Failure::new(format!(
            "The manual pages could not be written to `{}`",
            folder.display()
        ))
        .caused_by(error)
        .hint("Name a folder that you may write to: `slsa-pip man --out DIR`")
    };
    std::fs::create_dir_all(folder).map_err(|error| not_written(&error))?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| not_written(&error))?;
    Ok(EXIT_VERIFIED)
}
