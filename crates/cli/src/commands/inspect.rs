//! `slsa-pip inspect`: what a provenance file says, unverified.

use slsa_pip_provenance::parse_provenance;

use crate::args::{Format, InspectArgs};
use crate::directory::read_bounded;
use crate::failure::{Failure, Result};
use crate::printer::Printer;
use crate::report::inspection::{Inspection, human};
use crate::report::json;

/// At least one attestation could be read.
const EXIT_READ: u8 = 0;
/// The file holds nothing that could be read.
const EXIT_NOTHING: u8 = 1;

/// Runs the command.
pub(crate) fn run(args: &InspectArgs, printer: &Printer) -> Result<u8> {
    let location = args.file.display().to_string();
    let bytes = read_bounded(&args.file).map_err(|error| {
        Failure::new(format!("The provenance file `{location}` cannot be read"))
            .caused_by(&error)
            .hint("Name an existing file: `slsa-pip inspect FILE`")
    })?;
    let inspection = Inspection::new(location, parse_provenance(&bytes));
    if args.format == Format::Json {
        printer.document(&json::document(&inspection));
    } else {
        human::print(&inspection, printer);
    }
    Ok(if inspection.attestations.is_empty() {
        EXIT_NOTHING
    } else {
        EXIT_READ
    })
}
