//! What pages and metadata take in memory, all of a run together.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use slsa_pip_distribution::CoreMetadata;

use crate::types::{IndexFile, Project};

/// Most bytes that everything that is kept of pages and metadata, and the page being read, may take together. An index that
/// answers every question with its largest page must not fill the memory: with the room of answers under way, a process
/// stays in the order of 100 MB. Sixty thousand releases fit in; seven hundred projects have about fifty thousand.
pub const MAX_KEPT: usize = 60 << 20;
/// Most bytes of one page of that: twenty thousand releases. The largest real projects have five thousand.
pub const MAX_PAGE_KEPT: usize = 24 << 20;
/// What a file takes beside its texts, here and in the resolver, as measured.
const FILE: usize = 900;
/// The same of an entry that is left out, of a requirement, and of METADATA itself.
const SKIPPED: usize = 100;
const REQUIREMENT: usize = 800;
const METADATA: usize = 2048;

/// The account of one client.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    taken: AtomicUsize,
}

impl Budget {
    /// An entry that is given back when it is dropped, unless it is kept.
    pub(crate) fn begin(&self) -> Taken<'_> {
        Taken {
            budget: self,
            amount: Cell::new(0),
        }
    }
}

/// What one piece of work takes.
pub(crate) struct Taken<'a> {
    budget: &'a Budget,
    amount: Cell<usize>,
}

impl Taken<'_> {
    /// Takes so many bytes more; `false` if that is more than there are.
    pub(crate) fn take(&self, amount: usize) -> bool {
        self.amount.set(self.amount.get().saturating_add(amount));
        let before = self.budget.taken.fetch_add(amount, Ordering::Relaxed);
        before.saturating_add(amount) <= MAX_KEPT
    }

    /// Leaves `amount` taken for good, and gives the rest back.
    pub(crate) fn keep(self, amount: usize) {
        let left = self.amount.get().saturating_sub(amount);
        self.amount.set(left);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.amount.get(), Ordering::Relaxed);
    }
}

/// What a file takes.
pub(crate) fn of_file(file: &IndexFile) -> usize {
    // The file name is kept twice, and stands in the URL besides.
    let texts = [
        2 * file.filename.as_str().len(),
        file.url.as_str().len(),
        file.provenance
            .as_ref()
            .map_or(0, |url| url.as_str().len() + size_of_val(&**url)),
        2 * file.yanked.as_ref().map_or(0, String::len),
    ];
    FILE + texts.iter().sum::<usize>()
}

/// What is kept of a page.
pub(crate) fn of_project(project: &Project) -> usize {
    let files: usize = project.files.iter().map(|file| of_file(file)).sum();
    let skipped: usize = project
        .skipped
        .iter()
        .map(|skipped| SKIPPED + skipped.filename.len())
        .sum();
    files + skipped
}

/// What is kept of METADATA.
pub(crate) fn of_metadata(metadata: &CoreMetadata) -> usize {
    let urls = metadata
        .project_urls
        .iter()
        .map(|(label, url)| label.len() + url.len() + SKIPPED);
    METADATA + metadata.requires_dist.len() * REQUIREMENT + urls.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_given_back() {
        let budget = Budget::default();
        let taken = || budget.taken.load(Ordering::Relaxed);
        let first = budget.begin();
        assert!(first.take(MAX_KEPT - 100) && first.take(100) && !first.take(1));
        first.keep(50);
        assert_eq!(taken(), 50);
        let second = budget.begin();
        assert!(!second.take(usize::MAX / 2));
        drop(second);
        assert_eq!(taken(), 50);
        assert!(budget.begin().take(MAX_KEPT - 50));
        assert!(!budget.begin().take(MAX_KEPT - 49));
    }
}
