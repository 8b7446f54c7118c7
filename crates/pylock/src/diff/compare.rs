//! The comparison.

use std::collections::BTreeSet;

use slsa_pip_distribution::PackageName;
use slsa_pip_policy::Publisher;

use super::snapshot::{Basis, Entry, Snapshot};
use super::{Change, Finding, Status, Weight};

/// All differences, the most urgent packages first, then by name.
#[must_use]
pub fn compare(old: &Snapshot, new: &Snapshot) -> Vec<Change> {
    let names: BTreeSet<&PackageName> = old.packages.keys().chain(new.packages.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let of = |snapshot: &Snapshot| snapshot.packages.get(name).cloned().unwrap_or_default();
        for (old, new) in pairs(of(old), of(new)) {
            changes.extend(change(name, old.as_ref(), new.as_ref()));
        }
    }
    changes.sort_by_key(Change::weight);
    changes
}

/// Which entry became which: of those with one marker, the ones of one version belong together, then in their order.
fn pairs(old: Vec<Entry>, mut new: Vec<Entry>) -> Vec<(Option<Entry>, Option<Entry>)> {
    let mut pairs = Vec::new();
    let mut left = Vec::new();
    let mut take = |fits: &dyn Fn(&Entry) -> bool| {
        let at = new.iter().position(fits)?;
        Some(new.remove(at))
    };
    for entry in old {
        match take(&|other| other.marker == entry.marker && other.version == entry.version) {
            Some(other) => pairs.push((Some(entry), Some(other))),
            None => left.push(entry),
        }
    }
    let mut unpaired = Vec::new();
    for entry in left {
        match take(&|other| other.marker == entry.marker) {
            Some(other) => pairs.push((Some(entry), Some(other))),
            None => unpaired.push(entry),
        }
    }
    for entry in unpaired {
        let other = take(&|_| true);
        pairs.push((Some(entry), other));
    }
    pairs.extend(new.into_iter().map(|entry| (None, Some(entry))));
    pairs
}

fn change(name: &PackageName, old: Option<&Entry>, new: Option<&Entry>) -> Option<Change> {
    let mut findings = Findings(Vec::new());
    let status = match (old, new) {
        (None, None) => return None,
        (Some(old), None) => {
            findings.add(
                Weight::Note,
                "removed",
                "it is no longer installed",
                Some(old.basis.words()),
                None,
            );
            Status::Removed
        }
        (None, Some(new)) => {
            added(new, &mut findings);
            Status::Added
        }
        (Some(old), Some(new)) => {
            changed(old, new, &mut findings);
            Status::Changed
        }
    };
    let mut findings = findings.0;
    findings.sort_by_key(|finding| finding.weight);
    let version = |entry: Option<&Entry>| entry.and_then(|entry| entry.version.as_ref()).map(ToString::to_string);
    (!findings.is_empty()).then(|| Change {
        name: name.clone(),
        status,
        old_version: version(old),
        new_version: version(new),
        findings,
    })
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        weight: Weight,
        code: &'static str,
        what: &'static str,
        old: Option<String>,
        new: Option<String>,
    ) {
        self.0.push(Finding {
            weight,
            code,
            what,
            old,
            new,
        });
    }
}

fn added(new: &Entry, findings: &mut Findings) {
    let who = publishers(&new.publishers);
    findings.add(Weight::Look, "added", "it was not installed before", None, who);
    match &new.basis {
        Basis::Attested { .. } => {}
        basis => findings.add(
            Weight::Look,
            "added-unproven",
            "nothing is recorded of where it comes from",
            None,
            Some(basis.words()),
        ),
    }
}

fn changed(old: &Entry, new: &Entry, findings: &mut Findings) {
    files(old, new, findings);
    identity(old, new, findings);
    basis(old, new, findings);
    places(old, new, findings);
    if old.version != new.version {
        let shown = |entry: &Entry| entry.version.as_ref().map(ToString::to_string);
        let (weight, code, what) = if new.version < old.version {
            (Weight::Look, "version-lower", "the version is an older one")
        } else {
            (Weight::Note, "version-changed", "the version is a newer one")
        };
        findings.add(weight, code, what, shown(old), shown(new));
    }
    if old.marker != new.marker {
        let shown = |entry: &Entry| Some(entry.marker.clone()).filter(|marker| !marker.is_empty());
        let what = "it is for other environments";
        findings.add(Weight::Note, "marker-changed", what, shown(old), shown(new));
    }
}

