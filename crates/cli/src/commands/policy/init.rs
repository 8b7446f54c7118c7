//! `slsa-pip policy init` and `add`: entries for what was verified, each judged once more under the policy as written.

use std::sync::Arc;

use clap::ValueEnum as _;
use futures_util::future::try_join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use slsa_pip_distribution::{DistributionFilename, Sha256Digest};
use slsa_pip_pip::Probe;
use slsa_pip_policy::Policy;
use slsa_pip_provenance::SourceKind;
use slsa_pip_pypi_client::IndexClient;

use super::document::{Document, Section};
use super::earlier::{self, Earlier};
use super::entry::{self, Keys};
use super::place::Place;
use super::plan::{Plan, Planned};
use super::summary::{Entry, Summary, Trust};
use super::survey::{self, Finding, Survey, Surveyed};
use crate::args::{self, EditArgs, EvidenceArgs, IndexArgs, PolicyAddArgs, PolicyInitArgs, WantedArgs, Words};
use crate::commands::resolve::check_not_read;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::judge::Judge;
use crate::pipeline::Awaited;
use crate::policy_file::Access;
use crate::printer::Printer;
use crate::resolution::Package;
use crate::session::{Session, whole_index_client};

/// Where earlier releases are asked for, by where the present one's evidence was found.
const SAME_PLACE: [(args::Place, SourceKind); 4] = [
    (args::Place::Dir, SourceKind::Directory),
    (args::Place::Index, SourceKind::IndexIntegrity),
    (args::Place::GithubRelease, SourceKind::GithubRelease),
    (args::Place::GithubAttestation, SourceKind::GithubAttestation),
];

/// So many packages without any provenance are hardly a coincidence.
const SILENT: usize = 5;

/// What the two commands share.
struct Work<'a> {
    command: &'static str,
    wanted: &'a WantedArgs,
    evidence: &'a EvidenceArgs,
    edit: &'a EditArgs,
    no_deps: bool,
}

/// `slsa-pip policy init`
pub(super) async fn init(args: &PolicyInitArgs, printer: &Printer) -> Result<u8> {
    let work = Work {
        command: "policy init",
        wanted: &args.wanted,
        evidence: &args.evidence,
        edit: &args.edit,
        no_deps: false,
    };
    guarded(work, printer).await
}

/// `slsa-pip policy add`
pub(super) async fn add(args: &PolicyAddArgs, printer: &Printer) -> Result<u8> {
    let work = Work {
        command: "policy add",
        wanted: &args.wanted,
        evidence: &args.evidence,
        edit: &args.edit,
        no_deps: !args.with_dependencies,
    };
    guarded(work, printer).await
}

async fn guarded(work: Work<'_>, printer: &Printer) -> Result<u8> {
    match interrupt::guard(run(work, printer)).await {
        Ok(code) => code,
        Err(code) => Ok(code),
    }
}

async fn run(work: Work<'_>, printer: &Printer) -> Result<u8> {
    // What is installed plays no part.
    let mut words = Words::default();
    words.flag("--ignore-installed", true);
    let mut session = Session::open(work.command, work.wanted, words, work.evidence, printer).await?;
    let access = Access {
        cache: session.trust.cache.as_ref(),
        offline: session.trust.offline,
    };
    if let Some(output) = &work.edit.output {
        check_not_read(output, &work.wanted.requirements)?;
    }
    let named = work.evidence.trust.policy.as_deref();
    let place = Place::find(work.edit.output.as_deref(), named, access)?;
    let held = place.current()?;
    let survey = survey::run(&mut session, &held, work.no_deps, printer).await?;
    let mut entries: Vec<Entry> = survey.files.iter().map(Entry::of).collect();
    let whole = whole_index(&session, &work.wanted.index)?;
    let mut plan = Plan {
        place: &place,
        entries: Vec::new(),
    };
    let today = session.trust.now.to_zoned(TimeZone::UTC).date();
    let original = place.document()?;
    let wants = Wants {
        whole: &whole,
        original: &original,
        held: &held,
        edit: work.edit,
        today,
        asked: asked(&session),
    };
    for (index, (file, made)) in survey.files.iter().zip(&mut entries).enumerate() {
        let keys = wants.entry(file, made).await;
        plan.entries.extend(keys.map(|(section, keys, remark)| Planned {
            index,
            section,
            keys,
            remark,
        }));
    }
    plan.settle(&session, &survey, &mut entries).await?;
    let customs = customs(&mut session, &survey, &plan).await?;
    plan.refine(&original, &survey, &mut entries, &customs);
    let document = plan.settle(&session, &survey, &mut entries).await?;
    plan.tell(&original, &survey, &mut entries);
    let changed = !plan.entries.is_empty() && place.would_change(&document);
    let written = changed && !work.edit.edit_dry_run;
    if written {
        place.write(&document, &plan.touched(&survey))?;
    }
    let mut notes = survey.notes;
    notes.extend(silent_index(&survey.files));
    let summary = Summary {
        schema: super::EDIT_SCHEMA,
        command: work.command,
        policy: place.path.display().to_string(),
        created: !place.exists(),
        changed,
        written,
        entries,
        refused: survey.unchosen,
        target: target(&session.probe),
        trusted_root: survey
            .grounds
            .as_ref()
            .map(|grounds| grounds.root.describe(session.trust.now)),
        notes,
        requests: session.http.counters().requests,
    };
    Ok(summary.print(work.edit, printer))
}

