//! Arguments, settings, commands and reports of slsa-pip; the only crate that prints.
//!
//! ```text
//! args → settings → commands/{install,download,resolve,verify,inspect,verify_bundle,trust_root,cache} → report/{human,json}
//!                        │
//!                        └ pipeline: resolve → per file: download, collect, verify → gate
//! ```

mod allowed;
mod args;
mod artifact;
mod cache_dir;
mod collect;
mod commands;
mod consistency;
mod continuity;
mod cooldown;
mod declared;
mod directory;
mod earlier;
mod environment;
mod failure;
mod github_token;
mod harvest;
mod hashing;
mod in_place;
mod interrupt;
mod judge;
mod locked;
mod log_answers;
mod named;
mod netrc;
mod network;
mod pipeline;
mod policy_file;
mod printer;
mod report;
mod resolution;
mod resolve_policy;
mod search;
mod session;
mod settings;
mod source;
mod temporary;
mod timings;
mod wheel_inspection;
mod whole_file;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command, TrustRootCommand};
use printer::Printer;

/// Runs the program on the process's own arguments.
///
/// Returns 0 if everything was verified (and installed), 1 if something was refused, 2 for usage, configuration and
/// environment errors, and pip's own code if the hand-off failed.
#[must_use]
pub fn main() -> ExitCode {
    let (arguments, passed) = commands::pip::split(std::env::args_os());
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.with_passed(passed),
        Err(error) => {
            // Help and version are results (0); everything else is a usage error (2), as clap numbers them.
            let code = u8::try_from(error.exit_code()).unwrap_or(failure::EXIT_ERROR);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let printer = Printer::new(&cli);
    let format = cli.command.format();
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(&cli, &printer));
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(failure::Failure::new("The asynchronous runtime could not be started").caused_by(&error)),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let failure = failure.without_logins();
            if format == args::Format::Json {
                printer.document(&report::json::error_document(&cli.command, &failure));
            }
            failure.print(&printer);
            ExitCode::from(failure::EXIT_ERROR)
        }
    }
}

async fn run(cli: &Cli, printer: &Printer) -> failure::Result<u8> {
    match &cli.command {
        Command::Install(args) => commands::install::run(args, printer).await,
        Command::Download(args) => commands::download::run(args, printer).await,
        Command::Resolve(args) => commands::resolve::run(args, printer).await,
        Command::Lock(args) => commands::lock::run(args, printer).await,
        Command::Diff(args) => commands::diff::run(args, printer),
        Command::Verify(args) => commands::verify::run(args, printer).await,
        Command::CheckRelease(args) => commands::check_release::run(args, printer).await,
        Command::Inspect(args) => commands::inspect::run(args, printer),
        Command::VerifyBundle(args) => commands::verify_bundle::run(args, printer).await,
        Command::Policy(command) => commands::policy::run(command, printer).await,
        Command::Pip(args) => commands::pip::run(&args.words),
        Command::Completions(args) => Ok(commands::generate::completions(args.shell, printer)),
        Command::Man(args) => commands::generate::man(args.out.as_deref(), printer),
        Command::Cache(command) => commands::cache::run(command, printer),
        Command::TrustRoot(TrustRootCommand::Show(args)) => commands::trust_root::show(args, printer),
        Command::TrustRoot(TrustRootCommand::Update(args)) => commands::trust_root::update(args, printer).await,
    }
}
