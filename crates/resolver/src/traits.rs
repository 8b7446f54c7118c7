//! The order in which projects are decided: pip's, since which of two projects keeps its newest release depends on it.

use std::cmp::Reverse;

use slsa_pip_distribution::Requirement;
use slsa_pip_distribution::specifier::{has_upper_bound, pins};

/// What pip looks at when it chooses which project comes next, most important first. Every requirement that was met in the
/// run counts, also one that is no longer active.
#[expect(clippy::struct_excessive_bools, reason = "they are compared one after the other")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Traits {
    direct: bool,
    pinned: bool,
    /// The place among the user's requirements. For pip an upper bound counts more; but pip takes back the choice of a dependency
    /// that turns out to be in the way, where this solver would give the user an older release of what was asked for.
    asked_for: Option<Reverse<usize>>,
    upper_bound: bool,
    bound: bool,
}

impl Traits {
    pub(crate) fn learn(&mut self, requirement: &Requirement, place: Option<usize>) {
        let specifiers = requirement.specifiers();
        self.direct |= requirement.url().is_some();
        self.pinned |= pins(specifiers);
        self.upper_bound |= has_upper_bound(specifiers);
        self.bound |= !specifiers.is_empty();
        self.asked_for = self.asked_for.max(place.map(Reverse));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_order() {
        let traits = |texts: &[&str], place: Option<usize>| {
            let mut traits = Traits::default();
            for text in texts {
                traits.learn(&text.parse().unwrap(), place);
            }
            traits
        };
        let order = [
            traits(&["a @ https://host.example/a.whl"], None),
            traits(&["a", "a==1"], None),
            traits(&["a"], Some(0)),
            traits(&["a<2"], Some(1)),
            traits(&["a>=1"], Some(1)),
            traits(&["a"], Some(1)),
            traits(&["a~=1.0"], None),
            traits(&["a!=1"], None),
            traits(&["a"], None),
        ];
        assert!(order.is_sorted_by(|before, after| before > after), "{order:?}");
    }
}