/// What earlier releases of the newly pinned packages show, in the order of the plan.
async fn customs(session: &mut Session, survey: &Survey, plan: &Plan<'_>) -> Result<Vec<Vec<Earlier>>> {
    let Some(grounds) = &survey.grounds else {
        return Ok(Vec::new());
    };
    // The same source is asked for and no more: what else has changed is to be seen.
    let mut probing = plan.place.document()?;
    for planned in &plan.entries {
        if let Some((file, proof)) = planned.proof(survey) {
            let source: Vec<_> = entry::source(&proof.identity()).into_iter().collect();
            probing.add(Section::Packages, &file.package.name, &source, &[])?;
        }
    }
    session.trust.policy = plan.place.policy(&probing.text())?.for_first_use();
    let permitted = session.places.clone();
    let mut customs: Vec<Vec<Earlier>> = plan.entries.iter().map(|_| Vec::new()).collect();
    for kind in SAME_PLACE {
        // A release that has none where its successor has it is not searched for everywhere: that would be dozens of requests each.
        session.places = permitted.iter().copied().filter(|place| *place == kind.0).collect();
        let session = &*session;
        let judge = &Judge::new(session, Awaited::ready(Arc::clone(grounds)));
        let asked = plan
            .entries
            .iter()
            .zip(&mut customs)
            .map(|(planned, found)| async move {
                if let Some((file, proof)) = planned.proof(survey)
                    && proof.attested.found.kind == kind.1
                {
                    *found = earlier::releases(session, judge, &file.package).await?;
                }
                Ok::<_, Failure>(())
            });
        try_join_all(asked).await?;
    }
    session.places = permitted;
    Ok(customs)
}

/// An entry that is to be written.
type Wanted = (Section, Keys, Vec<String>);

/// What entries are made from.
struct Wants<'a> {
    whole: &'a IndexClient,
    original: &'a Document,
    held: &'a Policy,
    edit: &'a EditArgs,
    today: Date,
    /// Which places were asked, where it was not all.
    asked: String,
}

