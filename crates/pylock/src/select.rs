//! What to install from a lock file: the standard's algorithm, without any index and without resolution.

use std::cmp::Reverse;
use std::fmt;

use pep508_rs::MarkerEnvironment;
use slsa_pip_distribution::marker::Selection;
use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::{PackageName, Sha256Digest, SupportedTags, Version, WheelFilename};

use crate::model::{File, Lock, Package, Source, SourceTree};

/// What is installed for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The environment of markers.
    pub env: &'a MarkerEnvironment,
    /// The compatible tags.
    pub tags: &'a SupportedTags,
    /// The version of Python.
    pub python: &'a Version,
    /// Whether `requires-python` counts for nothing (`--ignore-requires-python`).
    pub ignore_requires_python: bool,
    /// The extras that are asked for.
    pub extras: &'a [ExtraName],
    /// The dependency groups that are asked for; `None`: the lock's default groups.
    pub groups: Option<&'a [ExtraName]>,
}

/// One file to install.
#[derive(Debug, Clone)]
pub struct Chosen<'l> {
    /// Its entry.
    pub package: &'l Package,
    /// The file.
    pub file: &'l File,
    /// Its name, of the entry's project.
    pub wheel: WheelFilename,
    /// The only digest that its bytes may have.
    pub sha256: Sha256Digest,
    /// Whether it is an archive, which counts as named by its URL.
    pub direct: bool,
}

/// Why a lock cannot be installed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// It is for other versions of Python.
    RequiresPython {
        /// What it asks for.
        wanted: String,
        /// What there is.
        python: String,
    },
    /// It is for other environments.
    Environments {
        /// The markers, of which none holds.
        wanted: Vec<String>,
    },
    /// An extra or group that it does not offer.
    NotOffered {
        /// `extra` or `dependency group`.
        what: &'static str,
        /// Its name.
        name: ExtraName,
    },
    /// One package cannot be installed.
    Package {
        /// The project.
        name: PackageName,
        /// The line of its entry.
        line: usize,
        /// Why.
        why: String,
        /// What to do.
        hint: Option<&'static str>,
    },
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequiresPython { wanted, python } => {
                write!(f, "it is for Python {wanted}, and this is Python {python}")
            }
            Self::Environments { wanted } => {
                write!(f, "it is for other environments than this one: {}", wanted.join("; "))
            }
            Self::NotOffered { what, name } => write!(f, "it has no {what} `{name}`"),
            Self::Package { name, line, why, .. } => write!(f, "`{name}` (line {line}) {why}"),
        }
    }
}

impl Unusable {
    /// What to do about it, if that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::RequiresPython { .. } | Self::Environments { .. } => {
                Some("lock for this interpreter as well: slsa-pip lock … -o pylock.NAME.toml")
            }
            Self::NotOffered { .. } => None,
            Self::Package { hint, .. } => *hint,
        }
    }
}

