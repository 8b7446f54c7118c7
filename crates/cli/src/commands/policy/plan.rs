//! The entries that are to be written, until the policy's reader takes them and each lets its file pass.

use slsa_pip_policy::Policy;
use slsa_pip_verify::Refusal;

use super::document::{Document, Section, Written};
use super::earlier::Earlier;
use super::entry::{self, Keys};
use super::place::{Place, Touched};
use super::summary::{Action, Entry};
use super::survey::{self, Finding, Proof, Survey, Surveyed};
use super::template;
use crate::failure::Result;
use crate::session::Session;

/// The entries that are to be written.
pub(super) struct Plan<'a> {
    pub(super) place: &'a Place,
    pub(super) entries: Vec<Planned>,
}

/// One of them.
pub(super) struct Planned {
    /// The file's, in the survey.
    pub(super) index: usize,
    pub(super) section: Section,
    pub(super) keys: Keys,
    pub(super) remark: Vec<String>,
}

impl Planned {
    /// The file and its proof, where it is to be pinned.
    pub(super) fn proof<'s>(&self, survey: &'s Survey) -> Option<(&'s Surveyed, &'s Proof)> {
        let file = survey.files.get(self.index)?;
        match &file.finding {
            Finding::FirstUse(proof) => Some((file, proof)),
            _ => None,
        }
    }

    /// Judges its file by the policy as it was read back.
    async fn passes(
        &self,
        session: &Session,
        survey: &Survey,
        policy: &Policy,
    ) -> std::result::Result<(), Vec<Refusal>> {
        let Some(file) = survey.files.get(self.index) else {
            return Err(Vec::new());
        };
        match &file.finding {
            Finding::FirstUse(proof) => survey.passes(session, policy, &file.package, proof),
            Finding::Unattested(staged) => survey::passes_exempt(session, policy, &file.package, staged).await,
            // It passes as before, or is nothing of this plan's.
            _ => Ok(()),
        }
    }
}

impl Plan<'_> {
    /// The document with all entries of the plan.
    fn document(&self, survey: &Survey) -> Result<Document> {
        let mut document = self.place.document()?;
        for planned in &self.entries {
            planned.write(survey, &mut document)?;
        }
        Ok(document)
    }

    /// Takes out of the plan whatever the policy's reader would not take, and whatever would not let its file pass; what stays has
    /// been judged by the document that is returned.
    pub(super) async fn settle(
        &mut self,
        session: &Session,
        survey: &Survey,
        entries: &mut [Entry],
    ) -> Result<Document> {
        loop {
            let document = self.document(survey)?;
            let policy = match self.place.policy(&document.text()) {
                Ok(policy) => policy,
                Err(failure) => {
                    let before = self.entries.len();
                    self.take_out_unreadable(survey, entries)?;
                    if self.entries.len() == before {
                        return Err(failure);
                    }
                    continue;
                }
            };
            let mut stay = Vec::new();
            let mut gone = false;
            for mut planned in std::mem::take(&mut self.entries) {
                match planned.passes(session, survey, &policy).await {
                    Ok(()) => stay.push(planned),
                    // Without its ref it has passed before.
                    Err(_) if planned.keys.last().is_some_and(|(key, _)| *key == entry::REF) => {
                        planned.keys.pop();
                        stay.push(planned);
                        gone = true;
                    }
                    Err(refusals) => {
                        gone = true;
                        if let Some(made) = entries.get_mut(planned.index) {
                            made.refuse(refusals);
                        }
                    }
                }
            }
            self.entries = stay;
            if !gone {
                return Ok(document);
            }
        }
    }

    /// A certificate may hold what no policy file may: such an entry is left out, and said so.
    fn take_out_unreadable(&mut self, survey: &Survey, entries: &mut [Entry]) -> Result<()> {
        let mut stay = Vec::new();
        for planned in std::mem::take(&mut self.entries) {
            let mut document = self.place.document()?;
            planned.write(survey, &mut document)?;
            match self.place.policy(&document.text()) {
                Ok(_) => stay.push(planned),
                Err(failure) => {
                    if let Some(made) = entries.get_mut(planned.index) {
                        let why = failure.detail.unwrap_or(failure.message);
                        made.cannot_pin(&format!(
                            "what was verified cannot be written as an entry: {}",
                            why.trim()
                        ));
                    }
                }
            }
        }
        self.entries = stay;
        Ok(())
    }

    /// Adds the refs that all looked at releases agree on, and notes what they do not agree on.
    pub(super) fn refine(
        &mut self,
        original: &Document,
        survey: &Survey,
        entries: &mut [Entry],
        customs: &[Vec<Earlier>],
    ) {
        for (planned, earlier) in self.entries.iter_mut().zip(customs) {
            let (Some((file, proof)), Some(made)) = (planned.proof(survey), entries.get_mut(planned.index)) else {
                continue;
            };
            let identity = proof.identity();
            made.releases = earlier.iter().map(|release| release.version.to_string()).collect();
            made.differences = earlier
                .iter()
                .flat_map(|release| release.differences(&identity))
                .collect();
            let known = original.keys(Section::Packages, &file.package.name);
            if known.iter().any(|key| key == entry::REF || key == "tag") {
                continue;
            }
            let of_earlier = earlier
                .iter()
                .map(|release| (&release.version, &release.identity.reference));
            let refs = [(&file.package.version, &identity.reference)]
                .into_iter()
                .chain(of_earlier);
            let refs: Option<Vec<_>> = refs
                .map(|(version, reference)| Some((version.clone(), reference.clone()?)))
                .collect();
            let template = refs.and_then(|refs| template::agreed(&refs));
            planned
                .keys
                .extend(template.map(|template| entry::reference(&template)));
        }
    }

    /// Says of each entry what it has become.
    pub(super) fn tell(&self, original: &Document, survey: &Survey, entries: &mut [Entry]) {
        for planned in &self.entries {
            let (Some(file), Some(made)) = (survey.files.get(planned.index), entries.get_mut(planned.index)) else {
                continue;
            };
            made.action = match planned.section {
                Section::Packages => Action::Pinned,
                Section::Exemptions => Action::Exempted,
            };
            if planned.section == Section::Packages {
                let known = original.keys(Section::Packages, &file.package.name);
                let new = planned
                    .keys
                    .iter()
                    .filter(|(key, _)| !known.iter().any(|known| known == key));
                made.pin = new.cloned().collect();
            }
        }
    }

    /// What the plan touches.
    pub(super) fn touched(&self, survey: &Survey) -> Touched {
        let names = self.entries.iter().map(|planned| {
            let file = survey.files.get(planned.index);
            file.map(|file| (planned.section, file.package.name.clone()))
        });
        names.flatten().collect()
    }
}

impl Planned {
    fn write(&self, survey: &Survey, document: &mut Document) -> Result<()> {
        let Some(file) = survey.files.get(self.index) else {
            return Ok(());
        };
        let name = &file.package.name;
        match self.keys.as_slice() {
            [(entry::DIGESTS, Written::Lines(files))] => document.add_digests(name, files),
            keys => document.add(self.section, name, keys, &self.remark),
        }
    }
}
