//! Local directories of wheels and sdists (pip's `--find-links DIRECTORY`). HTML pages of links are not read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use slsa_pip_distribution::{DistributionFilename, PackageName};
use url::Url;

use crate::error::IndexError;
use crate::page::{self, MAX_FILES};
use crate::types::{IndexFile, Project, Skipped};

/// The directory that a path or a `file:` URL means. Whether it exists is seen when it is read.
pub(crate) fn directory(location: &str) -> Result<PathBuf, IndexError> {
    let refuse = |shown: String| IndexError::FindLinks { location: shown };
    match Url::parse(location) {
        Ok(url) if url.scheme() == "file" => url.to_file_path().map_err(|()| refuse(location.to_owned())),
        // One letter is a drive, not a scheme.
        Ok(url) if url.scheme().len() > 1 => Err(refuse(slsa_pip_http::redact(&url))),
        _ => Ok(PathBuf::from(location)),
    }
}

/// The files of a project in these directories, or `None` if there are none.
pub(crate) async fn files(directories: &[PathBuf], name: &PackageName) -> Result<Option<Project>, IndexError> {
    let mut found: Option<Project> = None;
    for directory in directories {
        let absolute = std::path::absolute(directory).map_err(|error| IndexError::file(directory, error))?;
        let index_url = Url::from_directory_path(&absolute).map_err(|()| IndexError::FindLinks {
            location: directory.display().to_string(),
        })?;
        for file in names(directory).await? {
            match page::check_filename(&file, name) {
                Ok(filename) => {
                    let entry = entry(filename, &absolute.join(&file), &index_url)?;
                    found.get_or_insert_with(|| empty(name, &index_url)).files.push(entry);
                }
                Err(reason) if page::is_archive_of(&file, name) => {
                    let skipped = Skipped {
                        filename: page::printable(&file),
                        reason,
                    };
                    found
                        .get_or_insert_with(|| empty(name, &index_url))
                        .skipped
                        .push(skipped);
                }
                Err(_) => {}
            }
        }
    }
    Ok(found.filter(|project| !project.files.is_empty()))
}

fn empty(name: &PackageName, index_url: &Url) -> Project {
    Project {
        name: name.clone(),
        index_url: index_url.clone(),
        files: Vec::new(),
        skipped: Vec::new(),
    }
}

async fn names(directory: &Path) -> Result<Vec<String>, IndexError> {
    let unreadable = |error| IndexError::file(directory, error);
    let mut entries = match tokio::fs::read_dir(directory).await {
        // As pip does: its configuration often names directories that are not on every machine.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
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

fn entry(filename: DistributionFilename, path: &Path, index_url: &Url) -> Result<IndexFile, IndexError> {
    let url = Url::from_file_path(path).map_err(|()| IndexError::FindLinks {
        location: path.display().to_string(),
    })?;
    Ok(IndexFile {
        filename,
        url,
        hashes: Vec::new(),
        sha256: None,
        requires_python: None,
        yanked: None,
        metadata: None,
        provenance: None,
        size: None,
        upload_time: None,
        index_url: index_url.clone(),
    })
}
