//! Which files of a page are kept.

use std::collections::HashSet;
use std::sync::Arc;

use slsa_pip_distribution::{DistributionFilename, SupportedTags, Version};

use crate::types::IndexFile;

/// Of a release that has wheels which the interpreter can use, those; of any other release one wheel and one sdist, which tell
/// why it cannot be installed. A large project has twenty files a release, for all interpreters and platforms.
#[derive(Default)]
pub(super) struct Choice<'a> {
    /// Without tags everything is kept.
    tags: Option<&'a SupportedTags>,
    /// Releases with wheels that can be used.
    usable: HashSet<Version>,
    /// Releases of which there is a wheel (`true`) or an sdist that cannot.
    others: HashSet<(Version, bool)>,
}

impl<'a> Choice<'a> {
    pub(super) fn new(tags: Option<&'a SupportedTags>) -> Self {
        Self {
            tags,
            ..Self::default()
        }
    }

    fn is_usable(&self, filename: &DistributionFilename) -> bool {
        match (self.tags, filename) {
            (None, _) => true,
            (Some(tags), DistributionFilename::Wheel(wheel)) => tags.rank_wheel(wheel).is_some(),
            (Some(_), DistributionFilename::Sdist(_)) => false,
        }
    }

    /// Whether another file tells as much as this one would.
    pub(super) fn has_enough(&self, filename: &DistributionFilename) -> bool {
        !self.is_usable(filename) && {
            let version = filename.version();
            self.usable.contains(version) || self.others.contains(&(version.clone(), is_wheel(filename)))
        }
    }

    /// Notes that a file is kept so far.
    pub(super) fn add(&mut self, filename: &DistributionFilename) {
        let version = filename.version().clone();
        match (self.tags, self.is_usable(filename)) {
            (None, _) => {}
            (Some(_), true) => {
                self.usable.insert(version);
            }
            (Some(_), false) => {
                self.others.insert((version, is_wheel(filename)));
            }
        }
    }

    /// Leaves out what is of no use by now.
    pub(super) fn settle(self, files: &mut Vec<Arc<IndexFile>>) {
        if self.tags.is_some() {
            files.retain(|file| self.is_usable(&file.filename) || !self.usable.contains(file.filename.version()));
            files.shrink_to_fit();
        }
    }
}

fn is_wheel(filename: &DistributionFilename) -> bool {
    matches!(filename, DistributionFilename::Wheel(_))
}
