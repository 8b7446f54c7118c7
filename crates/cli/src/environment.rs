//! The environment variables that slsa-pip reads, in one place. (pip's own `PIP_*` variables are read by pip's own
//! code, in the probe.)

/// The policy file.
pub(crate) const POLICY: &str = "SLSA_PIP_POLICY";
/// A Sigstore trusted root.
pub(crate) const TRUSTED_ROOT: &str = "SLSA_PIP_TRUSTED_ROOT";
/// Base URL of a TUF repository.
pub(crate) const TUF_URL: &str = "SLSA_PIP_TUF_URL";
/// The root metadata to start from there.
pub(crate) const TUF_ROOT: &str = "SLSA_PIP_TUF_ROOT";
/// Base URL of the transparency log.
pub(crate) const REKOR_URL: &str = "SLSA_PIP_REKOR_URL";
/// Base URL of GitHub.
pub(crate) const GITHUB_URL: &str = "SLSA_PIP_GITHUB_URL";
/// Base URL of GitHub's API.
pub(crate) const GITHUB_API_URL: &str = "SLSA_PIP_GITHUB_API_URL";
/// The interpreter to install for.
pub(crate) const PYTHON: &str = "SLSA_PIP_PYTHON";
/// The kinds of places that are asked for provenance.
pub(crate) const EVIDENCE: &str = "SLSA_PIP_EVIDENCE";
/// Longest search for one file's provenance.
pub(crate) const SEARCH_TIMEOUT: &str = "SLSA_PIP_SEARCH_TIMEOUT";
/// No network.
pub(crate) const OFFLINE: &str = "SLSA_PIP_OFFLINE";
/// The file that GitHub Actions shows as the summary of a job.
pub(crate) const GITHUB_STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// The cache folder.
pub(crate) const CACHE_DIR: &str = "SLSA_PIP_CACHE_DIR";
/// A token for GitHub's API, as `gh` and Actions name it.
pub(crate) const GITHUB_TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];
