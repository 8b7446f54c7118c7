//! TUF repositories, each under a name: `/tuf/<name>/…`.

use super::answer::{Answer, Asked};
use crate::tuf::TufRepository;
use std::collections::BTreeMap;

/// The files of every repository, by name.
#[derive(Default)]
pub(crate) struct TufServer {
    repositories: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
}

impl TufServer {
    /// Serves a repository as it is now, in place of an earlier one of the same name.
    pub(crate) fn serve(&mut self, name: &str, repository: &TufRepository) {
        self.repositories.insert(name.to_owned(), repository.files().clone());
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Answer {
        let found = asked
            .path
            .split_once('/')
            .and_then(|(name, path)| self.repositories.get(name)?.get(path));
        match found {
            Some(bytes) => Answer::new(200, "application/json", bytes.clone()),
            None => Answer::not_found(),
        }
    }
}
