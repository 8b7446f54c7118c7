//! The result.

use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::{DistributionFilename, PackageName, Version};

/// The chosen files, and what stays as it is; each sorted by project name, no project in both.
#[derive(Debug, Clone)]
pub struct Resolution<F> {
    /// To be fetched: one file per project.
    pub packages: Vec<Resolved<F>>,
    /// Installed distributions that satisfy what is required of them. Nothing is known about where they came from.
    pub satisfied: Vec<Satisfied>,
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
    /// Whether the file was named by its URL or path, not chosen from an index.
    pub direct: bool,
    /// Whether the user named the project.
    pub requested: bool,
    /// The extras that are wanted of it, sorted.
    pub extras: Vec<ExtraName>,
    /// The chosen projects that require it, sorted; itself, if it requires extras of itself, is left out.
    pub required_by: Vec<PackageName>,
    /// All requirements that led to it, as written, sorted.
    pub requirement_texts: Vec<String>,
    /// The same with who wrote them: the user first, then by project.
    pub why: Vec<Why>,
    /// What it requires itself, here and with these extras, as written, in its metadata's order.
    pub requires: Vec<String>,
}

/// An installed distribution that stays.
#[derive(Debug, Clone)]
pub struct Satisfied {
    /// Project.
    pub name: PackageName,
    /// The installed version.
    pub version: Version,
    /// Whether the user named the project.
    pub requested: bool,
    /// The extras that are wanted of it, sorted.
    pub extras: Vec<ExtraName>,
    /// The projects that require it, sorted.
    pub required_by: Vec<PackageName>,
    /// All requirements that led to it, with who wrote them: the user first, then by project.
    pub why: Vec<Why>,
    /// What it requires itself, here and with these extras, as written.
    pub requires: Vec<String>,
}

/// One requirement that led to a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// The project whose metadata says so; `None` if it was the user.
    pub by: Option<PackageName>,
    /// The requirement as written, without credentials.
    pub requirement: String,
}
