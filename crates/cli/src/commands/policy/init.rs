//! `slsa-pip policy init` and `add`: entries for what was verified, each judged once more under the policy as written.

use std::path::PathBuf;

use futures_util::future::try_join_all;
use jiff::tz::TimeZone;
use slsa_pip_distribution::{DistributionFilename, Sha256Digest};
use slsa_pip_policy::Policy;

use super::document::{Document, Section};
use super::earlier::{self, Earlier};
use super::place::{Place, Touched};
use super::summary::{Action, Entry, Summary, Trust};
use super::survey::{self, Finding, Proof, Survey, Surveyed};
use super::{entry, template};
use crate::args::{EditArgs, EvidenceArgs, PolicyAddArgs, PolicyInitArgs, WantedArgs, Words};
use crate::failure::Result;
use crate::interrupt;
use crate::judge::Judge;
use crate::pipeline::Awaited;
use crate::printer::Printer;
use crate::resolution::Package;
use crate::session::Session;

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
    let path: PathBuf = work
        .edit
        .output
        .clone()
        .unwrap_or_else(|| session.trust.policy_file.clone());
    let place = Place::read(&path)?;
    let held = place.current()?;
    let survey = survey::run(&mut session, &held, work.no_deps, printer).await?;
    let mut editor = Editor {
        document: place.document()?,
        touched: Touched::new(),
        place: &place,
        edit: work.edit,
        today: session.trust.now.to_zoned(TimeZone::UTC).date(),
    };
    let mut entries = Vec::new();
    for file in &survey.files {
        entries.push(editor.enter(&session, &survey, &held, file).await?);
    }
    let custom = customs(&mut session, &survey, &editor, &entries).await?;
    for ((file, entry), earlier) in survey.files.iter().zip(&mut entries).zip(&custom) {
        if let (Some(earlier), Finding::FirstUse(proof)) = (earlier, &file.finding) {
            editor.refine(&session, &survey, &file.package, proof, entry, earlier)?;
        }
    }
    let changes = !editor.touched.is_empty() && place.would_change(&editor.document);
    if changes && !work.edit.edit_dry_run {
        place.write(&editor.document, &editor.touched)?;
    }
    let summary = Summary {
        schema: super::EDIT_SCHEMA,
        command: work.command,
        policy: path.display().to_string(),
        created: changes && !place.exists(),
        changed: changes,
        written: changes && !work.edit.edit_dry_run,
        entries,
        refused: survey.unchosen,
        trusted_root: survey
            .grounds
            .as_ref()
            .map(|grounds| grounds.root.describe(session.trust.now)),
        notes: survey.notes,
        requests: session.http.counters().requests,
    };
    Ok(summary.print(work.edit, printer))
}

/// What earlier releases of the newly pinned packages show, in the order of the files.
async fn customs(
    session: &mut Session,
    survey: &Survey,
    editor: &Editor<'_>,
    entries: &[Entry],
) -> Result<Vec<Option<Vec<Earlier>>>> {
    let Some(grounds) = &survey.grounds else {
        return Ok(Vec::new());
    };
    // The same repository is asked for and no more: what else has changed is to be seen.
    let mut probing = editor.place.document()?;
    for (file, entry) in survey.files.iter().zip(entries) {
        if let (Action::Pinned, Finding::FirstUse(proof)) = (entry.action, &file.finding) {
            let keys = entry::repository_alone(&proof.identity()).unwrap_or_default();
            probing.add(Section::Packages, &file.package.name, &keys, &[])?;
        }
    }
    session.trust.policy = editor.place.policy(&probing.text())?.for_first_use();
    let session = &*session;
    let judge = &Judge::new(session, Awaited::ready(grounds.clone()));
    let asked = survey.files.iter().zip(entries).map(|(file, entry)| async move {
        match entry.action {
            Action::Pinned => earlier::releases(session, judge, &file.package).await.map(Some),
            _ => Ok(None),
        }
    });
    try_join_all(asked).await
}

