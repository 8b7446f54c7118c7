//! Which index a project is taken from.

use std::io::ErrorKind;
use std::path::Path;

use slsa_pip_distribution::PackageName;
use slsa_pip_http::{Caching, Get, redact};
use url::Url;

use crate::client::IndexClient;
use crate::error::IndexError;
use crate::find_links::{Location, local_path, read_local};
use crate::page;
use crate::types::{About, IndexStrategy, Project, ProjectStatus, SkipReason, Skipped};

/// What is asked for, best first (PEP 691).
pub(crate) const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

impl IndexClient {
    pub(crate) async fn look_up(&self, name: &PackageName) -> Result<Project, IndexError> {
        let assigned = self.assigned(name)?;
        if let Some(index) = assigned.as_ref().filter(|_| !self.indexes.is_empty()) {
            return self.of_assigned(name, index).await;
        }
        let mut found = self.linked_files(name).await?;
        if assigned.is_some() {
            // Only what lies here: a page elsewhere must not stand in for the index.
            found = found.and_then(on_this_machine);
        }
        let mut having = Vec::new();
        let is_open = |index: &&Url| self.open.as_ref().is_none_or(|open| open.contains(index));
        for index in self.indexes.iter().filter(is_open) {
            let Some(page) = self.of_index(index, name).await? else {
                continue;
            };
            having.push((page_url(index, name), page.about.clone()));
            found = Some(match found {
                None => page,
                Some(before) => joined(before, page, having.len() == 1),
            });
            if self.strategy == IndexStrategy::FirstIndex {
                break;
            }
        }
        let mut project = found.ok_or_else(|| {
            let pages = self
                .indexes
                .iter()
                .filter(is_open)
                .map(|index| redact(&page_url(index, name)));
            IndexError::NotFound {
                name: name.clone(),
                asked: pages.chain(self.find_links.iter().map(Location::shown)).collect(),
            }
        })?;
        if having.len() > 1 {
            project.remarks.push(several(name, &having));
        }
        Ok(project)
    }

    async fn of_assigned(&self, name: &PackageName, index: &Url) -> Result<Project, IndexError> {
        if !self.indexes.contains(index) {
            return Err(IndexError::NotConfigured {
                name: name.clone(),
                index: redact(index),
                configured: self.indexes.iter().map(redact).collect(),
            });
        }
        let page = self.of_index(index, name).await?;
        let mut project = page.ok_or_else(|| IndexError::NotFound {
            name: name.clone(),
            asked: vec![redact(&page_url(index, name))],
        })?;
        let remark = format!("`{name}` was looked for on {} alone, as policy says", redact(index));
        project.remarks.push(remark);
        Ok(project)
    }

    /// The project's page on one index; `None` if the index says that it has none.
    async fn of_index(&self, index: &Url, name: &PackageName) -> Result<Option<Project>, IndexError> {
        let url = page_url(index, name);
        if let Some(folder) = local_path(&url) {
            return self.of_folder(index, &folder, name).await;
        }
        let get = Get::new(&url, page::MAX_PAGE_SIZE).accept(Some(ACCEPT));
        let get = get.caching(Caching::Standard);
        let answer = self.http().fetch(&get).await?;
        if matches!(answer.status, 404 | 410) {
            return Ok(None);
        }
        let answer = answer.success()?;
        if answer.status != 200 {
            // An answer without a page is not one that lists no files.
            return Err(IndexError::NotAnIndex {
                url: redact(&url),
                reason: format!("it answered with status {}", answer.status),
            });
        }
        match page::parse(&answer, index, name, self.reading()) {
            Ok(project) => Ok(Some(judged(project))),
            Err(error) => {
                // A log-in page, say, that was sent as if it were the index's.
                self.http().forget(&get).await;
                Err(error)
            }
        }
    }

    /// The project's page in an index on this machine, `INDEX/NAME/index.html`, as pip reads it.
    async fn of_folder(&self, index: &Url, folder: &Path, name: &PackageName) -> Result<Option<Project>, IndexError> {
        let path = folder.join("index.html");
        let body = match read_local(&path).await {
            Err(IndexError::File { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(None),
            body => body?,
        };
        let found = Url::from_file_path(&path).map_err(|()| IndexError::FindLinks {
            location: path.display().to_string(),
        })?;
        page::read(&body, "text/html", &found, index, name, self.reading()).map(|project| Some(judged(project)))
    }
}

/// What of a project lies on this machine, if anything does.
fn on_this_machine(mut project: Project) -> Option<Project> {
    project.files.retain(|file| file.is_local());
    (!project.files.is_empty()).then_some(project)
}

/// Applies the project's status (PEP 792), and says it.
fn judged(mut project: Project) -> Project {
    let says = match &project.about.status {
        ProjectStatus::Active => return project,
        ProjectStatus::Archived => "is archived: no more releases are expected".to_owned(),
        ProjectStatus::Deprecated => "is deprecated".to_owned(),
        ProjectStatus::Quarantined => "is quarantined as unsafe: none of its files there is used".to_owned(),
        ProjectStatus::Other(status) => format!("has the status \"{status}\""),
    };
    if project.about.status == ProjectStatus::Quarantined {
        let files = std::mem::take(&mut project.files).into_iter();
        project.skipped.extend(files.map(|file| Skipped {
            filename: page::printable(file.filename.as_str()),
            reason: SkipReason::Quarantined,
        }));
    }
    let reason = project.about.status_reason.as_ref();
    project.remarks.push(format!(
        "`{}` {says}, says {}{}",
        project.name,
        redact(&project.index_url),
        reason.map(|reason| format!(" ({reason})")).unwrap_or_default()
    ));
    project
}

/// Both, with the files of `before` first. The index is that of `before`, unless that has only find-links.
fn joined(before: Project, page: Project, only_linked: bool) -> Project {
    let mut project = before;
    project.files.extend(page.files);
    project.skipped.extend(page.skipped);
    project.remarks.extend(page.remarks);
    if only_linked {
        project.index_url = page.index_url;
        project.about = page.about;
    }
    project
}

/// What is said of a project that was taken from several indexes: which they are, and whether they hold it to be one project
/// (PEP 708). Unsigned, so nothing follows from it here.
fn several(name: &PackageName, having: &[(Url, About)]) -> String {
    let named = |about: &About, other: &Url| {
        let mut known = about.tracks.iter().chain(&about.alternate_locations);
        known.any(|known| known.trim_end_matches('/') == other.as_str().trim_end_matches('/'))
    };
    let linked = having.iter().enumerate().all(|(at, (url, about))| {
        let mut others = having.iter().enumerate().filter(|(other, _)| *other != at);
        others.any(|(_, (other, theirs))| named(about, other) || named(theirs, url))
    });
    let pages: Vec<_> = having.iter().map(|(url, _)| redact(url)).collect();
    format!(
        "`{name}` is on {} indexes ({}), {}; the best version of all was taken, as `unsafe-best-match` says",
        pages.len(),
        pages.join(", "),
        if linked {
            "which name one another as places of it"
        } else {
            "which do not say that it is one project"
        }
    )
}

/// `INDEX/NAME/`; a normalised name needs no escaping.
fn page_url(index: &Url, name: &PackageName) -> Url {
    let mut url = index.clone();
    url.set_path(&format!("{}{name}/", index.path()));
    url
}
