//! What the fuzz targets reach: the reading of answers and archives, without the asking. No part of the public interface.

use std::io::Cursor;

use slsa_pip_distribution::{PackageName, WheelFilename};
use url::Url;

use crate::budget::Budget;
use crate::types::Project;
use crate::{integrity, page, wheel};

/// Reads a simple page; `None` if it is refused as a whole.
#[must_use]
pub fn page(body: &[u8], content_type: &str, index: &Url, name: &PackageName) -> Option<Project> {
    let reading = page::Reading {
        tags: None,
        budget: &Budget::default(),
    };
    page::read(body, content_type, index, index, name, reading).ok()
}

/// The project URLs of the JSON API's answer.
#[must_use]
pub fn project_urls(body: &[u8]) -> Vec<(String, String)> {
    integrity::project_urls(body)
}

/// The METADATA of a wheel; `None` if the archive is refused.
#[must_use]
pub fn wheel_metadata(archive: &[u8], wheel: &WheelFilename) -> Option<Vec<u8>> {
    wheel::read_metadata(Cursor::new(archive), wheel).ok()
}
