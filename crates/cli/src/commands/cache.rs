//! `slsa-pip cache`: where things are kept between runs, how much that is, and getting rid of it.
//!
//! Only what this program is known to write is ever removed, and nothing at all from a folder in which something else lies:
//! whoever names the wrong folder loses nothing.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;
use slsa_pip_cache::sweep::{self, Found, Removed, Usage, is_hex};
use slsa_pip_cache::{CacheError, CacheFolder};
use slsa_pip_http::CacheSettings;
use slsa_pip_http::cache as http;

use crate::args::{CacheCommand, CacheCommandArgs, Format};
use crate::cache_dir;
use crate::commands::EXIT_VERIFIED;
use crate::failure::{Failure, Result};
use crate::printer::Printer;
use crate::report::json;

/// The schema's name in every JSON document; docs/environment.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/cache/v1";

/// HTTP answers, wheels, answers of the transparency log, trusted roots, imported policies.
const FOLDERS: [&str; 5] = [HTTP, WHEELS, REKOR, TUF, POLICIES];
const HTTP: &str = "http";
const WHEELS: &str = "wheels";
const REKOR: &str = "rekor";
const TUF: &str = "tuf";
const POLICIES: &str = crate::policy_file::IMPORTS;
/// What is kept of each TUF repository.
const TUF_FILES: [&str; 3] = ["copy.json", "versions.json", "lock"];

/// What the commands print.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    command: &'static str,
    dir: PathBuf,
    /// What there is, or what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    folders: Option<Vec<Kept>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<Gone>,
}

/// One sub-folder.
#[derive(Debug, Serialize)]
struct Kept {
    name: &'static str,
    entries: u64,
    bytes: u64,
    /// Bytes that stay after pruning, where that is bounded.
    max_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Gone {
    entries: u64,
    bytes: u64,
}

/// Runs the command.
pub(crate) fn run(command: &CacheCommand, printer: &Printer) -> Result<u8> {
    let args = command.args();
    let folder = cache_dir::resolve(&args.cache)?.ok_or_else(|| {
        Failure::new("There is no cache folder").hint("Leave out `--no-cache-dir`, or name a folder: `--cache-dir DIR`")
    })?;
    let mut document = Document {
        schema: SCHEMA,
        command: command.name(),
        dir: folder.path(),
        folders: None,
        removed: None,
    };
    let settings = CacheSettings::new(folder.clone());
    match command {
        CacheCommand::Dir(_) => {}
        CacheCommand::Info(_) => check(&folder)?,
        CacheCommand::Prune(args) => {
            check(&folder)?;
            document.removed = Some(
                prune(&settings, args.max_size)
                    .map_err(|error| failed(&folder, &error))?
                    .into(),
            );
        }
        CacheCommand::Clean(_) => {
            check(&folder)?;
            document.removed = Some(clean(&folder).map_err(|error| failed(&folder, &error))?.into());
        }
    }
    if !matches!(command, CacheCommand::Dir(_)) {
        document.folders = Some(kept(&settings).map_err(|error| failed(&folder, &error))?);
    }
    print(&document, args, printer);
    Ok(EXIT_VERIFIED)
}

/// That the folder is this program's own: nothing else lies in it, nobody else can have written to it, and no link leads out.
fn check(folder: &CacheFolder) -> Result<()> {
    folder.names().map_err(|error| refused(&error))?;
    let path = folder.path();
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| failed(folder, &error))?,
    };
    for entry in entries {
        let name = entry.map_err(|error| failed(folder, &error))?.file_name();
        if !FOLDERS.iter().any(|known| name == *known) {
            let found = path.join(&name);
            return Err(Failure::new(format!(
                "`{}` is not a cache folder of slsa-pip, which has not made `{}`",
                path.display(),
                found.display()
            ))
            .hint("Name slsa-pip's own folder: `--cache-dir DIR`; `slsa-pip cache dir` says which one is used"));
        }
    }
    for name in FOLDERS {
        let below = folder.folder(name).and_then(|below| below.names());
        below.map_err(|error| refused(&error))?;
    }
    Ok(())
}

fn kept(settings: &CacheSettings) -> io::Result<Vec<Kept>> {
    let info = http::info(&settings.folder)?;
    let own = |name| files(&settings.folder, name).map(|files| Usage::of(&files));
    let each = [
        (HTTP, info.http, Some(settings.max_http_bytes)),
        (WHEELS, info.wheels, Some(settings.max_wheel_bytes)),
        (REKOR, own(REKOR)?, None),
        (TUF, own(TUF)?, None),
        (POLICIES, own(POLICIES)?, None),
    ];
    let kept = each.into_iter().map(|(name, usage, max_bytes)| Kept {
        name,
        entries: usage.entries,
        bytes: usage.bytes,
        max_bytes,
    });
    Ok(kept.collect())
}

