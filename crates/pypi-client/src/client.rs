//! The client.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use slsa_pip_distribution::{CoreMetadata, PackageName, Sha256Digest, SupportedTags};
use slsa_pip_http::{Client, redact, with_room};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use url::{Origin, Url};

use crate::budget::Budget;
use crate::error::IndexError;
use crate::find_links::{self, Location};
use crate::page::Reading;
use crate::types::{IndexFile, IndexStrategy, Project, ProjectStatus, StagedDownload};

type IndexOf = dyn Fn(&PackageName) -> Option<Url> + Send + Sync;

/// Which index a project is assigned to.
struct Assignment(Box<IndexOf>);

impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Assignment")
    }
}

type Page = Arc<OnceCell<Result<Arc<Project>, IndexError>>>;

/// A client of one or more indexes and of directories with wheels. Every page, and the metadata of every file, is fetched
/// once in its life.
#[derive(Debug)]
pub struct IndexClient {
    pub(crate) http: Client,
    pub(crate) indexes: Vec<Url>,
    pub(crate) strategy: IndexStrategy,
    /// Which index a project is assigned to, if it is assigned to one.
    assignment: Option<Assignment>,
    /// The indexes that projects without an assignment may come from; `None`: all.
    pub(crate) open: Option<Vec<Url>>,
    pub(crate) find_links: Vec<Location>,
    /// The tags of the interpreter.
    pub(crate) tags: Option<SupportedTags>,
    pub(crate) budget: Budget,
    pages: Mutex<HashMap<PackageName, Page>>,
    /// Metadata by the URL and the name of its file.
    pub(crate) metadata: Mutex<HashMap<(Url, String), Arc<CoreMetadata>>>,
    /// Wheels that were fetched for their metadata, by URL; `download` takes them from here.
    pub(crate) kept: Mutex<HashMap<Url, StagedDownload>>,
    /// How many of them there were, for their names.
    pub(crate) fetched_whole: AtomicU64,
    /// How many releases of a project were asked for the METADATA in their wheels.
    pub(crate) tried: Mutex<HashMap<PackageName, u32>>,
    /// Servers that serve no ranges.
    pub(crate) rangeless: Mutex<HashSet<Origin>>,
    /// Digests of the bytes that came from each URL.
    pub(crate) digests: Mutex<HashMap<Url, Sha256Digest>>,
    /// Where those are: private (0700), removed with the client.
    scratch: OnceCell<TempDir>,
}

impl IndexClient {
    /// A client of these indexes, in this order; one with a `file:` URL is a folder of `NAME/index.html`. User names and passwords in their URLs are used for their own origin only
    /// and shown nowhere.
    ///
    /// `find_links` are paths, `file:`, http or https URLs: of local directories that hold wheels and sdists directly, of HTML
    /// pages of links, or of single files.
    ///
    /// # Errors
    /// [`IndexError::FindLinks`] for anything else; an index that is no http, https or `file:` URL.
    pub fn new(http: Client, indexes: Vec<Url>, find_links: &[String]) -> Result<Self, IndexError> {
        let mut clean = Vec::with_capacity(indexes.len());
        for index in indexes {
            http.remember_credentials(&index);
            clean.push(without_secrets(index)?);
        }
        let find_links = find_links.iter().map(|text| find_links::location(text, &http));
        Ok(Self {
            find_links: find_links.collect::<Result<_, _>>()?,
            http,
            indexes: clean,
            strategy: IndexStrategy::default(),
            assignment: None,
            open: None,
            tags: None,
            budget: Budget::default(),
            pages: Mutex::default(),
            metadata: Mutex::default(),
            kept: Mutex::default(),
            tried: Mutex::default(),
            rangeless: Mutex::default(),
            fetched_whole: AtomicU64::new(0),
            digests: Mutex::default(),
            scratch: OnceCell::new(),
        })
    }

