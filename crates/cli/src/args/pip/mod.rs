//! Every option of `pip install` and `pip download`, and what becomes of it. One table: the options that are declared nowhere
//! else are parsed by it, and docs/pip-options.md is made of it.

mod table;

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::failure::{Failure, Result};

use table::TABLE;

/// What becomes of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// slsa-pip does what it says; it is declared among slsa-pip's own options. The text is empty, or says what is special.
    Honoured(&'static str),
    /// It is given to pip when the verified files are handed to it; declared as above.
    HandedOver,
    /// It is accepted, and changes nothing, for this reason.
    WithoutEffect(&'static str),
    /// It is refused, for this reason, with what to do instead.
    Refused(&'static str, &'static str),
}

/// An option of pip's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PipOption {
    /// Its short form.
    pub(crate) short: Option<char>,
    /// Its name without dashes.
    pub(crate) long: &'static str,
    /// Whether a value follows it.
    pub(crate) takes_value: bool,
    /// What becomes of it.
    pub(crate) treatment: Treatment,
}

impl PipOption {
    fn arg(&self) -> Arg {
        let arg = Arg::new(self.long).long(self.long).hide(true);
        let arg = match self.short {
            Some(short) => arg.short(short),
            None => arg,
        };
        if self.takes_value {
            arg.action(ArgAction::Append).allow_hyphen_values(true)
        } else {
            arg.action(ArgAction::Count)
        }
    }

    fn is_declared_here(&self) -> bool {
        matches!(self.treatment, Treatment::WithoutEffect(_) | Treatment::Refused(..))
    }
}

/// The options of pip's that slsa-pip does not have itself.
#[derive(Debug, Default)]
pub(crate) struct PipOptions {
    refused: Vec<&'static PipOption>,
}

impl PipOptions {
    /// Ends the run if an option was given that is refused.
    pub(crate) fn check(&self) -> Result<()> {
        let failures = self.refused.iter().filter_map(|option| match option.treatment {
            Treatment::Refused(why, instead) => {
                let failure = Failure::new(format!("`--{}` is refused: {why}", option.long));
                Some(failure.code("option-refused").hint(instead))
            }
            _ => None,
        });
        failures.into_iter().next().map_or(Ok(()), Err)
    }
}

impl FromArgMatches for PipOptions {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let given = |option: &&PipOption| {
            matches.try_contains_id(option.long).is_ok_and(|known| known)
                && matches.value_source(option.long) == Some(ValueSource::CommandLine)
        };
        Ok(Self {
            refused: TABLE
                .iter()
                .filter(|option| option.is_declared_here())
                .filter(given)
                .collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for PipOptions {
    /// Adds what is not declared before.
    fn augment_args(command: Command) -> Command {
        TABLE
            .iter()
            .filter(|option| option.is_declared_here())
            .fold(command, |command, option| {
                let known = command.get_arguments().any(|arg| arg.get_long() == Some(option.long));
                if known { command } else { command.arg(option.arg()) }
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The words of a command of pip's; they are taken from the command line before it is parsed.
#[derive(Debug, Args)]
pub(crate) struct PassedArgs {
    #[arg(skip)]
    pub(crate) words: Vec<OsString>,
}

#[cfg(test)]
mod tests;
