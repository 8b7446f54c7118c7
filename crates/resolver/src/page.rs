//! A project's page, sorted into releases, each with the one wheel that would be installed or the reason why none can be.

use slsa_pip_distribution::specifier::{contains, names_prerelease, pins};
use slsa_pip_distribution::{PackageName, Requirement, Version, VersionSpecifiers};
use url::Url;

use crate::direct::same_file;
use crate::request::Request;
use crate::source::CandidateFile;
use crate::version_set::{Index, VersionSet};
use crate::wheel::{Unusable, Wheel, best_wheel, direct_wheel};

/// Most files of one page that are looked at; the largest real pages have about ten thousand.
const MAX_FILES: usize = 100_000;

/// All releases of one project, oldest first.
#[derive(Debug)]
pub(crate) struct Page<F> {
    pub(crate) releases: Vec<Release<F>>,
    pub(crate) kind: Kind,
    /// Whether a constraint pins the project, which is what makes a yanked release acceptable.
    pub(crate) pinned: bool,
    /// Whether a constraint names a pre-release.
    pub(crate) prerelease_named: bool,
}

/// Where a page's releases come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An index, and what is installed.
    Index,
    /// What is installed alone: as long as that will do, no index is asked.
    Installed,
    /// Files that the user named by URL or path, and nothing else.
    Direct,
    /// No index has the project, and it is not installed.
    Missing,
}

#[derive(Debug)]
pub(crate) struct Release<F> {
    pub(crate) version: Version,
    /// The wheel to fetch.
    pub(crate) wheel: Result<Wheel<F>, Unusable>,
    /// Whether this release is installed, and may stay.
    pub(crate) installed: bool,
    /// The URL of a file that the user named.
    pub(crate) link: Option<Url>,
}

impl<F> Release<F> {
    /// Whether pip would count it among the candidates when it looks whether there are final releases.
    pub(crate) fn on_index(&self) -> bool {
        matches!(
            self.wheel,
            Ok(_) | Err(Unusable::HashNotAllowed | Unusable::Excluded(_))
        )
    }
}

impl<F> Page<F> {
    fn of(releases: Vec<Release<F>>, kind: Kind) -> Self {
        Self {
            releases,
            kind,
            pinned: false,
            prerelease_named: false,
        }
    }

    /// A page with nothing but the installed release.
    pub(crate) fn installed(version: Version) -> Self {
        let release = Release {
            version,
            wheel: Err(Unusable::NotAsked),
            installed: true,
            link: None,
        };
        Self::of(vec![release], Kind::Installed)
    }

    /// Whether the project exists anywhere.
    pub(crate) fn found(&self) -> bool {
        self.kind != Kind::Missing
    }

    /// The releases that match, pre-releases, yanked and unusable ones included.
    pub(crate) fn matching(&self, specifiers: &VersionSpecifiers) -> VersionSet {
        VersionSet::from_indices(
            self.numbered()
                .filter(|(_, release)| contains(specifiers, &release.version))
                .map(|(index, _)| index),
        )
    }

    /// The releases that are the file at `url`.
    pub(crate) fn linked(&self, url: &Url) -> VersionSet {
        let same = |release: &Release<F>| release.link.as_ref().is_some_and(|link| same_file(link, url));
        VersionSet::from_indices(
            self.numbered()
                .filter(|(_, release)| same(release))
                .map(|(index, _)| index),
        )
    }

    /// The release that is installed, if it may stay.
    pub(crate) fn kept(&self) -> Option<Index> {
        self.numbered()
            .find_map(|(index, release)| release.installed.then_some(index))
    }

    pub(crate) fn numbered(&self) -> impl DoubleEndedIterator<Item = (Index, &Release<F>)> {
        (0..self.len()).zip(&self.releases)
    }

    pub(crate) fn len(&self) -> Index {
        Index::try_from(self.releases.len()).unwrap_or(Index::MAX)
    }