/// A file of one name never changes; a version may gain files later.
fn files(old: &Entry, new: &Entry, findings: &mut Findings) {
    for (name, hash) in &old.files {
        if let Some(other) = new.files.get(name).filter(|other| *other != hash) {
            let what = "a file of this name has other bytes";
            let shown = |hash: &String| Some(format!("{name} {hash}"));
            findings.add(Weight::Alarm, "hash-changed", what, shown(hash), shown(other));
        }
    }
    if old.version != new.version {
        return;
    }
    for name in new.files.keys().filter(|name| !old.files.contains_key(*name)) {
        let what = "the same version has a further file";
        findings.add(Weight::Look, "file-added", what, None, Some(name.clone()));
    }
    for name in old.files.keys().filter(|name| !new.files.contains_key(*name)) {
        let what = "the same version has a file less";
        findings.add(Weight::Note, "file-removed", what, Some(name.clone()), None);
    }
}

fn identity(old: &Entry, new: &Entry, findings: &mut Findings) {
    if old.publishers == new.publishers {
        return;
    }
    let (weight, code, what) = match (old.publishers.as_slice(), new.publishers.as_slice()) {
        (_, []) => (
            Weight::Alarm,
            "identity-removed",
            "who must have published it is no longer recorded",
        ),
        ([], _) => (
            Weight::Note,
            "identity-added",
            "who must have published it is recorded now",
        ),
        ([before], [after]) if before.repository().is_some() && before.repository() == after.repository() => (
            Weight::Alarm,
            "workflow-changed",
            "another workflow or environment of the same repository publishes it",
        ),
        (before, after) if before.iter().all(|publisher| after.contains(publisher)) => (
            Weight::Alarm,
            "identity-widened",
            "others may have published it as well",
        ),
        (before, after) if after.iter().all(|publisher| before.contains(publisher)) => {
            (Weight::Note, "identity-narrowed", "fewer may have published it")
        }
        _ => (Weight::Alarm, "identity-changed", "somebody else publishes it"),
    };
    findings.add(
        weight,
        code,
        what,
        publishers(&old.publishers),
        publishers(&new.publishers),
    );
}

fn basis(old: &Entry, new: &Entry, findings: &mut Findings) {
    let (before, after) = (old.basis.strength(), new.basis.strength());
    let (weight, code, what) = if after < before {
        (
            Weight::Alarm,
            "evidence-weaker",
            "less is proven of where it comes from",
        )
    } else if after > before {
        (
            Weight::Note,
            "evidence-stronger",
            "more is proven of where it comes from",
        )
    } else if old.basis != new.basis {
        (Weight::Look, "evidence-changed", "it rests on something else")
    } else {
        return;
    };
    findings.add(weight, code, what, Some(old.basis.words()), Some(new.basis.words()));
}

fn places(old: &Entry, new: &Entry, findings: &mut Findings) {
    if old.kind != new.kind {
        let what = "it comes from another kind of place";
        let shown = |entry: &Entry| Some(entry.kind.clone());
        findings.add(Weight::Alarm, "source-changed", what, shown(old), shown(new));
    }
    if old.index != new.index {
        // That an index is not recorded says nothing of where it came from.
        let weight = if old.index.is_some() && new.index.is_some() {
            Weight::Alarm
        } else {
            Weight::Look
        };
        let what = "it was found on another index";
        findings.add(weight, "index-changed", what, old.index.clone(), new.index.clone());
    }
    if old.hosts != new.hosts {
        let what = "its files lie on other hosts";
        let shown = |entry: &Entry| Some(entry.hosts.join(", "));
        findings.add(Weight::Look, "host-changed", what, shown(old), shown(new));
    }
    // An id that changes under one name is another owner.
    for (fact, weight, code, what) in [
        (
            "repository-id",
            Weight::Alarm,
            "repository-id-changed",
            "the repository has another id",
        ),
        (
            "owner-id",
            Weight::Alarm,
            "owner-id-changed",
            "the repository's owner has another id",
        ),
        ("builder", Weight::Look, "builder-changed", "another builder built it"),
        (
            "trigger",
            Weight::Look,
            "trigger-changed",
            "another event started the build",
        ),
        (
            "ref-kind",
            Weight::Look,
            "ref-kind-changed",
            "it was built from another kind of ref",
        ),
        (
            "runner",
            Weight::Look,
            "runner-changed",
            "it ran on another kind of runner",
        ),
    ] {
        let (before, after) = (old.facts.get(fact), new.facts.get(fact));
        // Where one side records none, the difference is that of the evidence.
        if let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            findings.add(weight, code, what, Some(before.clone()), Some(after.clone()));
        }
    }
}

/// All of them in one text; `None` if there are none.
fn publishers(publishers: &[Publisher]) -> Option<String> {
    let shown: Vec<String> = publishers.iter().map(ToString::to_string).collect();
    (!shown.is_empty()).then(|| shown.join(" or "))
}
