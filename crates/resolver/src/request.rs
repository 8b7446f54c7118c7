//! What is to be resolved, and the result.

use std::collections::BTreeMap;

use pep508_rs::MarkerEnvironment;
use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::{DistributionFilename, PackageName, Requirement, Sha256Digest, SupportedTags, Version};

/// What is to be resolved, and for which interpreter.
#[derive(Debug, Clone)]
pub struct Request {
    /// What the user asked for. Requirements whose marker is false are skipped.
    pub requirements: Vec<Requirement>,
    /// Constraints (`-c`): they narrow versions, and request nothing.
    pub constraints: Vec<Requirement>,
    /// Allowed digests (`--hash`) per project; a project without an entry may have any.
    pub hashes: BTreeMap<PackageName, Vec<Sha256Digest>>,
    /// Whether every project needs allowed digests and an exact pin (`--require-hashes`). Implied by any entry in `hashes`.
    pub require_hashes: bool,
    /// The interpreter's marker values.
    pub env: MarkerEnvironment,
    /// The interpreter's compatible tags.
    pub tags: SupportedTags,
    /// The interpreter's version; only its release numbers are compared with `Requires-Python`, as pip does.
    pub python: Version,
    /// Whether pre-releases are as good as final releases (`--pre`).
    pub pre: bool,
}

/// The chosen files, sorted by project name.
#[derive(Debug, Clone)]
pub struct Resolution<F> {
    /// One per project.
    pub packages: Vec<Resolved<F>>,
    /// What the user should know: releases that were passed over, and why.
    pub notes: Vec<String>,
}

/// One chosen file.
#[derive(Debug, Clone)]
pub struct Resolved<F> {
    /// Project.
    pub name: PackageName,
    /// Version of the file.
    pub version: Version,
    /// Name of the file; always a wheel.
    pub filename: DistributionFilename,
    /// The source's own description.
    pub file: F,
    /// Whether the user named the project.
    pub requested: bool,
    /// The extras that are wanted of it, sorted.
    pub extras: Vec<ExtraName>,
    /// The chosen projects that require it, sorted; itself, if it requires extras of itself, is left out.
    pub required_by: Vec<PackageName>,
    /// All requirements that led to it, as written, sorted.
    pub requirement_texts: Vec<String>,
}