/// Everything beyond the bounds, and what killed processes have left. The answers of the log have a bound of their own, and a
/// trusted root is replaced by the next one. Of `max_size` bytes, the answers of servers come first: they are small, and many
/// requests are spared by them.
fn prune(settings: &CacheSettings, max_size: Option<u64>) -> io::Result<Removed> {
    let mut removed = Removed::default();
    if let Some(most) = max_size {
        let mut settings = settings.clone();
        settings.max_http_bytes = settings.max_http_bytes.min(most);
        removed = http::prune(&settings)?;
        let left = most.saturating_sub(http::info(&settings.folder)?.http.bytes);
        settings.max_wheel_bytes = settings.max_wheel_bytes.min(left);
        removed = removed.and(http::prune(&settings)?);
    } else {
        removed = removed.and(http::prune(settings)?);
    }
    let now = SystemTime::now();
    for name in [REKOR, TUF, POLICIES] {
        for file in files(&settings.folder, name)?
            .iter()
            .filter(|file| file.is_abandoned(now))
        {
            removed.remove(file)?;
        }
    }
    Ok(removed)
}

fn clean(folder: &CacheFolder) -> io::Result<Removed> {
    let mut removed = http::clean(folder)?;
    for name in [REKOR, TUF, POLICIES] {
        for file in files(folder, name)? {
            removed.remove(&file)?;
        }
        let below = folder.path().join(name);
        for repository in sweep::folders(&below, |_| true)? {
            sweep::remove_empty(&repository)?;
        }
        sweep::remove_empty(&below)?;
    }
    Ok(removed)
}

impl From<Removed> for Gone {
    fn from(removed: Removed) -> Self {
        Self {
            entries: removed.entries,
            bytes: removed.bytes,
        }
    }
}

/// The files of `rekor/` and `policies/`, or of the folders in `tuf/`, that are named as this program names them.
fn files(folder: &CacheFolder, name: &str) -> io::Result<Vec<Found>> {
    let below = folder.path().join(name);
    if name == REKOR {
        let is_answer = |name: &str| name.strip_suffix(".json").is_some_and(|digest| is_hex(digest, 64));
        return sweep::files(&below, is_answer);
    }
    if name == POLICIES {
        let is_policy = |name: &str| name.strip_suffix(".toml").is_some_and(|digest| is_hex(digest, 64));
        return sweep::files(&below, is_policy);
    }
    let mut found = Vec::new();
    for repository in sweep::folders(&below, |_| true)? {
        found.extend(sweep::files(&repository, |name| TUF_FILES.contains(&name))?);
    }
    Ok(found)
}

fn refused(error: &CacheError) -> Failure {
    Failure::new("The cache folder cannot be used")
        .caused_by(error)
        .hint(error.hint())
}

fn failed(folder: &CacheFolder, error: &io::Error) -> Failure {
    Failure::new(format!(
        "The cache folder `{}` cannot be read or cleared",
        folder.path().display()
    ))
    .caused_by(error)
    .hint("Name another folder: `--cache-dir DIR`")
}

fn print(document: &Document, args: &CacheCommandArgs, printer: &Printer) {
    if args.format == Format::Json {
        printer.document(&json::document(document));
        return;
    }
    let Some(folders) = &document.folders else {
        // For `$(slsa-pip cache dir)`.
        printer.document(&document.dir.display().to_string());
        return;
    };
    let mut lines = vec![format!("cache folder: {}", document.dir.display())];
    if let Some(gone) = &document.removed {
        lines.push(format!("removed: {} ({})", counted(gone.entries), size(gone.bytes)));
    }
    for kept in folders {
        let most = kept.max_bytes.map(|most| format!(", at most {}", size(most)));
        lines.push(format!(
            "  {:<8} {} ({}{})",
            kept.name,
            counted(kept.entries),
            size(kept.bytes),
            most.unwrap_or_default()
        ));
    }
    for line in lines {
        printer.result(&format!("{}\n", printer.plain_line(&line)));
    }
}

fn counted(entries: u64) -> String {
    format!("{entries} file{}", if entries == 1 { "" } else { "s" })
}

/// Bytes in the unit that fits, rounded down: `4 GiB`.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fitting = units.into_iter().find(|(shift, _)| bytes >> shift > 0);
    match fitting {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        for (bytes, words) in [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (5 << 30, "5 GiB")] {
            assert_eq!(size(bytes), words);
        }
    }
}
