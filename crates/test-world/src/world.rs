//! The world: one Sigstore, one server, and releases put into both.

use crate::release::{AssetForm, Evidence, Release, Signing};
use crate::server::Requested;
use crate::server::Server;
use crate::server::fault::{Fault, PathFault};
use crate::server::github::Attestation;
use crate::server::index::{Index, IndexFeatures, IndexFile};
use crate::server::pace::Pace;
use crate::sigstore::{Signed, TestSigstore, provenance_object};
use crate::tuf::TufRepository;
use crate::wheel::Wheel;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Chooses what the world's index offers. See [`World::builder`].
#[derive(Debug, Clone)]
pub struct WorldBuilder {
    seed: u64,
    features: IndexFeatures,
    pace: Pace,
}

impl WorldBuilder {
    /// Seed of all keys; 1 unless set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Answers with HTML pages only, whatever is accepted.
    #[must_use]
    pub fn html_only(mut self) -> Self {
        self.features.json = false;
        self
    }

    /// Neither announces nor serves METADATA files.
    #[must_use]
    pub fn without_metadata_files(mut self) -> Self {
        self.features.metadata = false;
        self
    }

    /// Announces no provenance URLs on its pages; the integrity API still answers.
    #[must_use]
    pub fn without_provenance_links(mut self) -> Self {
        self.features.provenance_links = false;
        self
    }

    /// Answers 403 to every question to the integrity API.
    #[must_use]
    pub fn without_integrity_api(mut self) -> Self {
        self.features.integrity_api = false;
        self
    }

    /// Lets every answer take this long, as if the servers were elsewhere. Many requests can wait at the same time.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.pace.latency = latency;
        self
    }

    /// Lets the index say how long its answers may be kept (`Cache-Control`), as public ones do.
    #[must_use]
    pub fn cacheable(mut self) -> Self {
        self.pace.cacheable = true;
        self
    }

    /// Starts the world from synchronous code.
    ///
    /// # Errors
    /// No port, thread or temporary directory to be had.
    pub fn start_blocking(self) -> io::Result<World> {
        let sigstore = TestSigstore::new(self.seed);
        let directory = tempfile::tempdir()?;
        let trusted_root_path = directory.path().join("trusted_root.json");
        std::fs::write(&trusted_root_path, sigstore.trusted_root_json())?;
        let server = Server::start(sigstore.clone(), Index::new(self.features), self.pace)?;
        let base_url = server.shared.base_url.clone();
        Ok(World {
            base_url,
            sigstore,
            trusted_root_path,
            directory,
            server,
        })
    }

    /// Starts the world from asynchronous code. It runs on a thread of its own all the same, and is ready when this returns.
    ///
    /// # Errors
    /// No port, thread or temporary directory to be had.
    #[allow(clippy::unused_async, reason = "callers need not know that nothing is awaited")]
    pub async fn start(self) -> io::Result<World> {
        self.start_blocking()
    }
}

/// A running world on 127.0.0.1. Dropping it stops the server and removes its directory.
pub struct World {
    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub base_url: String,
    /// Signs everything.
    pub sigstore: TestSigstore,
    trusted_root_path: PathBuf,
    directory: TempDir,
    server: Server,
}

impl World {
    /// A world whose index offers everything.
    pub fn builder() -> WorldBuilder {
        let features = IndexFeatures {
            json: true,
            metadata: true,
            provenance_links: true,
            integrity_api: true,
        };
        WorldBuilder {
            seed: 1,
            features,
            pace: Pace::default(),
        }
    }

    /// The default world, from asynchronous code.
    ///
    /// # Errors
    /// No port, thread or temporary directory to be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// The default world, from synchronous code.
    ///
    /// # Errors
    /// No port, thread or temporary directory to be had.
    pub fn start_blocking() -> io::Result<Self> {
        Self::builder().start_blocking()
    }

    /// For `--index-url`.
    pub fn index_url(&self) -> String {
        format!("{}/simple/", self.base_url)
    }

    /// For `--github-url`.
    pub fn github_url(&self) -> String {
        format!("{}/github", self.base_url)
    }

    /// For `--github-api-url`.
    pub fn github_api_url(&self) -> String {
        format!("{}/github-api", self.base_url)
    }

    /// For `--rekor-url`.
    pub fn rekor_url(&self) -> String {
        format!("{}/rekor", self.base_url)
    }

    /// Serves a TUF repository as it is now, in place of an earlier one of the same name; for `--tuf-url`.
    pub fn serve_tuf(&self, name: &str, repository: &TufRepository) -> String {
        self.server.shared.contents().tuf.serve(name, repository);
        format!("{}/tuf/{name}", self.base_url)
    }

    /// For `--trusted-root`: the `trusted_root.json` of [`World::sigstore`].
    pub fn trusted_root_path(&self) -> &Path {
        &self.trusted_root_path
    }

    /// A directory of the world's own for policy files and the like.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file into [`World::directory`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// Every request so far, in the order of answers.
    pub fn requests(&self) -> Vec<Requested> {
        self.server.shared.contents().requests.clone()
    }

    /// How many requests so far had a path that contains `text`.
    pub fn request_count(&self, text: &str) -> usize {
        self.server
            .shared
            .contents()
            .requests
            .iter()
            .filter(|request| request.path.contains(text))
            .count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.server.shared.contents().requests.clear();
    }

    /// Lets every request fail whose path contains `path`, such as `/files/` or `/rekor/`. Earlier faults win over later ones.
    pub fn fault(&self, path: &str, fault: Fault) {
        self.add_fault(path, fault, None);
    }

