//! Many packages at once, in the sizes and shapes of real ones, each with provenance: what measurements are made with.
//!
//! A set is a tree of projects with some edges across, so that a resolver learns of them level by level, as with real ones.
//! Every project has older releases on its page, and all that is the same from run to run.

mod source;

use crate::identity::Identity;
use crate::release::{Evidence, Release};
use crate::wheel::Wheel;
use crate::world::World;
use source::Source;

/// Older releases on each project's page, each with a wheel and a source archive.
const OLDER: usize = 12;
/// Projects that one requires first of all.
const BRANCHES: usize = 3;
/// Every so manieth project is a large one.
const LARGE: usize = 12;
/// Text that does not compress well in the large ones, in kB, in turn: stands for compiled modules.
const LARGE_DATA: [usize; 5] = [400, 1_000, 2_000, 4_000, 8_000];

/// Packages that require each other; installing the first installs all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageSet {
    /// Begins every project's name; the first project has this name alone.
    pub name: &'static str,
    /// How many projects there are.
    pub count: usize,
    /// Whether wheels are as large as real ones; otherwise each holds two modules.
    pub lifelike: bool,
}

impl PackageSet {
    /// What a small tool, a client of some service and a whole application bring along.
    pub const LIFELIKE: [Self; 3] = [
        Self::lifelike("solo", 1),
        Self::lifelike("handful", 5),
        Self::lifelike("crowd", 59),
    ];

    const fn lifelike(name: &'static str, count: usize) -> Self {
        Self {
            name,
            count,
            lifelike: true,
        }
    }

    /// A set of this many packages of a few kB each.
    pub const fn small(name: &'static str, count: usize) -> Self {
        Self {
            name,
            count,
            lifelike: false,
        }
    }

    /// Signs and publishes the whole set.
    pub fn publish(self, world: &World) {
        for position in 0..self.count {
            for release in self.releases(position) {
                world.publish(release);
            }
        }
    }

    fn project(self, position: usize) -> String {
        if position == 0 {
            self.name.to_owned()
        } else {
            format!("{}-{position:03}", self.name)
        }
    }

    /// The projects that one requires: those below it in the tree, and one across where there is one.
    fn required(self, position: usize) -> Vec<usize> {
        let first = position * BRANCHES + 1;
        let across = position * 2 + 7;
        let mut required: Vec<usize> = (first..first + BRANCHES).chain([across]).collect();
        required.retain(|it| *it < self.count);
        required.dedup();
        required
    }

    fn releases(self, position: usize) -> Vec<Release> {
        let project = self.project(position);
        let repository = format!("example/{project}");
        let url = format!("https://github.com/{repository}");
        let older = if self.lifelike { OLDER } else { OLDER / 4 };
        let mut releases: Vec<Release> = (0..older)
            .flat_map(|minor| {
                let version = format!("1.{minor}");
                let wheel = Wheel::builder(&project, &version).requires_python(">=3.8").build();
                [Release::new(wheel), Release::new(Wheel::sdist(&project, &version))]
            })
            .collect();
        let mut builder = Wheel::builder(&project, "2.0")
            .requires_python(">=3.8")
            .project_url("Source", &url);
        for required in self.required(position) {
            builder = builder.requires(&format!("{}>=1.5", self.project(required)));
        }
        for (path, text) in self.files(position) {
            builder = builder.file(&path, &text);
        }
        let evidence = Evidence::pep740(Identity::github(&repository).tag("2.0"));
        releases.push(Release::new(builder.build()).with(evidence));
        releases
    }

    /// Modules, and data in the large ones.
    fn files(self, position: usize) -> Vec<(String, String)> {
        let module = self.project(position).replace('-', "_");
        let mut source = Source::new(position as u64 + 1);
        let (modules, lines) = match position % LARGE {
            _ if !self.lifelike => (2, 20),
            0 => (60, 220),
            1 | 5 | 9 => (20, 130),
            _ => (5, 60),
        };
        let mut files = vec![(format!("{module}/__init__.py"), "__version__ = '2.0'\n".to_owned())];
        for number in 1..modules {
            files.push((format!("{module}/part_{number:02}.py"), source.module(lines)));
        }
        if self.lifelike && position.is_multiple_of(LARGE) && self.count > LARGE {
            let kilobytes = LARGE_DATA
                .iter()
                .cycle()
                .nth(position / LARGE)
                .copied()
                .unwrap_or_default();
            files.push((format!("{module}/table.txt"), source.noise(kilobytes * 1_000)));
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_first_project_leads_to_all() {
        for count in [1, 5, 59, 500] {
            let set = PackageSet::small("set", count);
            let (mut seen, mut next) = (BTreeSet::new(), vec![0]);
            while let Some(position) = next.pop() {
                if seen.insert(position) {
                    next.extend(set.required(position));
                }
            }
            assert_eq!(seen.len(), count);
        }
    }

    #[test]
    fn a_large_set_is_of_all_sizes() {
        let set = PackageSet::LIFELIKE[2];
        let modules: usize = (0..set.count).map(|position| set.files(position).len()).sum();
        assert!((700..1_000).contains(&modules), "{modules}");
        let sizes: Vec<usize> = (0..set.count)
            .map(|position| set.files(position).iter().map(|(_, text)| text.len()).sum())
            .collect();
        assert!(sizes.iter().any(|size| *size > 8_000_000));
        assert!(sizes.iter().any(|size| *size < 20_000));
    }
}
