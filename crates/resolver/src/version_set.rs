//! Sets of releases of one project.
//!
//! A project's page lists finitely many releases. The solver sees them as the numbers `0..n`, oldest first, so that a
//! set holds exactly the releases that match by pip's own rules, whatever the operator, and sets that hold the same
//! releases are equal. Ranges of versions could not say `===1.0`, `==1.0` with local versions, or `<1.0.post1`.

use std::fmt;

use pubgrub::Ranges;

/// A release: its place on the page, by version, oldest first.
pub(crate) type Index = u32;

/// A set of releases, kept as half-open intervals `[a, b)` of indices.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct VersionSet(Ranges<Index>);

impl VersionSet {
    /// From indices in any order.
    pub(crate) fn from_indices(indices: impl IntoIterator<Item = Index>) -> Self {
        let mut indices: Vec<Index> = indices.into_iter().collect();
        indices.sort_unstable();
        Self(
            indices
                .into_iter()
                .map(|index| (std::ops::Bound::Included(index), std::ops::Bound::Excluded(index + 1)))
                .collect(),
        )
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, index: Index) -> bool {
        self.0.contains(&index)
    }
}

impl pubgrub::VersionSet for VersionSet {
    type V = Index;

    fn empty() -> Self {
        Self(Ranges::empty())
    }

    fn singleton(index: Index) -> Self {
        Self(Ranges::between(index, index + 1))
    }

    fn complement(&self) -> Self {
        Self(self.0.complement())
    }

    fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0))
    }

    fn contains(&self, index: &Index) -> bool {
        self.0.contains(index)
    }

    fn full() -> Self {
        Self(Ranges::full())
    }

    fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0))
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        self.0.is_disjoint(&other.0)
    }

    fn subset_of(&self, other: &Self) -> bool {
        self.0.subset_of(&other.0)
    }
}

impl fmt::Display for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pubgrub::VersionSet as _;

    #[test]
    fn equal_sets_are_equal_however_they_were_made() {
        let set = VersionSet::from_indices([3, 1, 2]);
        let union = VersionSet::singleton(1).union(&VersionSet::from_indices([2, 3]));
        assert_eq!(set, union);
        assert_eq!(
            set.intersection(&VersionSet::singleton(2).complement()),
            VersionSet::from_indices([1, 3])
        );
        assert!(set.intersection(&VersionSet::from_indices([0, 4])).is_empty());
        assert!(set.has(3) && !set.has(4));
    }
}