/// The policy while it is being written.
struct Editor<'a> {
    document: Document,
    touched: Touched,
    place: &'a Place,
    edit: &'a EditArgs,
    today: jiff::civil::Date,
}

impl Editor<'_> {
    /// Makes the entry for one file, if it is to have one, and judges the file by it.
    async fn enter(&mut self, session: &Session, survey: &Survey, held: &Policy, file: &Surveyed) -> Result<Entry> {
        let mut made = Entry::of(file);
        match &file.finding {
            Finding::Pinned(proof) => {
                let expectation = held.expectation(&file.package.name, &file.package.version);
                made.written_at = expectation.pinned_by;
                let known = self.document.keys(Section::Packages, &file.package.name);
                if !known.is_empty() {
                    let could = entry::pin(&proof.identity()).unwrap_or_default();
                    let missing = could.iter().map(|(key, _)| (*key).to_owned());
                    made.not_pinned = missing.filter(|key| !known.contains(key)).collect();
                }
            }
            Finding::Exempt => {
                let exemption = held.exemption(&file.package.name, &file.package.version);
                made.written_at = exemption.map(|exemption| exemption.written_at.clone());
                if self.edit.all_files {
                    self.complete(session, &file.package, &mut made).await?;
                }
            }
            Finding::FirstUse(proof) => self.pin(session, survey, &file.package, proof, &mut made)?,
            Finding::Unattested(staged) => self.exempt(session, &file.package, staged, &mut made).await?,
            Finding::Refused(refusals) => made.refuse(refusals.clone()),
        }
        Ok(made)
    }

    /// A pin of what was verified.
    fn pin(
        &mut self,
        session: &Session,
        survey: &Survey,
        package: &Package,
        proof: &Proof,
        made: &mut Entry,
    ) -> Result<()> {
        let identity = proof.identity();
        let Some(keys) = entry::pin(&identity) else {
            made.cannot_pin();
            return Ok(());
        };
        let trust = if made.declared_repository.is_some() {
            Trust::Agreed
        } else {
            Trust::Claimed
        };
        let remark = format!(
            "first use on {}: {} {}, {}",
            self.today,
            package.name,
            package.version,
            trust.remark()
        );
        let before = self.document.clone();
        let known = self.document.keys(Section::Packages, &package.name);
        self.document.add(Section::Packages, &package.name, &keys, &[remark])?;
        let policy = self.place.policy(&self.document.text())?;
        if let Err(refusals) = survey.passes(session, &policy, package, proof) {
            self.document = before;
            made.refuse(refusals);
            return Ok(());
        }
        self.touched.insert((Section::Packages, package.name.clone()));
        made.action = Action::Pinned;
        made.trust = Some(trust);
        made.pin = keys
            .into_iter()
            .filter(|(key, _)| !known.iter().any(|known| known == key))
            .collect();
        Ok(())
    }

    /// An exemption by digest.
    async fn exempt(
        &mut self,
        session: &Session,
        package: &Package,
        staged: &slsa_pip_verify::StagedFile,
        made: &mut Entry,
    ) -> Result<()> {
        if self.document.written_name(Section::Exemptions, &package.name).is_some() {
            made.other_exemption();
            return Ok(());
        }
        let mut files = vec![(*staged.sha256(), staged.filename().to_owned())];
        let others = other_wheels(session, package).await;
        made.other_files = others.len();
        if self.edit.all_files {
            files.extend(others);
            made.other_files = 0;
        }
        files.sort_by(|a, b| a.1.cmp(&b.1));
        files.dedup_by(|a, b| a.0 == b.0);
        let reason = self
            .edit
            .reason
            .clone()
            .unwrap_or_else(|| format!("no provenance published as of {}; not reviewed yet", self.today));
        let keys = entry::exemption(&package.version, &files, &reason, self.edit.expires);
        let before = self.document.clone();
        self.document.add(Section::Exemptions, &package.name, &keys, &[])?;
        let policy = self.place.policy(&self.document.text())?;
        if let Err(refusals) = survey::passes_exempt(session, &policy, package, staged).await {
            self.document = before;
            made.refuse(refusals);
            return Ok(());
        }
        self.touched.insert((Section::Exemptions, package.name.clone()));
        made.action = Action::Exempted;
        made.reason = Some(reason);
        made.sha256 = files;
        Ok(())
    }

    /// Digests that an exemption of this version lacks, on request.
    async fn complete(&mut self, session: &Session, package: &Package, made: &mut Entry) -> Result<()> {
        let Some(version) = self.document.single_version(&package.name) else {
            return Ok(());
        };
        if version != package.version {
            return Ok(());
        }
        let known = self.document.digests(&package.name);
        let mut missing = other_wheels(session, package).await;
        missing.retain(|(digest, _)| !known.contains(&digest.to_string()));
        if missing.is_empty() {
            return Ok(());
        }
        let digests: Vec<String> = missing.iter().map(|(digest, _)| digest.to_string()).collect();
        self.document.add_digests(&package.name, &digests)?;
        self.touched.insert((Section::Exemptions, package.name.clone()));
        made.action = Action::Exempted;
        made.sha256 = missing;
        Ok(())
    }

    /// Adds the ref that all looked at releases agree on, and notes what they do not agree on.
    fn refine(
        &mut self,
        session: &Session,
        survey: &Survey,
        package: &Package,
        proof: &Proof,
        made: &mut Entry,
        earlier: &[Earlier],
    ) -> Result<()> {
        let identity = proof.identity();
        made.releases = earlier.iter().map(|release| release.version.to_string()).collect();
        for release in earlier {
            made.differences.extend(differences(release, &identity));
        }
        let known = self.document.keys(Section::Packages, &package.name);
        let Some(reference) = identity.reference else {
            return Ok(());
        };
        if known.iter().any(|key| key == "ref" || key == "tag") {
            return Ok(());
        }
        let mut refs = vec![(package.version.clone(), reference)];
        for release in earlier {
            let Some(reference) = &release.identity.reference else {
                return Ok(());
            };
            refs.push((release.version.clone(), reference.clone()));
        }
        let Some(template) = template::agreed(&refs) else {
            return Ok(());
        };
        let key = entry::reference(&template);
        let before = self.document.clone();
        self.document
            .add(Section::Packages, &package.name, std::slice::from_ref(&key), &[])?;
        // A ref that the reader does not take, or that does not fit after all, is left out: the rest of the pin holds without it.
        let fits = self.place.policy(&self.document.text());
        match fits.map(|policy| survey.passes(session, &policy, package, proof)) {
            Ok(Ok(())) => made.pin.push(key),
            _ => self.document = before,
        }
        Ok(())
    }
}

/// The other wheels of a version, by the word of the index; none of a file that was named by its URL.
async fn other_wheels(session: &Session, package: &Package) -> Vec<(Sha256Digest, String)> {
    if package.direct {
        return Vec::new();
    }
    let Ok(project) = session.index.project(&package.name).await else {
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

/// What an earlier release shows to have changed since, other than its ref.
fn differences(earlier: &Earlier, now: &slsa_pip_policy::Identity) -> Vec<String> {
    let then = &earlier.identity;
    let pairs = [
        ("workflow", &then.workflow, &now.workflow),
        ("environment", &then.environment, &now.environment),
        ("builder", &then.builder, &now.builder),
        ("repository id", &then.repository_id, &now.repository_id),
        ("owner id", &then.owner_id, &now.owner_id),
    ];
    let mut found: Vec<String> = pairs
        .iter()
        .filter(|(_, then, now)| then != now)
        .map(|(what, then, now)| {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            format!("{} had {what} {}, now {}", earlier.version, shown(then), shown(now))
        })
        .collect();
    if then.kind > now.kind {
        found.push(format!(
            "{} had {} evidence, now {}",
            earlier.version, then.kind, now.kind
        ));
    }
    found
}
