//! What an edit has done, for whoever reviews it: one line a package, by what became of it, and what to do next.

use std::collections::BTreeSet;

use serde::Serialize;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_policy::{EvidenceKind, Identity};
use slsa_pip_verify::Refusal;

use super::document::Written;
use super::survey::{Finding, Surveyed};
use crate::args::{EditArgs, Format};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::printer::Printer;
use crate::report::{FileReport, json};

/// Places without an answer that are shown; one outage has many faces.
const UNANSWERED_SHOWN: usize = 5;

/// What is said of an exemption beside provenance.
const NEEDLESS: &str = "exempt as well, which this file does not need: slsa-pip policy prune -r requirements.txt";

/// What became of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    /// It got a pin, or one was completed.
    Pinned,
    /// It got an exemption, or one was completed.
    Exempted,
    /// A pin that was there lets it pass.
    PinKept,
    /// An exemption that was there lets it pass.
    ExemptionKept,
    /// It has no entry that lets it pass.
    NotEntered,
}

/// What a new pin rests on, besides the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Trust {
    /// The certificate names the repository, and so does the package's own, unsigned metadata.
    Agreed,
    /// The certificate alone names it.
    Claimed,
}

impl Trust {
    /// By what the package's own metadata declares.
    pub(super) fn of(declared: Option<&str>, identity: &Identity) -> Self {
        let named = identity.repository.as_ref().map(ToString::to_string);
        if declared.is_some() && declared == named.as_deref() {
            Self::Agreed
        } else {
            Self::Claimed
        }
    }

    /// For the remark above the entry.
    pub(super) fn remark(self) -> &'static str {
        match self {
            Self::Agreed => "whose own metadata names this repository too",
            Self::Claimed => "by its certificate alone: is this the project?",
        }
    }
}

/// One package.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    package: String,
    version: String,
    file: String,
    pub(super) action: Action,
    /// What a new pin rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trust: Option<Trust>,
    /// The verified identity.
    identity: Option<Identity>,
    /// The repository that unsigned metadata names.
    pub(super) declared_repository: Option<String>,
    /// The keys that were written.
    #[serde(serialize_with = "keys", skip_serializing_if = "Vec::is_empty")]
    pub(super) pin: Vec<(&'static str, Written)>,
    /// Whether an exemption lets the file pass as well.
    exempt: bool,
    /// Earlier releases of the same repository that were looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) releases: Vec<String>,
    /// What they show to have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) differences: Vec<String>,
    /// What a pin that was there could say as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) not_pinned: Vec<String>,
    /// The digests that were written, with the names of their files.
    #[serde(serialize_with = "files", skip_serializing_if = "Vec::is_empty")]
    pub(super) sha256: Vec<(Sha256Digest, String)>,
    /// The reason that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// Further wheels of the version that the exemption does not name.
    pub(super) other_files: usize,
    /// Where the entry that was there is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) written_at: Option<String>,
    /// Why there is no entry.
    refusals: Vec<Refusal>,
    /// The places that have not answered, where that is why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unanswered: Vec<String>,
    /// The same where nothing was refused, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// The whole edit.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) schema: &'static str,
    pub(super) command: &'static str,
    /// The policy file.
    pub(super) policy: String,
    /// Whether it did not exist before.
    pub(super) created: bool,
    /// Whether there is anything to write.
    pub(super) changed: bool,
    /// Whether it was written.
    pub(super) written: bool,
    pub(super) entries: Vec<Entry>,
    /// Files that were refused before they could be chosen.
    pub(super) refused: Vec<FileReport>,
    /// What it was resolved for.
    pub(super) target: String,
    pub(super) trusted_root: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) requests: u64,
}

impl Entry {
    /// Of a file, before anything is written.
    pub(super) fn of(file: &Surveyed) -> Self {
        let identity = match &file.finding {
            Finding::Pinned(proof) | Finding::FirstUse(proof) => Some(proof.identity()),
            _ => None,
        };
        Self {
            package: file.package.name.to_string(),
            version: file.package.version.to_string(),
            file: file.package.filename.as_str().to_owned(),
            action: match file.finding {
                Finding::Pinned(_) => Action::PinKept,
                Finding::Exempt => Action::ExemptionKept,
                _ => Action::NotEntered,
            },
            trust: None,
            identity,
            declared_repository: file.report.declared_repository.clone(),
            pin: Vec::new(),
            exempt: file.exempted,
            releases: Vec::new(),
            differences: Vec::new(),
            not_pinned: Vec::new(),
            sha256: Vec::new(),
            reason: None,
            other_files: 0,
            written_at: None,
            refusals: Vec::new(),
            unanswered: match &file.finding {
                Finding::Refused(_) => unanswered(&file.report),
                _ => Vec::new(),
            },
            advice: None,
        }
    }

    /// No entry lets it pass.
    pub(super) fn refuse(&mut self, refusals: Vec<Refusal>) {
        self.action = Action::NotEntered;
        self.refusals = refusals;
    }

