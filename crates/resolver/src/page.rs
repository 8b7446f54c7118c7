//! A project's page, sorted into releases, each with the one wheel that would be installed or the reason why none can be.

use std::cmp::Reverse;
use std::fmt;

use slsa_pip_distribution::specifier::{contains, names_prerelease, pins};
use slsa_pip_distribution::{DistributionFilename, PackageName, Requirement, Version, VersionSpecifiers};

use crate::request::Request;
use crate::source::CandidateFile;
use crate::version_set::{Index, VersionSet};

/// Most files of one page that are looked at; the largest real pages have about ten thousand.
const MAX_FILES: usize = 100_000;

/// All releases of one project, oldest first.
#[derive(Debug)]
pub(crate) struct Page<F> {
    pub(crate) releases: Vec<Release<F>>,
    /// Whether any index has the project.
    pub(crate) found: bool,
    /// Whether a constraint pins the project, which is what makes a yanked release acceptable.
    pub(crate) pinned: bool,
    /// Whether a constraint names a pre-release.
    pub(crate) prerelease_named: bool,
}

#[derive(Debug)]
pub(crate) struct Release<F> {
    pub(crate) version: Version,
    pub(crate) wheel: Result<Wheel<F>, Unusable>,
}

/// The best wheel of a release.
#[derive(Debug)]
pub(crate) struct Wheel<F> {
    pub(crate) filename: DistributionFilename,
    pub(crate) file: F,
    pub(crate) yanked: Option<String>,
}

/// Why a release cannot be installed, whatever is required.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unusable {
    OnlySdists,
    NoWheel,
    RequiresPython(String),
    HashNotAllowed,
    Constraint(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlySdists => f.write_str("only source distributions"),
            Self::NoWheel => f.write_str("no wheel for this interpreter"),
            Self::RequiresPython(wanted) => write!(f, "requires Python {wanted}"),
            Self::HashNotAllowed => f.write_str("no file with an allowed hash"),
            Self::Constraint(text) => write!(f, "excluded by the constraint `{text}`"),
        }
    }
}

impl<F> Page<F> {
    /// The page of a project that no index has.
    pub(crate) fn missing() -> Self {
        Self {
            releases: Vec::new(),
            found: false,
            pinned: false,
            prerelease_named: false,
        }
    }

    /// The releases that match, pre-releases, yanked and unusable ones included.
    pub(crate) fn matching(&self, specifiers: &VersionSpecifiers) -> VersionSet {
        VersionSet::from_indices(
            self.numbered()
                .filter(|(_, release)| contains(specifiers, &release.version))
                .map(|(index, _)| index),
        )
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
    pub(crate) fn new(name: &PackageName, files: &[CandidateFile<F>], request: &Request) -> Self {
        let constraints: Vec<&Requirement> = request
            .constraints
            .iter()
            .filter(|constraint| constraint.name() == name && constraint.applies(&request.env, None))
            .collect();
        let mut files: Vec<&CandidateFile<F>> = files
            .iter()
            .filter(|file| file.filename.name() == name)
            .take(MAX_FILES)
            .collect();
        // Stable: files of one release stay in the order of the page.
        files.sort_by(|a, b| a.filename.version().cmp(b.filename.version()));
        let releases = files
            .chunk_by(|a, b| a.filename.version() == b.filename.version())
            .filter_map(|files| {
                let version = files.first()?.filename.version().clone();
                let excluded = constraints
                    .iter()
                    .find(|constraint| !contains(constraint.specifiers(), &version));
                let wheel = match excluded {
                    Some(constraint) => Err(Unusable::Constraint(constraint.to_string())),
                    None => best_wheel(name, files, request),
                };
                Some(Release { version, wheel })
            })
            .collect();
        Self {
            releases,
            found: true,
            pinned: constraints.iter().any(|constraint| pins(constraint.specifiers())),
            prerelease_named: constraints
                .iter()
                .any(|constraint| names_prerelease(constraint.specifiers())),
        }
    }
}

/// pip's order: not yanked before yanked, then the tag that the interpreter prefers, then the highest build tag, then
/// the last on the page.
fn best_wheel<F: Clone>(
    name: &PackageName,
    files: &[&CandidateFile<F>],
    request: &Request,
) -> Result<Wheel<F>, Unusable> {
    let python = request.python.only_release();
    let runs_here = |file: &&&CandidateFile<F>| {
        file.requires_python
            .as_ref()
            .is_none_or(|wanted| contains(wanted, &python))
    };
    let fitting: Vec<&CandidateFile<F>> = files.iter().filter(runs_here).copied().collect();
    if fitting.is_empty() {
        let wanted = files.iter().find_map(|file| file.requires_python.as_ref());
        return Err(Unusable::RequiresPython(
            wanted.map(ToString::to_string).unwrap_or_default(),
        ));
    }
    let wheels: Vec<_> = fitting
        .iter()
        .filter_map(|file| match &file.filename {
            DistributionFilename::Wheel(wheel) => Some((wheel, *file)),
            DistributionFilename::Sdist(_) => None,
        })
        .collect();
    if wheels.is_empty() {
        return Err(Unusable::OnlySdists);
    }
    let supported: Vec<_> = wheels
        .into_iter()
        .filter_map(|(wheel, file)| Some((request.tags.rank(&wheel.tags)?, wheel, file)))
        .collect();
    if supported.is_empty() {
        return Err(Unusable::NoWheel);
    }
    let allowed = request.hashes.get(name).map_or(&[][..], Vec::as_slice);
    supported
        .into_iter()
        // A page that announces no digest leaves this check to the download.
        .filter(|(_, _, file)| allowed.is_empty() || file.sha256.is_none_or(|digest| allowed.contains(&digest)))
        .max_by_key(|(rank, wheel, file)| (file.yanked.is_none(), Reverse(*rank), wheel.build_key()))
        .map(|(_, _, file)| Wheel {
            filename: file.filename.clone(),
            file: file.file.clone(),
            yanked: file.yanked.clone(),
        })
        .ok_or(Unusable::HashNotAllowed)
}