    /// Takes projects that several indexes have from the ones that this strategy says.
    #[must_use]
    pub fn with_strategy(mut self, strategy: IndexStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Keeps of each page what an interpreter with these tags can use, and of every other release what shows that there is one.
    /// Without it everything is kept, up to twenty times as much.
    #[must_use]
    pub fn with_tags(mut self, tags: SupportedTags) -> Self {
        self.tags = Some(tags);
        self
    }

    /// Takes each project for which this names an index from there alone: neither other indexes nor find-links are asked for it.
    /// The index is looked for among the configured ones when the project is, by its URL without login; a `/` at its end means
    /// nothing. Where no index is configured at all, find-links of this machine may have the project, and none elsewhere.
    #[must_use]
    pub fn with_assignment(mut self, assigned: impl Fn(&PackageName) -> Option<Url> + Send + Sync + 'static) -> Self {
        self.assignment = Some(Assignment(Box::new(assigned)));
        self
    }

    /// Takes projects that are assigned to no index from these alone, of the configured ones; the others are asked only for what
    /// is assigned to them.
    ///
    /// # Errors
    /// An index that is no http, https or `file:` URL.
    pub fn with_open(mut self, indexes: impl IntoIterator<Item = Url>) -> Result<Self, IndexError> {
        self.open = Some(indexes.into_iter().map(without_secrets).collect::<Result<_, _>>()?);
        Ok(self)
    }

    /// The index that a project is assigned to.
    ///
    /// # Errors
    /// An index that is no http, https or `file:` URL.
    pub(crate) fn assigned(&self, name: &PackageName) -> Result<Option<Url>, IndexError> {
        let index = self.assignment.as_ref().and_then(|Assignment(of)| of(name));
        index.map(without_secrets).transpose()
    }

    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading {
            tags: self.tags.as_ref(),
            budget: &self.budget,
        }
    }

    /// The HTTP client.
    #[must_use]
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// The indexes, without credentials.
    #[must_use]
    pub fn indexes(&self) -> &[Url] {
        &self.indexes
    }

    /// The project's page: of the index that it is assigned to, else of the first index that has it, or of all, as the strategy
    /// says. Files of find-links come first, but for assigned projects. Of a project that its index has quarantined (PEP 792) no
    /// file there can be used, and no later index is asked for it.
    ///
    /// Pages come from the HTTP client's cache where their servers allow it.
    ///
    /// # Errors
    /// [`IndexError::NotFound`] if every index that may be asked answers 404. Any other failure ends the search: asking the next
    /// index instead would let an outage decide where a project comes from. [`IndexError::NotConfigured`] if the project is
    /// assigned to an index that is not configured.
    pub async fn project(&self, name: &PackageName) -> Result<Arc<Project>, IndexError> {
        let page = {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(pages.entry(name.clone()).or_default())
        };
        page.get_or_init(async || Box::pin(with_room(self.look_up(name))).await.map(Arc::new))
            .await
            .clone()
    }

    /// What a report should say about a project that was looked up before; nothing otherwise. See [`Project::remarks`].
    #[must_use]
    pub fn remarks(&self, name: &PackageName) -> Vec<String> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        match pages.get(name).and_then(|page| page.get()) {
            Some(Ok(project)) => project.remarks.clone(),
            _ => Vec::new(),
        }
    }

    /// The same of every project that was looked up and that its index has quarantined, sorted: it may be why others cannot be had.
    #[must_use]
    pub fn quarantined(&self) -> Vec<String> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let projects = pages.values().filter_map(|page| page.get()?.as_ref().ok());
        let mut remarks: Vec<String> = projects
            .filter(|project| project.about.status == ProjectStatus::Quarantined)
            .flat_map(|project| project.remarks.clone())
            .collect();
        remarks.sort_unstable();
        remarks
    }

    /// Remembers the digest of the bytes that came from a URL.
    ///
    /// # Errors
    /// [`IndexError::DigestMismatch`] if other bytes came from it before: one of the two answers was meant for someone else.
    pub(crate) fn same_as_before(&self, file: &IndexFile, computed: Sha256Digest) -> Result<(), IndexError> {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = *digests.entry(file.url.clone()).or_insert(computed);
        if expected == computed {
            return Ok(());
        }
        Err(IndexError::DigestMismatch {
            file: file.filename.to_string(),
            expected,
            computed,
        })
    }

    pub(crate) async fn scratch(&self) -> Result<&std::path::Path, IndexError> {
        let made = self.scratch.get_or_try_init(async || private_folder()).await;
        made.map(TempDir::path)
            .map_err(|error| IndexError::file(std::env::temp_dir(), error))
    }
}

/// A new folder for temporary files that no other user may enter; left to the umask, others could read it.
fn private_folder() -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("slsa-pip-index-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}

/// The index URL without credentials, query and fragment, ending in `/`.
fn without_secrets(mut index: Url) -> Result<Url, IndexError> {
    let remote = matches!(index.scheme(), "http" | "https") && index.host().is_some();
    if !remote && find_links::local_path(&index).is_none() {
        return Err(slsa_pip_http::HttpError::Scheme { url: redact(&index) }.into());
    }
    // These fail only for URLs without a host.
    let _ = index.set_username("");
    let _ = index.set_password(None);
    index.set_query(None);
    index.set_fragment(None);
    if !index.path().ends_with('/') {
        let path = format!("{}/", index.path());
        index.set_path(&path);
    }
    Ok(index)
}