    /// Whether nothing was found, and not every place has answered: nothing speaks against the file but that.
    fn is_only_unanswered(&self) -> bool {
        let absent = self.refusals.iter().all(|refusal| refusal.code.is_absence());
        !self.unanswered.is_empty() && !self.refusals.is_empty() && absent
    }

    /// There is something to be pinned that cannot be written.
    pub(super) fn cannot_pin(&mut self, why: &str) {
        self.action = Action::NotEntered;
        self.advice = Some(why.to_owned());
    }

    /// There is an exemption for other versions.
    pub(super) fn other_exemption(&mut self) {
        self.action = Action::NotEntered;
        self.advice = Some(format!(
            "it has no provenance, and [exemptions.{}] is for other versions: review {} and change that entry",
            self.package, self.version
        ));
    }

    fn line(&self, printer: &Printer) -> String {
        let about = match self.action {
            Action::Pinned => self
                .identity
                .as_ref()
                .and_then(|identity| identity.repository.as_ref())
                .map(ToString::to_string),
            Action::PinKept | Action::ExemptionKept => self.written_at.as_ref().map(|at| format!("by {at}")),
            Action::Exempted | Action::NotEntered => None,
        };
        let about = about.map_or_else(String::new, |about| format!("  {}", printer.plain_line(&about)));
        format!(
            "  {} {}{about}",
            printer.strong(&printer.plain_line(&self.package)),
            printer.plain_line(&self.version)
        )
    }

    /// What stands below the line, unstyled.
    fn details(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self.action {
            Action::Pinned => {
                lines.extend(self.identity.as_ref().map(evidence));
                lines.push(self.custom());
                lines.extend(self.differences.iter().map(|text| format!("changed lately: {text}")));
                lines.extend(self.exempt.then(|| NEEDLESS.to_owned()));
            }
            Action::Exempted => {
                lines.extend(self.sha256.iter().map(|(digest, name)| format!("{digest}  {name}")));
                if self.other_files > 0 {
                    lines.push(format!(
                        "{} of this version for other platforms, not exempted (`--all-files` does that)",
                        counted(self.other_files, "further wheel")
                    ));
                }
            }
            Action::PinKept => {
                if !self.not_pinned.is_empty() {
                    lines.push(format!("could be pinned as well: {}", self.not_pinned.join(", ")));
                }
                lines.extend(self.exempt.then(|| NEEDLESS.to_owned()));
            }
            Action::ExemptionKept | Action::NotEntered => {}
        }
        lines
    }

    /// What the ref rests on.
    fn custom(&self) -> String {
        let reference = self.pin.iter().find(|(key, _)| *key == "ref");
        let releases = self.releases.join(", ");
        match (reference, self.releases.len()) {
            (Some((_, template)), _) => format!("ref {}, as of {releases}", template.shown().trim_matches('"')),
            (None, 0) => "ref not pinned: no earlier release is attested by this repository".to_owned(),
            (None, _) => {
                format!("ref not pinned: {releases} and this one have no form in common, or the entry has one")
            }
        }
    }
}

/// The places that have not answered, each kind with each answer once.
fn unanswered(report: &FileReport) -> Vec<String> {
    let mut places: Vec<String> = report
        .unanswered()
        .map(|place| format!("{}: {}", place.place, place.answer))
        .collect();
    places.sort();
    places.dedup();
    places
}

/// What was verified, in one line.
fn evidence(identity: &Identity) -> String {
    let mut parts = vec![match identity.kind {
        EvidenceKind::Publish => "publish attestation: who uploaded it, not how it was built".to_owned(),
        EvidenceKind::Build => format!("build provenance, SLSA level {}", identity.level),
    }];
    let named = [
        ("workflow", &identity.workflow),
        ("environment", &identity.environment),
        ("builder", &identity.builder),
    ];
    parts.extend(
        named
            .iter()
            .filter_map(|(what, value)| value.as_ref().map(|value| format!("{what} {value}"))),
    );
    parts.join("; ")
}

impl Summary {
    /// Prints it, and says with which exit code the command ends.
    pub(super) fn print(&self, edit: &EditArgs, printer: &Printer) -> u8 {
        match edit.format {
            Format::Json => printer.document(&json::document(self)),
            Format::Human => printer.result(&self.human(edit, printer)),
        }
        if self.is_complete() {
            EXIT_VERIFIED
        } else {
            EXIT_REFUSED
        }
    }

    fn is_complete(&self) -> bool {
        self.refused.is_empty() && self.entries.iter().all(|entry| entry.action != Action::NotEntered)
    }