    /// Like [`World::fault`], for the next `times` requests only.
    pub fn fault_times(&self, path: &str, fault: Fault, times: u32) {
        self.add_fault(path, fault, Some(times));
    }

    fn add_fault(&self, path: &str, fault: Fault, remaining: Option<u32>) {
        let fault = PathFault {
            path_contains: path.to_owned(),
            fault,
            remaining,
        };
        self.server.shared.contents().faults.push(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.server.shared.contents().faults.clear();
    }

    /// Lets the index's JSON API say this as `info` of a project in a version, instead of what its METADATA says.
    pub fn describe(&self, project: &str, version: &str, info: Value) {
        let key = (project.to_owned(), version.to_owned());
        self.server.shared.contents().index.described.insert(key, info);
    }

    /// Renames a repository, `owner/name`: what is asked for under its old name is redirected to the new one, as GitHub does it
    /// until somebody else takes the old name.
    pub fn rename_repository(&self, old: &str, new: &str) {
        self.server.shared.contents().github.rename(old, new);
    }

    /// Signs the release's evidence and puts everything in its place; what was signed, in the order of the evidence.
    pub fn publish(&self, release: Release) -> Vec<Signed> {
        let wheel = &release.wheel;
        let mut provenance: Option<Value> = None;
        let mut signed = Vec::new();
        for evidence in &release.evidence {
            match evidence {
                Evidence::Pep740(signing) => {
                    let own = self.sign(wheel, signing);
                    provenance = Some(merge(provenance, provenance_object(&[&own])));
                    signed.push(own);
                }
                Evidence::RawProvenance(object) => provenance = Some(object.clone()),
                Evidence::GithubRelease {
                    repository,
                    tag,
                    asset,
                    form,
                    signing,
                } => {
                    let own = self.sign(wheel, signing);
                    self.server
                        .shared
                        .contents()
                        .github
                        .add_line(repository, tag, asset, &line(&own, *form));
                    signed.push(own);
                }
                Evidence::RawAsset {
                    repository,
                    tag,
                    asset,
                    line,
                } => {
                    self.server
                        .shared
                        .contents()
                        .github
                        .add_line(repository, tag, asset, line);
                }
                Evidence::RawAttestation {
                    repository,
                    delivery,
                    bundle,
                    count,
                } => {
                    for _ in 0..*count {
                        let attestation = Attestation {
                            bundle: bundle.clone(),
                            delivery: *delivery,
                        };
                        let mut contents = self.server.shared.contents();
                        contents
                            .github
                            .add_attestation(repository, &wheel.sha256(), attestation);
                    }
                }
                Evidence::GithubAttestation {
                    repository,
                    delivery,
                    signing,
                } => {
                    let own = self.sign(wheel, signing);
                    let attestation = Attestation {
                        bundle: own.bundle_v03(),
                        delivery: *delivery,
                    };
                    let mut contents = self.server.shared.contents();
                    contents
                        .github
                        .add_attestation(repository, &wheel.sha256(), attestation);
                    signed.push(own);
                }
            }
        }
        let file = index_file(release, provenance);
        self.server
            .shared
            .contents()
            .index
            .files
            .insert(file.filename.clone(), file);
        signed
    }

    /// Signs one piece of evidence for `wheel` without publishing it. The log has it all the same.
    pub fn sign(&self, wheel: &Wheel, signing: &Signing) -> Signed {
        self.sigstore
            .sign_statement(&signing.identity, &signing.statement_for(wheel), signing.options)
    }
}

/// A signature as a line of a release asset.
fn line(signed: &Signed, form: AssetForm) -> String {
    match form {
        AssetForm::Classic => signed.classic_envelope(true),
        AssetForm::ClassicWithoutCertificate => signed.classic_envelope(false),
        AssetForm::BundleV03 => signed.bundle_v03().to_string(),
        AssetForm::BundleV02 => signed.bundle_v02().to_string(),
    }
}

/// One provenance object with the bundles of both.
fn merge(first: Option<Value>, second: Value) -> Value {
    let Some(first) = first else { return second };
    let bundles = |object: &Value| {
        object
            .get("attestation_bundles")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let all: Vec<_> = bundles(&first).into_iter().chain(bundles(&second)).collect();
    json!({"version": 1, "attestation_bundles": all})
}

fn index_file(release: Release, provenance: Option<Value>) -> IndexFile {
    let Release {
        wheel,
        yanked,
        uploaded,
        faults,
        ..
    } = release;
    let project_urls = urls_of(&wheel.metadata);
    let project = wheel.normalized_name();
    let bytes = faults.served_bytes.unwrap_or(wheel.bytes);
    let digest = faults
        .announced_sha256
        .unwrap_or_else(|| crate::encoding::sha256_hex(&bytes));
    IndexFile {
        project,
        version: wheel.version,
        filename: wheel.filename,
        announced_sha256: (!faults.no_announced_digest).then_some(digest),
        bytes,
        metadata: wheel.metadata,
        project_urls,
        requires_python: wheel.requires_python,
        yanked,
        uploaded,
        provenance,
    }
}

/// The project URLs of METADATA.
fn urls_of(metadata: &str) -> Vec<(String, String)> {
    metadata
        .lines()
        .filter_map(|line| line.strip_prefix("Project-URL: ")?.split_once(", "))
        .map(|(label, url)| (label.to_owned(), url.to_owned()))
        .collect()
}
