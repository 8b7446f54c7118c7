//! `slsa-pip policy prune`: exemptions that are not needed any longer, since every file they name is attested by now.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_policy::{Exemption, Policy};
use slsa_pip_pypi_client::IndexClient;
use slsa_pip_verify::{Basis, Code, Refusal, Verified};

use super::document::Section;
use super::init::whole_index;
use super::place::{Place, Touched};
use crate::args::{Format, PolicyPruneArgs, Words};
use crate::cache_dir;
use crate::commands::EXIT_VERIFIED;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::judge::{Foretold, Judge, Judged};
use crate::pipeline::{self, Awaited, Grounds};
use crate::policy_file::Access;
use crate::printer::Printer;
use crate::report::json;
use crate::resolution::{self, Package};
use crate::session::Session;

/// The schema's name in the JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/policy-prune/v1";

/// Most other files of one version that are asked about; an exemption of more is left to people.
const MAX_OTHER_FILES: usize = 64;

/// What becomes of an exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Fate {
    /// Every file that it names is attested and accepted without it.
    Attested,
    /// It has run out.
    Expired,
    /// It stays.
    Kept,
}

/// One exemption.
#[derive(Debug, Serialize)]
struct Pruned {
    package: String,
    versions: String,
    fate: Fate,
    /// Whether it is dropped.
    dropped: bool,
    /// Why.
    why: String,
}

/// What the command prints.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    command: &'static str,
    policy: String,
    changed: bool,
    written: bool,
    exemptions: Vec<Pruned>,
    notes: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(args: &PolicyPruneArgs, printer: &Printer) -> Result<u8> {
    match interrupt::guard(prune(args, printer)).await {
        Ok(code) => code,
        Err(code) => Ok(code),
    }
}

async fn prune(args: &PolicyPruneArgs, printer: &Printer) -> Result<u8> {
    let asks = !args.wanted.requirements.is_empty();
    if !asks && !args.expired {
        return Err(
            Failure::new("There is nothing to go by: no requirement was given, and not `--expired` either").hint(
                "`slsa-pip policy prune -r requirements.txt` looks for provenance; `slsa-pip policy prune --expired` looks at the dates",
            ),
        );
    }
    let cache = cache_dir::resolve(&args.evidence.trust.root.cache)?;
    let access = Access {
        cache: cache.as_ref(),
        offline: args.evidence.trust.root.offline,
    };
    let place = Place::find(None, args.evidence.trust.policy.as_deref(), access)?;
    let held = place.current()?;
    let mut document = place.document()?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let (mut pruned, notes) = if asks {
        verified(args, &held, printer).await?
    } else {
        (
            held.exemptions()
                .map(|exemption| kept(exemption, "not looked for"))
                .collect(),
            Vec::new(),
        )
    };
    for (exemption, pruned) in held.exemptions().zip(&mut pruned) {
        expire(exemption, pruned, today, args.expired);
    }
    let mut touched = Touched::new();
    for (exemption, pruned) in held.exemptions().zip(&mut pruned) {
        if !pruned.dropped {
            continue;
        }
        if document.written_name(Section::Exemptions, &exemption.package).is_none() {
            pruned.dropped = false;
            pruned.why = format!(
                "{}; it is written in another file: {}",
                pruned.why, exemption.written_at
            );
            continue;
        }
        document.remove(Section::Exemptions, &exemption.package);
        touched.insert((Section::Exemptions, exemption.package.clone()));
    }
    let changed = !touched.is_empty();
    let written = changed && !args.prune_dry_run;
    if written {
        place.write(&document, &touched)?;
    }
    let document = Document {
        schema: SCHEMA,
        command: "policy prune",
        policy: place.path.display().to_string(),
        changed,
        written,
        exemptions: pruned,
        notes,
    };
    match args.format {
        Format::Json => printer.document(&json::document(&document)),
        Format::Human => printer.result(&human(&document, &place.path, printer)),
    }
    Ok(EXIT_VERIFIED)
}

/// What the files of the closure show of each exemption, in the policy's order.
async fn verified(args: &PolicyPruneArgs, held: &Policy, printer: &Printer) -> Result<(Vec<Pruned>, Vec<String>)> {
    let mut words = Words::default();
    words.flag("--ignore-installed", true);
    let mut session = Session::open("policy prune", &args.wanted, words, &args.evidence, printer).await?;
    // Everything is asked for provenance, by the policy as it is otherwise.
    session.trust.policy = held.without_exemptions();
    let request = resolution::request(&session.probe)?;
    let outcome = pipeline::run(&session, &request, printer).await?;
    let grounds = outcome.root.map(|root| {
        Arc::new(Grounds {
            root,
            named: Vec::new(),
        })
    });
    let whole = whole_index(&session, &args.wanted.index)?;
    let mut pruned = Vec::new();
    for exemption in held.exemptions() {
        let of_package = |judged: &&Judged| judged.package.as_ref().is_some_and(|it| it.name == exemption.package);
        pruned.push(match (outcome.judged.iter().find(of_package), &grounds) {
            (Some(judged), Some(grounds)) => of_file(&session, &whole, grounds, exemption, judged).await?,
            _ => kept(exemption, "not among what the requirements stand for"),
        });
    }
    Ok((pruned, outcome.notes))
}