/// Chooses one file per package, sorted by name.
///
/// # Errors
/// Everything that stands in the way; where the lock as a whole is not for this target, only that.
pub fn select<'l>(lock: &'l Lock, target: &Target<'_>) -> Result<Vec<Chosen<'l>>, Vec<Unusable>> {
    let groups = target.groups.unwrap_or(&lock.default_groups);
    let selection = Selection {
        extras: target.extras,
        groups,
    };
    let runs_on = |wanted: &crate::model::Specifiers| target.ignore_requires_python || wanted.contain(target.python);
    let mut problems: Vec<Unusable> = Vec::new();
    for (what, asked, offered) in [
        ("extra", target.extras, &lock.extras),
        (
            "dependency group",
            target.groups.unwrap_or_default(),
            &lock.dependency_groups,
        ),
    ] {
        for name in asked.iter().filter(|name| !offered.contains(name)) {
            problems.push(Unusable::NotOffered {
                what,
                name: name.clone(),
            });
        }
    }
    if let Some(wanted) = lock.requires_python.as_ref().filter(|wanted| !runs_on(wanted)) {
        problems.push(Unusable::RequiresPython {
            wanted: wanted.to_string(),
            python: target.python.to_string(),
        });
    }
    let fits = |marker: &crate::model::Environment| marker.marker.evaluate_of_lock(target.env, selection);
    if !lock.environments.is_empty() && !lock.environments.iter().any(fits) {
        problems.push(Unusable::Environments {
            wanted: lock.environments.iter().take(8).map(ToString::to_string).collect(),
        });
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut wanted: Vec<&Package> = lock
        .packages
        .iter()
        .filter(|package| package.marker.as_ref().is_none_or(fits))
        .collect();
    wanted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut chosen = Vec::with_capacity(wanted.len());
    let mut before: Option<&Package> = None;
    for package in wanted {
        let refuse = |why: String, hint: Option<&'static str>| Unusable::Package {
            name: package.name.clone(),
            line: package.line.0,
            why,
            hint,
        };
        if let Some(other) = before.filter(|before| before.name == package.name) {
            let why = format!("has a second entry for this environment in line {}", other.line.0);
            problems.push(refuse(
                why,
                Some("the entries of one package must have markers that exclude one another"),
            ));
            continue;
        }
        before = Some(package);
        if let Some(wanted) = package.requires_python.as_ref().filter(|wanted| !runs_on(wanted)) {
            let why = format!("requires Python {wanted}, and this is Python {}", target.python);
            problems.push(refuse(why, None));
            continue;
        }
        match file_of(package, target.tags) {
            Ok(it) => chosen.push(it),
            Err((why, hint)) => problems.push(refuse(why, hint)),
        }
    }
    if problems.is_empty() { Ok(chosen) } else { Err(problems) }
}

/// Why an entry gives no file, and what to do.
type NoFile = (String, Option<&'static str>);

const ONLY_WHEELS: &str =
    "slsa-pip installs wheels only: install this package apart, or lock a version that has wheels";

fn file_of<'l>(package: &'l Package, tags: &SupportedTags) -> Result<Chosen<'l>, NoFile> {
    let (wheel, file, direct) = match &package.source {
        Source::Tree(SourceTree::Vcs { kind, .. }) => {
            let why = format!("is a checkout ({kind}), which no provenance can be about");
            return Err((why, Some(ONLY_WHEELS)));
        }
        Source::Tree(SourceTree::Directory { editable, .. }) => {
            let what = if *editable { "an editable folder" } else { "a folder" };
            return Err((
                format!("is {what}, which no provenance can be about"),
                Some(ONLY_WHEELS),
            ));
        }
        Source::Archive(file) => {
            let wheel: WheelFilename = file.name.parse().map_err(|_| {
                (
                    format!("is the archive `{}`, which is no wheel", file.name),
                    Some(ONLY_WHEELS),
                )
            })?;
            let other_version = package
                .version
                .as_ref()
                .is_some_and(|version| *version != wheel.version);
            if wheel.name != package.name || other_version {
                return Err((format!("names the archive `{}`, which is another's", file.name), None));
            }
            if tags.rank_wheel(&wheel).is_none() {
                return Err((
                    format!("is the wheel `{}`, which is not for this interpreter", file.name),
                    None,
                ));
            }
            (wheel, file, true)
        }
        Source::Files { wheels, .. } if wheels.is_empty() => {
            return Err(("has a source distribution and no wheel".to_owned(), Some(ONLY_WHEELS)));
        }
        Source::Files { wheels, .. } => {
            let ranked = wheels
                .iter()
                .filter_map(|(wheel, file)| Some((tags.rank_wheel(wheel)?, wheel, file)));
            let best = ranked.max_by_key(|(rank, wheel, _)| (Reverse(*rank), wheel.build_key()));
            let (_, wheel, file) = best.ok_or_else(|| {
                let why = "has no wheel for this interpreter".to_owned();
                (
                    why,
                    Some("lock for this interpreter as well: slsa-pip lock … -o pylock.NAME.toml"),
                )
            })?;
            (wheel.clone(), file, false)
        }
    };
    let sha256 = file.sha256.ok_or_else(|| {
        let why = format!("has no sha256 of `{}`", file.name);
        (
            why,
            Some("other algorithms are not accepted: write the lock with sha256, as `slsa-pip lock` does"),
        )
    })?;
    Ok(Chosen {
        package,
        file,
        wheel,
        sha256,
        direct,
    })
}
