//! Policies as `slsa-pip policy` needs them to look at a package anew. No command that installs uses them.

use crate::policy::Policy;
use crate::setting::Key;

impl Policy {
    /// The same policy, enforced, but taking packages that have no pin yet at their word: what is accepted by it is merely claimed,
    /// until somebody pins it.
    #[must_use]
    pub fn for_first_use(&self) -> Self {
        let mut policy = self.clone();
        for entry in policy.sheet.entries_mut() {
            // What no table says is `claimed` and `enforce`.
            entry.settings.remove(Key::Unpinned);
            entry.settings.remove(Key::Mode);
        }
        policy
    }

    /// The same policy without its exemptions, so that provenance is asked of everything.
    #[must_use]
    pub fn without_exemptions(&self) -> Self {
        let mut policy = self.clone();
        policy.sheet.exemptions.clear();
        policy
    }
}
