//! What a run has found out, in one value; people and machines see the same.

pub(crate) mod exemptions;
pub(crate) mod exports;
pub(crate) mod human;
pub(crate) mod inspection;
pub(crate) mod installation;
pub(crate) mod json;
pub(crate) mod signature;
pub(crate) mod table;

use std::path::PathBuf;

use serde::{Serialize, Serializer};
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::SourceKind;
use slsa_pip_verify::{Basis, Code, Refusal};

use crate::report::exemptions::Exemptions;
use crate::report::table::Standing;
use crate::timings::Shown;
use crate::wheel_inspection::WheelReport;

/// The schema's name in every JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/report/v1";

/// Names and values in an order for people; an object in JSON.
#[derive(Debug)]
pub(crate) struct Fields(pub(crate) Vec<(&'static str, String)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The verdict on a file, or on the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// Every rule has passed.
    Verified,
    /// At least one rule has not, and the policy's `mode = "warn"` lets it pass. Of a run: some file has that verdict, and none was
    /// refused.
    Tolerated,
    /// At least one rule has not.
    Refused,
    /// Of a run: there was no file to judge, since all that is wanted is installed already, whatever it is.
    NothingToVerify,
}

/// The result of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Always [`SCHEMA`].
    pub(crate) schema: &'static str,
    /// The command's name.
    pub(crate) command: &'static str,
    /// Refused, if any file was. It says nothing of what is `satisfied`.
    pub(crate) verdict: Verdict,
    /// Whether pip has installed the files.
    pub(crate) installed: bool,
    /// Where the trusted root came from; `None` if none was needed.
    pub(crate) trusted_root: Option<String>,
    /// The policy files that hold: the project's, the user-wide one, those that are imported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) policy_files: Vec<String>,
    /// One per file, by name.
    pub(crate) files: Vec<FileReport>,
    /// What was installed before and satisfies the requirements, so that it was left alone; by name.
    pub(crate) satisfied: Vec<SatisfiedReport>,
    /// What became of the policy's exemptions (not of `verify`, which takes none).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exemptions: Option<Exemptions>,
    /// Newer releases that policy does not take, so that older ones were (`--resolve-policy=satisfying`), with what was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) passed_over: Vec<FileReport>,
    /// Remarks that change no verdict.
    pub(crate) notes: Vec<String>,
    /// How long the stages took (not of `verify`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timings: Option<Shown>,
    /// HTTP requests made, repetitions, redirects and revalidations included.
    pub(crate) requests: u64,
    /// Answers and files that the cache gave without a request.
    pub(crate) cached: u64,
    /// Answers that the cache gave after a server had confirmed them; each is among the requests.
    pub(crate) revalidated: u64,
}

/// The result for one file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FileReport {
    /// File name.
    pub(crate) name: String,
    /// Project, where known.
    pub(crate) package: Option<String>,
    /// Version, where known.
    pub(crate) version: Option<String>,
    /// Digest of the bytes that were judged; absent where they could not be had.
    pub(crate) sha256: Option<Sha256Digest>,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// What an accepted file rests on.
    pub(crate) standing: Standing,
    /// What it was accepted for.
    pub(crate) evidence: Option<Basis>,
    /// What it was refused for, also where that was tolerated; on a verified file, empty.
    pub(crate) refusals: Vec<Refusal>,
    /// Every place that was asked for evidence.
    pub(crate) searched: Vec<Searched>,
    /// The projects that require it; empty if the user named it alone.
    pub(crate) required_by: Vec<String>,
    /// Where it came from, without credentials, if there was more than one place: the index, the folder or page of links, or
    /// the file's own URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    /// The repository that unsigned metadata names, and where.
    pub(crate) declared_repository: Option<String>,
    /// Whether it may name one for all that is known: it could not be asked.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) declared_unknown: bool,
    /// The path, or the digest, as it was typed (`verify` only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// What the wheel holds (`install`, `download` and `resolve` only, and only of what was accepted).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wheel: Option<WheelReport>,
    /// The verified statement (`verify --print-provenance` only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provenance: Option<serde_json::Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// An installed distribution that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SatisfiedReport {
    /// Project.
    pub(crate) package: String,
    /// The installed version.
    pub(crate) version: String,
    /// The folder that it is installed in, where known.
    pub(crate) location: Option<PathBuf>,
    /// What it satisfies, as written.
    pub(crate) requirements: Vec<String>,
    /// The projects that require it; empty if the user named it alone.
    pub(crate) required_by: Vec<String>,
    /// Always `false`: nothing is known of where it came from.
    pub(crate) verified: bool,
}

