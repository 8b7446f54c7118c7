//! What a page says about a project as a whole (PEP 700, 708, 792).

use super::printable;
use crate::types::{About, ProjectStatus};

/// Most versions and URLs that are kept.
const MAX_VERSIONS: usize = 20_000;
const MAX_URLS: usize = 32;

/// The texts as they are in the page.
#[derive(Default)]
pub(super) struct RawAbout {
    pub(super) status: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) versions: Vec<String>,
    pub(super) tracks: Vec<String>,
    pub(super) alternate_locations: Vec<String>,
}

impl RawAbout {
    pub(super) fn read(self) -> About {
        let texts = |list: Vec<String>, most: usize| list.iter().take(most).map(|text| printable(text)).collect();
        About {
            status: self.status.map_or(ProjectStatus::Active, |text| status(&text)),
            status_reason: self.reason.map(|text| printable(&text)).filter(|text| !text.is_empty()),
            versions: texts(self.versions, MAX_VERSIONS),
            tracks: texts(self.tracks, MAX_URLS),
            alternate_locations: texts(self.alternate_locations, MAX_URLS),
        }
    }
}

fn status(text: &str) -> ProjectStatus {
    match text.trim() {
        "active" => ProjectStatus::Active,
        "archived" => ProjectStatus::Archived,
        "quarantined" => ProjectStatus::Quarantined,
        "deprecated" => ProjectStatus::Deprecated,
        other => ProjectStatus::Other(printable(other)),
    }
}
