//! `slsa-pip policy`: writes, completes, checks and explains policies. What is judged is judged as for `install`.

mod accept;
mod check;
mod diff;
mod document;
mod earlier;
mod entry;
mod explain;
mod init;
mod place;
mod plan;
mod prune;
mod summary;
mod survey;
mod template;

use std::path::PathBuf;

use slsa_pip_policy::Policy;

use crate::args::{PolicyCommand, PolicyFileArgs};
use crate::failure::Result;
use crate::policy_file::{self, Access};
use crate::printer::Printer;

/// The schema of the commands that edit a policy; docs/report.md describes it.
pub(crate) const EDIT_SCHEMA: &str = "slsa-pip/policy-edit/v1";

pub(crate) use accept::SCHEMA as ACCEPT_SCHEMA;
pub(crate) use check::SCHEMA as CHECK_SCHEMA;
pub(crate) use diff::SCHEMA as DIFF_SCHEMA;
pub(crate) use explain::SCHEMA as EXPLAIN_SCHEMA;
pub(crate) use prune::SCHEMA as PRUNE_SCHEMA;

/// Runs the command.
pub(crate) async fn run(command: &PolicyCommand, printer: &Printer) -> Result<u8> {
    match command {
        PolicyCommand::Init(args) => init::init(args, printer).await,
        PolicyCommand::Add(args) => init::add(args, printer).await,
        PolicyCommand::Accept(args) => accept::run(args, printer).await,
        PolicyCommand::Prune(args) => prune::run(args, printer).await,
        PolicyCommand::Check(args) => check::run(args, printer).await,
        PolicyCommand::Explain(args) => explain::run(args, printer),
        PolicyCommand::Diff(args) => diff::run(args, printer),
    }
}

/// The policy that holds, or the named one, and its place.
fn load(files: &PolicyFileArgs) -> Result<(Policy, PathBuf)> {
    let cache = files.cache()?;
    let access = Access {
        cache: cache.as_ref(),
        offline: files.offline,
    };
    policy_file::load_policy(files.policy.as_deref(), access)
}
