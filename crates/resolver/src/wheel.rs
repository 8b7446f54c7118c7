//! The one file of a release that would be installed.

use std::cmp::Reverse;
use std::fmt;

use jiff::Timestamp;
use slsa_pip_distribution::specifier::contains;
use slsa_pip_distribution::{DistributionFilename, PackageName};

use crate::request::Request;
use crate::source::CandidateFile;

/// The best wheel of a release.
#[derive(Debug)]
pub(crate) struct Wheel<F> {
    pub(crate) filename: DistributionFilename,
    pub(crate) file: F,
    pub(crate) yanked: Option<String>,
    /// Whether its metadata is served beside it.
    pub(crate) metadata_served: bool,
}

/// Why a release cannot be fetched, whatever is required.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unusable {
    OnlySdists,
    NoWheel,
    NoBinary,
    RequiresPython(String),
    Uploaded(Timestamp),
    HashNotAllowed,
    /// The source has excluded all of its files.
    Excluded(String),
    Constraint(String),
    /// It is installed, and no index was asked for it.
    NotAsked,
    /// It is installed, and no index has it.
    NotOnIndex,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlySdists => f.write_str("only source distributions"),
            Self::NoWheel => f.write_str("no wheel for this interpreter"),
            Self::NoBinary => f.write_str("`--no-binary` excludes its wheels"),
            Self::RequiresPython(wanted) => write!(f, "requires Python {wanted}"),
            Self::Uploaded(before) => write!(f, "not uploaded before {before}"),
            Self::HashNotAllowed => f.write_str("no file with an allowed hash"),
            Self::Excluded(reason) => f.write_str(reason),
            Self::Constraint(text) => write!(f, "excluded by the constraint `{text}`"),
            Self::NotAsked => f.write_str("installed; no index was asked"),
            Self::NotOnIndex => f.write_str("installed; no index has it"),
        }
    }
}

/// pip's order: not yanked before yanked, then the tag that the interpreter prefers, then the highest build tag, then
/// the last on the page.
pub(crate) fn best_wheel<F: Clone>(
    name: &PackageName,
    files: &[&CandidateFile<F>],
    request: &Request,
) -> Result<Wheel<F>, Unusable> {
    let python = request.python.only_release();
    let runs_here = |file: &&&CandidateFile<F>| {
        request.ignore_requires_python
            || file
                .requires_python
                .as_ref()
                .is_none_or(|wanted| contains(wanted, &python))
    };
    let early = |file: &&&CandidateFile<F>| {
        let before = request.uploaded_prior_to.filter(|_| !file.local);
        before.is_none_or(|before| file.uploaded.is_some_and(|uploaded| uploaded < before))
    };
    let fitting: Vec<&CandidateFile<F>> = files.iter().filter(early).copied().collect();
    if let (true, Some(before)) = (fitting.is_empty(), request.uploaded_prior_to) {
        return Err(Unusable::Uploaded(before));
    }
    let excluded = fitting.iter().find_map(|file| file.excluded.clone());
    let fitting: Vec<&CandidateFile<F>> = fitting.into_iter().filter(|file| file.excluded.is_none()).collect();
    if let (true, Some(reason)) = (fitting.is_empty(), excluded) {
        return Err(Unusable::Excluded(reason));
    }
    let fitting: Vec<&CandidateFile<F>> = fitting.iter().filter(runs_here).copied().collect();
    if fitting.is_empty() {
        let wanted = files.iter().find_map(|file| file.requires_python.as_ref());
        return Err(Unusable::RequiresPython(
            wanted.map(ToString::to_string).unwrap_or_default(),
        ));
    }
    let mut wheels = fitting.into_iter().filter(|file| is_wheel(&file.filename)).peekable();
    if wheels.peek().is_none() {
        return Err(Unusable::OnlySdists);
    }
    if !request.formats.wheels_allowed(name) {
        return Err(Unusable::NoBinary);
    }
    best(name, wheels, request)
}

/// The wheel that the user named by its URL: pip asks neither when it was uploaded nor whether wheels are wanted.
pub(crate) fn direct_wheel<F: Clone>(
    name: &PackageName,
    file: &CandidateFile<F>,
    request: &Request,
) -> Result<Wheel<F>, Unusable> {
    if !is_wheel(&file.filename) {
        return Err(Unusable::OnlySdists);
    }
    best(name, std::iter::once(file), request)
}

fn is_wheel(filename: &DistributionFilename) -> bool {
    matches!(filename, DistributionFilename::Wheel(_))
}

fn best<'a, F: Clone + 'a>(
    name: &PackageName,
    wheels: impl Iterator<Item = &'a CandidateFile<F>>,
    request: &Request,
) -> Result<Wheel<F>, Unusable> {
    let supported: Vec<_> = wheels
        .filter_map(|file| match &file.filename {
            DistributionFilename::Wheel(wheel) => Some((request.tags.rank_wheel(wheel)?, wheel, file)),
            DistributionFilename::Sdist(_) => None,
        })
        .collect();
    if supported.is_empty() {
        return Err(Unusable::NoWheel);
    }
    // A page that announces no digest leaves this check to the download.
    let allowed = |file: &CandidateFile<F>| match (request.hashes.get(name), file.sha256) {
        (None, _) => true,
        (Some(allowed), Some(digest)) => allowed.contains(&digest),
        (Some(allowed), None) => !allowed.is_empty(),
    };
    supported
        .into_iter()
        .filter(|(_, _, file)| allowed(file))
        .max_by_key(|(rank, wheel, file)| (file.yanked.is_none(), Reverse(*rank), wheel.build_key()))
        .map(|(_, _, file)| Wheel {
            filename: file.filename.clone(),
            file: file.file.clone(),
            yanked: file.yanked.clone(),
            metadata_served: file.metadata_served,
        })
        .ok_or(Unusable::HashNotAllowed)
}
