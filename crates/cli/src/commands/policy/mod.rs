//! `slsa-pip policy`: writes, completes, checks and explains policies. What is judged is judged as for `install`.

mod accept;
mod document;
mod earlier;
mod entry;
mod init;
mod place;
mod prune;
mod summary;
mod survey;
mod template;

use crate::args::PolicyCommand;
use crate::failure::Result;
use crate::printer::Printer;

/// The schema of the commands that edit a policy; docs/report.md describes it.
pub(crate) const EDIT_SCHEMA: &str = "slsa-pip/policy-edit/v1";

pub(crate) use accept::SCHEMA as ACCEPT_SCHEMA;
pub(crate) use prune::SCHEMA as PRUNE_SCHEMA;

/// Runs the command.
pub(crate) async fn run(command: &PolicyCommand, printer: &Printer) -> Result<u8> {
    match command {
        PolicyCommand::Init(args) => init::init(args, printer).await,
        PolicyCommand::Add(args) => init::add(args, printer).await,
        PolicyCommand::Accept(args) => accept::run(args, printer).await,
        PolicyCommand::Prune(args) => prune::run(args, printer).await,
    }
}