    pub(crate) fn release(&self, index: Index) -> Option<&Release<F>> {
        self.releases.get(usize::try_from(index).ok()?)
    }
}

impl<F: Clone> Page<F> {
    /// The files of an index, or `None` if it has no such project, and the installed version if that may stay.
    pub(crate) fn new(
        name: &PackageName,
        files: Option<&[CandidateFile<F>]>,
        installed: Option<&Version>,
        request: &Request,
    ) -> Self {
        let constraints = constraints(name, request);
        let mut sorted: Vec<&CandidateFile<F>> = files
            .unwrap_or_default()
            .iter()
            .filter(|file| file.filename.name() == name)
            .take(MAX_FILES)
            .collect();
        // Stable: files of one release stay in the order of the page.
        sorted.sort_by(|a, b| a.filename.version().cmp(b.filename.version()));
        let mut releases: Vec<Release<F>> = sorted
            .chunk_by(|a, b| a.filename.version() == b.filename.version())
            .filter_map(|files| {
                let version = files.first()?.filename.version().clone();
                let wheel = match excluding(&constraints, &version) {
                    Some(reason) => Err(reason),
                    None => best_wheel(name, files, request),
                };
                Some(Release::new(version, wheel, None))
            })
            .collect();
        if let Some(version) = installed.filter(|version| excluding(&constraints, version).is_none()) {
            match releases.binary_search_by(|release| release.version.cmp(version)) {
                Ok(at) => {
                    if let Some(release) = releases.get_mut(at) {
                        release.installed = true;
                    }
                }
                Err(at) => {
                    let mut release = Release::new(version.clone(), Err(Unusable::NotOnIndex), None);
                    release.installed = true;
                    releases.insert(at, release);
                }
            }
        }
        let missing = files.is_none() && releases.is_empty();
        Self {
            pinned: constraints.iter().any(|constraint| pins(constraint.specifiers())),
            prerelease_named: constraints
                .iter()
                .any(|constraint| names_prerelease(constraint.specifiers())),
            ..Self::of(releases, if missing { Kind::Missing } else { Kind::Index })
        }
    }

    /// The files that the user named, each a release of its own.
    pub(crate) fn direct(name: &PackageName, files: &[(Url, CandidateFile<F>)], request: &Request) -> Self {
        let constraints = constraints(name, request);
        let mut releases: Vec<Release<F>> = files
            .iter()
            .map(|(url, file)| {
                let version = file.filename.version();
                let other = constraints
                    .iter()
                    .find(|constraint| constraint.url().is_some_and(|link| !same_file(link, url)));
                let excluded = excluding(&constraints, version)
                    .or_else(|| other.map(|constraint| Unusable::Constraint(constraint.to_string())));
                let wheel = match excluded {
                    Some(reason) => Err(reason),
                    None => direct_wheel(name, file, request),
                };
                Release::new(version.clone(), wheel, Some(url.clone()))
            })
            .collect();
        releases.sort_by(|a, b| a.version.cmp(&b.version));
        Self::of(releases, Kind::Direct)
    }
}

impl<F> Release<F> {
    fn new(version: Version, wheel: Result<Wheel<F>, Unusable>, link: Option<Url>) -> Self {
        Self {
            version,
            wheel,
            installed: false,
            link,
        }
    }
}

/// The constraints for a project that hold here.
pub(crate) fn constraints<'a>(name: &PackageName, request: &'a Request) -> Vec<&'a Requirement> {
    let all = request.constraints.iter();
    all.filter(|constraint| constraint.name() == name && constraint.applies(&request.env, None))
        .collect()
}

/// The constraint that a version does not meet.
pub(crate) fn excluding(constraints: &[&Requirement], version: &Version) -> Option<Unusable> {
    constraints
        .iter()
        .find(|constraint| !contains(constraint.specifiers(), version))
        .map(|constraint| Unusable::Constraint(constraint.to_string()))
}