/// One place that was asked for evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Searched {
    /// The kind of place.
    pub(crate) place: SourceKind,
    /// A path, or a URL without secrets.
    pub(crate) location: String,
    /// Whether the place could be asked, and had something.
    pub(crate) outcome: Outcome,
    /// What came back, in a few words.
    pub(crate) answer: String,
}

/// What became of asking a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It had something that could be read.
    Found,
    /// It has nothing.
    None,
    /// It had something that cannot be read.
    Unreadable,
    /// It had something that did not verify.
    Refused,
    /// It refuses to tell.
    Forbidden,
    /// It has been asked too often, and answers again later.
    RateLimited,
    /// It did not answer in time.
    TimedOut,
    /// It did not answer, so that nobody knows.
    Failed,
    /// It was not asked.
    NotAsked,
}

impl Report {
    /// The report of a finished run; the verdict follows from the files.
    pub(crate) fn new(command: &'static str, trusted_root: Option<String>, mut files: Vec<FileReport>) -> Self {
        files.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        let has = |verdict| files.iter().any(|file| file.verdict == verdict);
        let verdict = match files.as_slice() {
            [] => Verdict::Refused,
            _ if files.iter().all(|file| file.verdict == Verdict::Verified) => Verdict::Verified,
            _ if has(Verdict::Refused) || !has(Verdict::Tolerated) => Verdict::Refused,
            _ => Verdict::Tolerated,
        };
        Self {
            schema: SCHEMA,
            command,
            verdict,
            installed: false,
            trusted_root,
            policy_files: Vec::new(),
            files,
            satisfied: Vec::new(),
            exemptions: None,
            passed_over: Vec::new(),
            notes: Vec::new(),
            timings: None,
            requests: 0,
            cached: 0,
            revalidated: 0,
        }
    }
}

impl SatisfiedReport {
    /// What pip says of it.
    pub(crate) fn line(&self) -> String {
        let wanted = self.requirements.first().unwrap_or(&self.package);
        let place = self.location.as_ref();
        let place = place.map_or_else(String::new, |place| format!(" in {}", place.display()));
        let by = match self.required_by.as_slice() {
            [] => String::new(),
            by => format!(" (from {})", by.join(", ")),
        };
        format!("Requirement already satisfied: {wanted}{place}{by} ({})", self.version)
    }
}

impl FileReport {
    /// Whether the file was refused because there is nothing that could have been verified.
    pub(crate) fn lacks_evidence(&self) -> bool {
        !self.refusals.is_empty() && self.refusals.iter().all(|refusal| refusal.code == Code::NoEvidence)
    }

    /// Whether some place did not answer, so that asking again may help.
    pub(crate) fn may_be_found_later(&self) -> bool {
        self.unanswered().next().is_some()
    }

    /// The places that did not answer, or not in full.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = &Searched> {
        self.searched.iter().filter(|place| match place.outcome {
            Outcome::RateLimited | Outcome::TimedOut | Outcome::Failed => true,
            // GitHub may tell with a token; an index that has switched provenance off has said all it will.
            Outcome::Forbidden => place.place != SourceKind::IndexIntegrity,
            _ => false,
        })
    }

    /// Whether what was asked, and what came back, explains a refusal: nothing was found, or the log had nothing to say.
    pub(crate) fn is_explained_by_search(&self) -> bool {
        self.refusals.iter().any(|refusal| refusal.code.is_absence())
            || self
                .refusals
                .iter()
                .any(|refusal| refusal.code == Code::LogEntryMissing)
    }

    /// The lines of policy that would let this very file pass without provenance.
    pub(crate) fn exemption_lines(&self) -> Option<String> {
        let reason = if self.may_be_found_later() {
            "provenance could not be looked up everywhere; reviewed by …"
        } else {
            "no provenance published; reviewed by …"
        };
        let (package, version, sha256) = (self.package.as_deref()?, self.version.as_deref()?, self.sha256?);
        Some(format!(
            "[exemptions.{package}]\nversions = \"=={version}\"\nsha256 = [\"{sha256}\"]\nreason = \"{reason}\""
        ))
    }
}