impl Wants<'_> {
    /// The entry that a file is to have; `None` if it has one, or is to have none.
    async fn entry(&self, file: &Surveyed, made: &mut Entry) -> Option<Wanted> {
        let package = &file.package;
        match &file.finding {
            Finding::Pinned(proof) => {
                made.written_at = self.held.expectation(&package.name, &package.version).pinned_by;
                let known = self.original.keys(Section::Packages, &package.name);
                if !known.is_empty() {
                    let could = entry::pin(&proof.identity()).unwrap_or_default();
                    let missing = could.iter().map(|(key, _)| (*key).to_owned());
                    made.not_pinned = missing.filter(|key| !known.contains(key)).collect();
                }
                None
            }
            Finding::Exempt => {
                let exemption = self.held.exemption(&package.name, &package.version);
                made.written_at = exemption.map(|exemption| exemption.written_at.clone());
                // Digests that it lacks, on request, where it is for this version and no other.
                if !self.edit.all_files
                    || self.original.single_version(&package.name).as_ref() != Some(&package.version)
                {
                    return None;
                }
                let known = self.original.digests(&package.name);
                let mut missing = other_wheels(self.whole, package).await;
                missing.retain(|(digest, _)| !known.contains(&digest.to_string()));
                made.sha256 = missing;
                (!made.sha256.is_empty()).then(|| (Section::Exemptions, entry::digests(&made.sha256), Vec::new()))
            }
            Finding::FirstUse(proof) => {
                let Some(keys) = entry::pin(&proof.identity()) else {
                    made.cannot_pin("it is attested, but not by anybody who can be pinned");
                    return None;
                };
                let today = self.today;
                let trust = Trust::of(made.declared_repository.as_deref(), &proof.identity());
                made.trust = Some(trust);
                let remark = format!(
                    "first use on {today}: {} {}, {}",
                    package.name,
                    package.version,
                    trust.remark()
                );
                Some((Section::Packages, keys, vec![remark]))
            }
            Finding::Unattested(staged) => {
                if self.original.written_name(Section::Exemptions, &package.name).is_some() {
                    made.other_exemption();
                    return None;
                }
                let mut files = vec![(*staged.sha256(), staged.filename().to_owned())];
                let others = other_wheels(self.whole, package).await;
                if self.edit.all_files {
                    files.extend(others);
                } else {
                    made.other_files = others.len();
                }
                files.sort_by(|a, b| a.1.cmp(&b.1));
                files.dedup_by(|a, b| a.0 == b.0);
                let reason = self.edit.reason.clone();
                let (today, asked) = (self.today, &self.asked);
                let reason =
                    reason.unwrap_or_else(|| format!("no provenance found as of {today}{asked}; not reviewed yet"));
                let keys = entry::exemption(&package.version, &files, &reason, self.edit.expires);
                made.sha256 = files;
                made.reason = Some(reason);
                Some((Section::Exemptions, keys, Vec::new()))
            }
            Finding::Refused(refusals) => {
                made.refuse(refusals.clone());
                None
            }
        }
    }
}

/// That nothing at all was found, which says more of the index than of the packages.
fn silent_index(files: &[Surveyed]) -> Option<String> {
    let attested = |file: &Surveyed| matches!(file.finding, Finding::Pinned(_) | Finding::FirstUse(_));
    let is_unattested = |file: &Surveyed| matches!(file.finding, Finding::Unattested(_));
    let unattested = files.iter().filter(|file| is_unattested(file)).count();
    (unattested >= SILENT && !files.iter().any(attested)).then(|| {
        format!(
            "none of {unattested} packages has provenance; if the index is a mirror, it may not pass on what the original has: keep no \
             exemption before that was looked at"
        )
    })
}

/// What was resolved for, in a few words.
fn target(probe: &Probe) -> String {
    format!(
        "Python {} on {}, {}",
        probe.python_version,
        probe.markers.sys_platform(),
        probe.markers.platform_machine()
    )
}

/// The places that were asked, for a reason that claims no more than is known; empty if it was all.
fn asked(session: &Session) -> String {
    if session.trust.offline {
        return " without a request".to_owned();
    }
    if args::Place::value_variants()
        .iter()
        .all(|place| session.places.contains(place))
    {
        return String::new();
    }
    let names = session.places.iter().filter_map(args::Place::to_possible_value);
    let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
    format!(" at {} alone", names.join(", "))
}

/// The index with the files of all platforms.
pub(super) fn whole_index(session: &Session, args: &IndexArgs) -> Result<IndexClient> {
    let trust = &session.trust;
    whole_index_client(&session.probe, args, &trust.policy, trust.offline, &session.http)
}

/// The other wheels of a version, by the word of the index; none of a file that was named by its URL.
async fn other_wheels(whole: &IndexClient, package: &Package) -> Vec<(Sha256Digest, String)> {
    if package.direct {
        return Vec::new();
    }
    let Ok(project) = whole.project(&package.name).await else {
        return Vec::new();
    };
    let wheels = project.files.iter().filter_map(|file| match &file.filename {
        DistributionFilename::Wheel(wheel) if wheel.version == package.version && file.filename != package.filename => {
            Some((file.sha256?, file.filename.as_str().to_owned()))
        }
        _ => None,
    });
    wheels.collect()
}
