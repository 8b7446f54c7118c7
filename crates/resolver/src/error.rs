//! Why there is no resolution.

use slsa_pip_distribution::PackageName;

use crate::source::SourceError;

/// Why there is no resolution.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The requirements contradict each other, or what exists.
    #[error("no set of versions satisfies all requirements\n\n{explanation}")]
    Unsatisfiable {
        /// The derivation in plain words, several lines.
        explanation: String,
        /// The projects of which a release stands in the way that the source has ruled out or excluded, sorted.
        ruled_out: Vec<PackageName>,
    },
    /// No index has the project.
    #[error("the project `{name}` was not found{}", required(.required_by))]
    NotFound {
        /// Project.
        name: PackageName,
        /// The projects whose metadata names it, sorted; empty if the user did.
        required_by: Vec<PackageName>,
    },
    /// All fitting releases are source distributions, which are not installed: building runs unverified code.
    #[error("`{name}`{} has only source distributions where a wheel is needed\n\n{explanation}", required(.required_by))]
    OnlySdists {
        /// Project.
        name: PackageName,
        /// The projects whose metadata names it, sorted; empty if the user did.
        required_by: Vec<PackageName>,
        /// The derivation in plain words, several lines.
        explanation: String,
    },
    /// A requirement names a file by URL or path that cannot be used.
    #[error("`{requirement}` cannot be used: {reason}")]
    DirectUrl {
        /// Project.
        name: PackageName,
        /// The requirement, without credentials.
        requirement: String,
        /// What is wrong with it.
        reason: String,
    },
    /// `--no-binary` names a project that can be had in no other way than as a wheel.
    #[error("`{name}`{} cannot be installed: `--no-binary` excludes its wheels, and source distributions are never built", required(.required_by))]
    WheelsExcluded {
        /// Project.
        name: PackageName,
        /// The projects whose metadata names it, sorted; empty if the user did.
        required_by: Vec<PackageName>,
    },
    /// `--uploaded-prior-to` cannot be obeyed, since the index tells no times.
    #[error(
        "the index does not say when `{filename}` of `{name}` was uploaded, so `--uploaded-prior-to` cannot be obeyed"
    )]
    UploadTimeMissing {
        /// Project.
        name: PackageName,
        /// A file without a time.
        filename: String,
    },
    /// A constraint that pip refuses too.
    #[error("the constraint `{constraint}` has extras: constraints may only name a project and its versions")]
    ConstraintExtras {
        /// The constraint as written.
        constraint: String,
    },
    /// With hashes required, these projects have none.
    #[error("hashes are required for every package, but {} none; add `name==version --hash=sha256:…` for each", listed(.names, "has", "have"))]
    HashMissing {
        /// Projects, sorted.
        names: Vec<PackageName>,
    },
    /// With hashes required, these projects are not pinned.
    #[error("hashes are required, so every package must be pinned with `==`, but {} not", listed(.names, "is", "are"))]
    NotPinned {
        /// Projects, sorted.
        names: Vec<PackageName>,
    },
    /// The source failed on a project's page or a file's metadata.
    #[error("cannot read {what} of `{name}`: {source}")]
    Source {
        /// Project.
        name: PackageName,
        /// `the index page`, or `the metadata of <file name>`.
        what: String,
        /// The source's error.
        source: SourceError,
    },
    /// A budget against hostile or hopeless input was used up.
    #[error("the resolution was given up after {limit} {what}; pin more versions to narrow it")]
    Budget {
        /// What was counted.
        what: &'static str,
        /// How many were allowed.
        limit: usize,
    },
    /// The solver ended without an answer, which is a defect of this program.
    #[error("the solver stopped without an answer: {0}")]
    Internal(String),
}

fn required(by: &[PackageName]) -> String {
    if by.is_empty() {
        return String::new();
    }
    format!(" (required by {})", join(by))
}

fn listed(names: &[PackageName], one: &str, many: &str) -> String {
    format!("{} {}", join(names), if names.len() == 1 { one } else { many })
}

fn join(names: &[PackageName]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
