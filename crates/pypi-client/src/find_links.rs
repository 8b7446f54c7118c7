//! Places beside the indexes (pip's `--find-links`): local directories of wheels and sdists, single files, and HTML pages of
//! links, local or not.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use slsa_pip_distribution::{DistributionFilename, PackageName};
use slsa_pip_http::{Caching, Get, redact};
use tokio::io::AsyncReadExt as _;
use tokio::sync::OnceCell;
use url::Url;

use crate::budget::MAX_KEPT;
use crate::client::IndexClient;
use crate::error::IndexError;
use crate::lookup::ACCEPT;
use crate::page::{self, MAX_FILES, MAX_PAGE_SIZE, Reading};
use crate::types::{About, IndexFile, Project, Skipped};

/// One place.
#[derive(Debug)]
pub(crate) enum Location {
    /// A path: of a directory, an HTML page, or a single file. What it is, and whether it exists, is seen when it is read.
    Path(PathBuf),
    /// An http or https URL: of a single file if its name is that of an archive, else of a page, which is fetched once.
    Url {
        url: Url,
        page: OnceCell<Result<Arc<Page>, IndexError>>,
    },
}

/// A page of links, which may be about many projects.
#[derive(Debug)]
pub(crate) struct Page {
    body: Bytes,
    content_type: String,
    found: Url,
}

/// The place that a path or URL means. Credentials stay with the client.
pub(crate) fn location(text: &str, http: &slsa_pip_http::Client) -> Result<Location, IndexError> {
    let refuse = |shown: String| IndexError::FindLinks { location: shown };
    match Url::parse(text) {
        Ok(url) if url.scheme() == "file" => url
            .to_file_path()
            .map(Location::Path)
            .map_err(|()| refuse(text.to_owned())),
        Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
            http.remember_credentials(&url);
            url.set_fragment(None);
            let cleared = url.set_username("").is_ok() && url.set_password(None).is_ok();
            if !cleared {
                return Err(refuse(redact(&url)));
            }
            Ok(Location::Url {
                url,
                page: OnceCell::new(),
            })
        }
        // One letter is a drive, not a scheme.
        Ok(url) if url.scheme().len() > 1 => Err(refuse(redact(&url))),
        _ => Ok(Location::Path(PathBuf::from(text))),
    }
}

impl Location {
    /// Where it is, without secrets.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Url { url, .. } => redact(url),
        }
    }
}

impl IndexClient {
    /// The files of a project in all these places, or `None` if there are none.
    pub(crate) async fn linked_files(&self, name: &PackageName) -> Result<Option<Project>, IndexError> {
        let mut found: Option<Project> = None;
        for location in &self.find_links {
            let project = match location {
                Location::Path(path) => of_path(path, name, self.reading()).await?,
                Location::Url { url, .. } if is_archive(url) => Some(single(url, url, name)?),
                Location::Url { url, page } => {
                    let page = page.get_or_init(async || self.fetch_page(url).await).await.clone()?;
                    Some(page.read(url, name, self.reading())?)
                }
            };
            let Some(project) = project else { continue };
            match &mut found {
                None => found = Some(project),
                Some(found) => {
                    found.files.extend(project.files);
                    found.skipped.extend(project.skipped);
                }
            }
        }
        Ok(found.filter(|project| !project.files.is_empty()))
    }

    async fn fetch_page(&self, url: &Url) -> Result<Arc<Page>, IndexError> {
        let get = Get::new(url, MAX_PAGE_SIZE)
            .accept(Some(ACCEPT))
            .caching(Caching::Standard);
        let answer = self.http().fetch(&get).await?;
        // As with directories that are not there, which pip passes over.
        if matches!(answer.status, 404 | 410) {
            return Ok(Arc::new(Page {
                body: Bytes::new(),
                content_type: "text/html".to_owned(),
                found: url.clone(),
            }));
        }
        let answer = answer.success()?;
        // It stays for the whole run: there is one for all projects.
        let (taken, size) = (self.budget.begin(), answer.body.len());
        if !taken.take(size) {
            return Err(IndexError::TooMuch {
                what: redact(url),
                limit: MAX_KEPT,
            });
        }
        taken.keep(size);
        Ok(Arc::new(Page {
            content_type: answer.header("content-type").unwrap_or_default().to_owned(),
            found: answer.final_url,
            body: answer.body,
        }))
    }
}

impl Page {
    /// The project's files, and those of its archives that cannot be used; links to other projects' are nobody's fault.
    fn read(&self, index_url: &Url, name: &PackageName, reading: Reading<'_>) -> Result<Project, IndexError> {
        let mut project = page::read(&self.body, &self.content_type, &self.found, index_url, name, reading)?;
        project
            .skipped
            .retain(|skipped| page::is_archive_of(&skipped.filename, name));
        Ok(project)
    }
}