    fn of(&self, action: Action) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| entry.action == action).collect()
    }

    fn human(&self, edit: &EditArgs, printer: &Printer) -> String {
        let mut lines = Vec::new();
        let claimed = |entry: &&&Entry| entry.trust == Some(Trust::Claimed);
        let pinned = self.of(Action::Pinned);
        let (alone, agreed): (Vec<&Entry>, Vec<&Entry>) = pinned.iter().partition(|entry| claimed(entry));
        for (entries, title) in [
            (
                agreed,
                printer.good(
                    "Pinned on first use; the certificate and the package's own metadata name the same repository:",
                ),
            ),
            (
                alone,
                printer.warn(
                    "Pinned on first use, by the certificate alone; check that these are the projects' repositories:",
                ),
            ),
            (
                self.of(Action::Exempted),
                printer
                    .warn("Exempted, since there is no provenance; whoever keeps these entries vouches for the files:"),
            ),
            (
                self.of(Action::PinKept),
                printer.good("Pinned already, and verified so:"),
            ),
            (self.of(Action::ExemptionKept), printer.warn("Exempt already:")),
        ] {
            if entries.is_empty() {
                continue;
            }
            lines.push(title);
            for entry in entries {
                lines.push(entry.line(printer));
                lines.extend(
                    entry
                        .details()
                        .iter()
                        .map(|text| format!("    {}", printer.plain_line(text))),
                );
            }
            lines.push(String::new());
        }
        let not_entered = self.of(Action::NotEntered);
        let (unknown, missing): (Vec<&Entry>, Vec<&Entry>) =
            not_entered.into_iter().partition(|entry| entry.is_only_unanswered());
        if !unknown.is_empty() {
            lines.push(
                printer
                    .bad("Neither pinned nor exempted, since not every place has answered that may have provenance:"),
            );
            lines.extend(unknown.iter().map(|entry| entry.line(printer)));
            let places: BTreeSet<&String> = unknown.iter().flat_map(|entry| &entry.unanswered).collect();
            let shown = places.iter().take(UNANSWERED_SHOWN);
            lines.extend(shown.map(|place| format!("    {}", printer.plain_line(place))));
            lines.push(format!(
                "    {} run it again; or, if such places are never to be asked, name those that are: --evidence dir,index",
                printer.note("hint:")
            ));
            lines.push(String::new());
        }
        if !missing.is_empty() || !self.refused.is_empty() {
            lines.push(printer.bad("Not entered, and refused by an installation:"));
            for entry in missing {
                lines.push(entry.line(printer));
                entry
                    .refusals
                    .iter()
                    .take(1)
                    .for_each(|refusal| lines.extend(refused(refusal, printer)));
                lines.extend(
                    entry
                        .advice
                        .iter()
                        .map(|text| format!("    {}", printer.plain_line(text))),
                );
            }
            for file in &self.refused {
                lines.push(format!("  {}", printer.strong(&printer.plain_line(&file.name))));
                file.refusals
                    .iter()
                    .take(1)
                    .for_each(|refusal| lines.extend(refused(refusal, printer)));
            }
            lines.push(String::new());
        }
        for note in &self.notes {
            lines.push(format!("{} {}", printer.note("note:"), printer.plain_line(note)));
        }
        lines.push(self.ending());
        if self.changed {
            lines.push(format!(
                "It is for {}: where other platforms need other packages or wheels, run it there as well.",
                self.target
            ));
        }
        if self.written {
            lines.push(format!(
                "Review it, then keep it with the code: git add {}",
                self.policy
            ));
        } else if self.changed && edit.edit_dry_run {
            lines.push("Nothing was written (--dry-run).".to_owned());
        }
        format!("{}\n", lines.join("\n"))
    }

    /// How many of what.
    fn ending(&self) -> String {
        let count = |action| self.of(action).len();
        let mut parts = vec![
            counted(count(Action::Pinned), "new pin"),
            counted(count(Action::Exempted), "new exemption"),
            format!("{} as before", count(Action::PinKept) + count(Action::ExemptionKept)),
        ];
        let missing = count(Action::NotEntered) + self.refused.len();
        if missing > 0 {
            parts.push(format!("{missing} without an entry"));
        }
        let verb = match (self.changed, self.written, self.created) {
            (false, ..) if self.created => "Not written",
            (false, ..) => "Left as it was",
            (true, false, _) => "Would be written",
            (true, true, true) => "Written",
            (true, true, false) => "Completed",
        };
        format!("{verb}: {} ({})", self.policy, parts.join(", "))
    }
}

fn refused(refusal: &Refusal, printer: &Printer) -> Vec<String> {
    let mut lines = vec![format!("    {}", printer.plain_line(&refusal.to_string()))];
    for (label, value) in [("expected:", &refusal.expected), ("found:", &refusal.found)] {
        lines.extend(
            value
                .iter()
                .map(|value| format!("      {} {}", printer.label(label), printer.plain_line(value))),
        );
    }
    if let Some(hint) = &refusal.hint {
        let hint = printer.plain(hint);
        let mut hint = hint.lines();
        lines.extend(hint.next().map(|line| format!("    {} {line}", printer.note("hint:"))));
        lines.extend(hint.map(|line| format!("      {line}")));
    }
    lines
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn keys<S: serde::Serializer>(pin: &[(&'static str, Written)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pin.iter().map(|(key, value)| (key, value.json())))
}

fn files<S: serde::Serializer>(files: &[(Sha256Digest, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(files.iter().map(|(digest, name)| (digest.to_string(), name)))
}