/// What one verified file shows of its exemption.
async fn of_file(
    session: &Session,
    whole: &IndexClient,
    grounds: &Arc<Grounds>,
    exemption: &Exemption,
    judged: &Judged,
) -> Result<Pruned> {
    let Some(package) = &judged.package else {
        return Ok(kept(exemption, "refused before it could be chosen"));
    };
    if !exemption.versions.contains(&package.version) {
        return Ok(kept(
            exemption,
            &format!("the requirements stand for {}, which it does not name", package.version),
        ));
    }
    if !matches!(judged.verified.as_ref().map(Verified::basis), Some(Basis::Attested(_))) {
        let code = judged
            .report
            .refusals
            .first()
            .map_or("no verdict", |refusal| refusal.code.as_str());
        let needs_pin = |refusal: &Refusal| matches!(refusal.code, Code::RepositoryNotPinned | Code::BuilderNotPinned);
        let advice = if judged.report.refusals.iter().any(needs_pin) {
            format!(
                "; it is attested, and may be pinned instead: slsa-pip policy add {}",
                package.name
            )
        } else {
            String::new()
        };
        let version = &package.version;
        return Ok(kept(
            exemption,
            &format!("needed: without it {version} is refused ({code}){advice}"),
        ));
    }
    if !is_for(exemption, package) {
        return Ok(kept(
            exemption,
            &format!(
                "{} is attested, but it is for other versions too: narrow it",
                package.version
            ),
        ));
    }
    let others: Vec<Sha256Digest> = exemption
        .sha256
        .iter()
        .filter(|digest| judged.report.sha256.as_ref() != Some(*digest))
        .copied()
        .collect();
    if let Some(why) = unattested(session, whole, grounds, package, &others).await? {
        return Ok(kept(exemption, &why));
    }
    Ok(Pruned {
        fate: Fate::Attested,
        dropped: true,
        ..kept(
            exemption,
            &format!("{} is attested by now, and accepted without it", package.version),
        )
    })
}

/// Whether an exemption is for exactly this version.
fn is_for(exemption: &Exemption, package: &Package) -> bool {
    let versions = exemption.versions.to_string();
    let single = versions
        .trim()
        .strip_prefix("==")
        .and_then(|version| version.trim().parse().ok());
    single.as_ref() == Some(&package.version)
}

/// Why the other files that an exemption names still need it; `None` if they do not. They are not downloaded: their provenance is
/// looked for by their digests, and that is what it would have to name.
async fn unattested(
    session: &Session,
    whole: &IndexClient,
    grounds: &Arc<Grounds>,
    package: &Package,
    digests: &[Sha256Digest],
) -> Result<Option<String>> {
    if digests.is_empty() {
        return Ok(None);
    }
    if digests.len() > MAX_OTHER_FILES {
        return Ok(Some("it names more files than are looked for".to_owned()));
    }
    let Ok(project) = whole.project(&package.name).await else {
        return Ok(Some("it names other files, which the index does not list".to_owned()));
    };
    let mut others = Vec::new();
    for digest in digests {
        let Some(file) = project.files.iter().find(|file| file.sha256.as_ref() == Some(digest)) else {
            return Ok(Some(format!(
                "it names another file, which the index does not list: {digest}"
            )));
        };
        others.push(Package {
            filename: file.filename.clone(),
            file: Arc::clone(file),
            ..package.clone()
        });
    }
    let judge = Judge::new(session, Awaited::ready(Arc::clone(grounds)));
    let answers = try_join_all(others.iter().map(|other| judge.foretell(other))).await?;
    let missing = others
        .iter()
        .zip(answers)
        .find(|(_, answer)| !matches!(answer, Some(Foretold::Attested(_))));
    Ok(missing.map(|(other, _)| format!("another file that it names is not attested: {}", other.filename)))
}

fn expire(exemption: &Exemption, pruned: &mut Pruned, today: Date, drop: bool) {
    let Some(last) = exemption.expires.filter(|_| exemption.expired_on(today)) else {
        return;
    };
    if pruned.fate == Fate::Kept {
        pruned.fate = Fate::Expired;
        pruned.dropped = drop;
        let unasked = if drop { "" } else { "; `--expired` drops it" };
        pruned.why = format!("it ran out on {last}{unasked}");
    }
}

fn kept(exemption: &Exemption, why: &str) -> Pruned {
    Pruned {
        package: exemption.package.to_string(),
        versions: exemption.versions.to_string(),
        fate: Fate::Kept,
        dropped: false,
        why: why.to_owned(),
    }
}

fn human(document: &Document, path: &Path, printer: &Printer) -> String {
    let mut lines = Vec::new();
    for pruned in &document.exemptions {
        let verb = match (pruned.dropped, document.written) {
            (true, true) => printer.good("dropped"),
            (true, false) => printer.good("to be dropped"),
            (false, _) => "kept".to_owned(),
        };
        lines.push(format!(
            "{verb} {} {}: {}",
            printer.strong(&printer.plain_line(&pruned.package)),
            printer.plain_line(&pruned.versions),
            printer.plain_line(&pruned.why)
        ));
    }
    for note in &document.notes {
        lines.push(format!("{} {}", printer.note("note:"), printer.plain_line(note)));
    }
    let dropped = document.exemptions.iter().filter(|pruned| pruned.dropped).count();
    let total = document.exemptions.len();
    lines.push(match (document.changed, document.written) {
        (false, _) => format!("Left as it was: {} ({total} exemptions)", path.display()),
        (true, true) => format!(
            "Completed: {} ({dropped} of {total} exemptions dropped)",
            path.display()
        ),
        (true, false) => format!(
            "Nothing was written (--dry-run): {} would lose {dropped} of {total} exemptions",
            path.display()
        ),
    });
    format!("{}\n", lines.join("\n"))
}