/// The files of a project at a path; nothing if it does not exist.
async fn of_path(path: &Path, name: &PackageName, reading: Reading<'_>) -> Result<Option<Project>, IndexError> {
    let unreadable = |error| IndexError::file(path, error);
    let absolute = std::path::absolute(path).map_err(unreadable)?;
    match tokio::fs::metadata(&absolute).await {
        // As pip does: its configuration often names places that are not on every machine.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(error)),
        Ok(found) if found.is_dir() => of_directory(&absolute, name).await.map(Some),
        Ok(_) => {
            let url = Url::from_file_path(&absolute).map_err(|()| unusable(path))?;
            if !is_html(&absolute) {
                return single(&url, &url, name).map(Some);
            }
            let body = read_local(&absolute).await?;
            let page = Page {
                body,
                content_type: "text/html".to_owned(),
                found: url.clone(),
            };
            page.read(&url, name, reading).map(Some)
        }
    }
}

/// The path of a `file:` URL. [`Url::to_file_path`] alone would give one for `http://localhost/` as well.
pub(crate) fn local_path(url: &Url) -> Option<PathBuf> {
    url.to_file_path().ok().filter(|_| url.scheme() == "file")
}

/// A page of this machine.
pub(crate) async fn read_local(path: &Path) -> Result<Bytes, IndexError> {
    let unreadable = |error| IndexError::file(path, error);
    let mut body = Vec::new();
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let read = file.take(MAX_PAGE_SIZE + 1).read_to_end(&mut body).await;
    if read.map_err(unreadable)? as u64 > MAX_PAGE_SIZE {
        let limit = MAX_PAGE_SIZE;
        let url = path.display().to_string();
        return Err(slsa_pip_http::HttpError::TooLarge { url, limit }.into());
    }
    Ok(body.into())
}

fn unusable(path: &Path) -> IndexError {
    IndexError::FindLinks {
        location: path.display().to_string(),
    }
}

async fn of_directory(directory: &Path, name: &PackageName) -> Result<Project, IndexError> {
    let index_url = Url::from_directory_path(directory).map_err(|()| unusable(directory))?;
    let mut project = empty(name, &index_url);
    for file in names(directory).await? {
        let path = directory.join(&file);
        let url = Url::from_file_path(&path).map_err(|()| unusable(&path))?;
        add(&file, &url, &mut project);
    }
    Ok(project)
}

/// A place that is one file.
fn single(url: &Url, index_url: &Url, name: &PackageName) -> Result<Project, IndexError> {
    let mut project = empty(name, index_url);
    let file = last_segment(url).ok_or_else(|| IndexError::FindLinks { location: redact(url) })?;
    add(&file, url, &mut project);
    Ok(project)
}

/// Adds a file that is one of the project's.
fn add(file: &str, url: &Url, project: &mut Project) {
    match page::check_filename(file, &project.name) {
        Ok(filename) => project.files.push(Arc::new(entry(filename, url, &project.index_url))),
        Err(reason) if page::is_archive_of(file, &project.name) => project.skipped.push(Skipped {
            filename: page::printable(file),
            reason,
        }),
        Err(_) => {}
    }
}

pub(crate) fn last_segment(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    let decoded = percent_encoding::percent_decode_str(last).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

fn is_archive(url: &Url) -> bool {
    last_segment(url).is_some_and(|name| page::is_archive(&name))
}

fn is_html(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("html") || extension.eq_ignore_ascii_case("htm")
}

fn empty(name: &PackageName, index_url: &Url) -> Project {
    Project {
        name: name.clone(),
        index_url: index_url.clone(),
        files: Vec::new(),
        skipped: Vec::new(),
        about: About::default(),
        remarks: Vec::new(),
    }
}

async fn names(directory: &Path) -> Result<Vec<String>, IndexError> {
    let unreadable = |error| IndexError::file(directory, error);
    let mut entries = tokio::fs::read_dir(directory).await.map_err(unreadable)?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
        if names.len() > MAX_FILES {
            return Err(IndexError::TooManyFiles {
                url: directory.display().to_string(),
                limit: MAX_FILES,
            });
        }
    }
    // The order of a directory is chance.
    names.sort_unstable();
    Ok(names)
}

/// A file of which nothing but its name and place is known.
pub(crate) fn entry(filename: DistributionFilename, url: &Url, index_url: &Url) -> IndexFile {
    IndexFile {
        filename,
        url: url.clone(),
        sha256: None,
        requires_python: None,
        yanked: None,
        metadata: None,
        provenance: None,
        size: None,
        upload_time: None,
        index_url: Arc::new(index_url.clone()),
    }
}
