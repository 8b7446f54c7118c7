//! Which pre-releases and yanked releases may be chosen.
//!
//! pip decides both on *all* requirements for a project that are active in the end, which the solver cannot know
//! beforehand. So a run uses fixed rules; its result is checked against the active requirements; where a rule proves
//! wrong it is corrected and the run repeated. Fetched answers are kept, so that a repetition costs no network.

use std::collections::{BTreeMap, BTreeSet};

use slsa_pip_distribution::specifier::{contains, names_prerelease, pins};
use slsa_pip_distribution::{PackageName, VersionSpecifiers};

use crate::control::ReleaseControl;
use crate::page::Page;
use crate::version_set::{Index, VersionSet};

/// Most corrected runs. Each corrects at least one project for good; real sets need at most two or three.
pub(crate) const MAX_RUNS: usize = 64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// `--pre`, `--all-releases`, `--only-final`.
    pub(crate) control: ReleaseControl,
    /// Projects of which a requirement names a pre-release, so that pre-releases are as good as final ones.
    pub(crate) wanted_prereleases: BTreeSet<PackageName>,
    /// Projects that have a fitting final release, so that no pre-release may be chosen.
    pub(crate) only_finals: BTreeSet<PackageName>,
    /// Yanked releases that some requirement pins.
    pub(crate) pinned_yanked: BTreeSet<(PackageName, Index)>,
    /// Yanked releases that turned out to be pinned by nothing that is active.
    pub(crate) refused_yanked: BTreeSet<(PackageName, Index)>,
}

/// A requirement of the final choice.
pub(crate) struct Active<'a> {
    pub(crate) specifiers: &'a VersionSpecifiers,
    /// Whether it was known when the release was chosen.
    pub(crate) known: bool,
}

impl Rules {
    /// Why the wheel of a release may not be chosen; `None` if it may, or if there is none.
    pub(crate) fn refusal<F>(&self, name: &PackageName, page: &Page<F>, index: Index) -> Option<String> {
        let release = page.release(index)?;
        let wheel = release.wheel.as_ref().ok()?;
        if let Some(reason) = &wheel.yanked {
            let key = (name.clone(), index);
            let pinned = page.pinned || self.pinned_yanked.contains(&key);
            if !pinned || self.refused_yanked.contains(&key) {
                return Some(if reason.trim().is_empty() {
                    "yanked".to_owned()
                } else {
                    format!("yanked: {}", reason.trim().chars().take(200).collect::<String>())
                });
            }
        }
        if !release.version.any_prerelease() || release.link.is_some() {
            return None;
        }
        if self.control.prereleases(name) == Some(false) {
            return Some("a pre-release, and only final releases are wanted".to_owned());
        }
        self.only_finals.contains(name).then(|| "a pre-release".to_owned())
    }

    /// Whether pre-releases are as good as final ones, whatever requirements are active in the end.
    fn prereleases_wanted<F>(&self, name: &PackageName, page: &Page<F>) -> bool {
        match self.control.prereleases(name) {
            Some(wanted) => wanted,
            None => page.prerelease_named,
        }
    }

    /// The release of `set` that pip would take: the installed one if that is preferred or nothing on the index is newer,
    /// else as [`Self::best_wheel`].
    pub(crate) fn best<F>(
        &self,
        name: &PackageName,
        page: &Page<F>,
        set: &VersionSet,
        prefer_installed: bool,
    ) -> Option<Index> {
        let kept = page.kept().filter(|index| set.has(*index));
        if prefer_installed && kept.is_some() {
            return kept;
        }
        let wheel = self.best_wheel(name, page, set);
        kept.max(wheel)
    }

    /// The wheel of `set` that pip would take: not yanked, then final unless pre-releases are wanted, then newest.
    fn best_wheel<F>(&self, name: &PackageName, page: &Page<F>, set: &VersionSet) -> Option<Index> {
        let equal = self.prereleases_wanted(name, page) || self.wanted_prereleases.contains(name);
        let mut second_best: Option<(bool, bool, Index)> = None;
        for (index, release) in page.numbered().rev().filter(|(index, _)| set.has(*index)) {
            let Ok(wheel) = &release.wheel else {
                continue;
            };
            if self.refusal(name, page, index).is_some() {
                continue;
            }
            let rank = (
                wheel.yanked.is_none(),
                equal || !release.version.any_prerelease(),
                index,
            );
            if let (true, true, index) = rank {
                return Some(index);
            }
            second_best = second_best.max(Some(rank));
        }
        second_best.map(|(_, _, index)| index)
    }

    /// Notes what a requirement says about pre-releases and yanked releases. Returns whether anything is new.
    pub(crate) fn learn<F>(&mut self, name: &PackageName, page: &Page<F>, specifiers: &VersionSpecifiers) -> bool {
        if !pins(specifiers) {
            return false;
        }
        let before = self.pinned_yanked.len();
        for (index, release) in page.numbered() {
            let yanked = release.wheel.as_ref().is_ok_and(|wheel| wheel.yanked.is_some());
            if yanked && contains(specifiers, &release.version) {
                self.pinned_yanked.insert((name.clone(), index));
            }
        }
        self.pinned_yanked.len() > before
    }

    /// Compares the chosen release with what the active requirements allow. Returns whether a rule was corrected.
    pub(crate) fn correct<F>(
        &mut self,
        name: &PackageName,
        page: &Page<F>,
        chosen: Index,
        prefers_installed: bool,
        active: &[Active<'_>],
    ) -> bool {
        let Some(release) = page.release(chosen) else {
            return false;
        };
        let fits = |index: Index| {
            page.release(index)
                .is_some_and(|release| active.iter().all(|it| contains(it.specifiers, &release.version)))
        };
        let acceptable = |index: Index| {
            let has_wheel = page.release(index).is_some_and(|release| release.wheel.is_ok());
            has_wheel && fits(index) && self.refusal(name, page, index).is_none()
        };
        // What is installed, or named by its URL, may be of any kind.
        let fetched = !release.installed && release.link.is_none();
        let yanked = release.wheel.as_ref().is_ok_and(|wheel| wheel.yanked.is_some());
        if fetched && yanked && !page.pinned && !active.iter().any(|it| pins(it.specifiers)) {
            return self.refused_yanked.insert((name.clone(), chosen));
        }
        let names = |it: &Active<'_>| names_prerelease(it.specifiers);
        let wanted = self.prereleases_wanted(name, page);
        if fetched && release.version.any_prerelease() && !wanted && !active.iter().any(names) {
            // For pip a yanked final release is one, though not to be chosen, and one without an allowed hash as well.
            let final_exists = page
                .numbered()
                .any(|(index, release)| !release.version.any_prerelease() && release.on_index() && fits(index));
            return final_exists && self.only_finals.insert(name.clone());
        }
        let better_exists = page
            .numbered()
            .any(|(index, release)| index > chosen && release.version.any_prerelease() && acceptable(index));
        // What is learnt only afterwards changes nothing: pip does not choose anew what satisfies it.
        let wanted = wanted || active.iter().any(|it| it.known && names(it));
        let fixed = release.link.is_some() || (release.installed && prefers_installed);
        let given = fixed || self.control.prereleases(name).is_some();
        wanted && better_exists && !given && self.wanted_prereleases.insert(name.clone())
    }

    /// The number of active requirements per project is small; this only gathers them.
    pub(crate) fn correct_all<'a, F: 'a>(
        &mut self,
        active: &BTreeMap<&'a PackageName, Vec<Active<'a>>>,
        chosen: impl Fn(&PackageName) -> Option<(Index, &'a Page<F>, bool)>,
    ) -> bool {
        let mut corrected = false;
        for (name, specifiers) in active {
            if let Some((index, page, prefers_installed)) = chosen(name) {
                corrected |= self.correct(name, page, index, prefers_installed, specifiers);
            }
        }
        corrected
    }
}
