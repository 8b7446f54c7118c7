//! Logins that are asked for only when an index wants one.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use reqwest::header::HeaderValue;
use tokio::sync::OnceCell;
use url::{Origin, Url};

use crate::attempt::{Outgoing, basic_auth};
use crate::client::Client;
use crate::error::HttpError;
use crate::redact::redact;
use crate::redirect::is_private_way;
use crate::redirect::same_origin;

/// User name and password, or none; or why nobody could be asked, without any secret.
pub type LoginAnswer = Result<Option<(String, String)>, String>;
/// Who is asked, with the URLs of one origin's indexes: user names are in them where the user gave some, passwords are not.
pub type LoginQuestion = dyn Fn(Vec<Url>) -> Pin<Box<dyn Future<Output = LoginAnswer> + Send>> + Send + Sync;

type Kept = Result<Option<HeaderValue>, String>;

#[derive(Default)]
struct Asked {
    /// A request that is given up while it waits does not ask again.
    begun: AtomicBool,
    answer: OnceCell<Kept>,
}

/// What is asked when an index answers 401 and no login is known for it: once for each origin (scheme, host and port), for no
/// origin but those of the given indexes, and only for https or this machine itself.
pub struct AskedLogins {
    indexes: Vec<Url>,
    question: Box<LoginQuestion>,
    answers: Mutex<HashMap<Origin, Arc<Asked>>>,
}

impl AskedLogins {
    /// For these indexes, of which those with a password in their URL are never asked about.
    #[must_use]
    pub fn new(indexes: &[Url], question: Box<LoginQuestion>) -> Self {
        let asked = |url: &&Url| url.password().is_none() && is_private_way(url);
        Self {
            indexes: indexes.iter().filter(asked).cloned().collect(),
            question,
            answers: Mutex::default(),
        }
    }

    async fn answer(&self, url: &Url) -> Kept {
        let indexes: Vec<Url> = self
            .indexes
            .iter()
            .filter(|index| same_origin(index, url))
            .cloned()
            .collect();
        if indexes.is_empty() {
            return Ok(None);
        }
        let entry = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(url.origin()).or_default())
        };
        let asked = async || {
            if entry.begun.swap(true, Ordering::Relaxed) {
                return Err("keyring was asked before, and the answer not waited for".to_owned());
            }
            let Some((user, password)) = (self.question)(indexes).await? else {
                return Ok(None);
            };
            let unfit = || "its login holds characters that a header cannot carry".to_owned();
            basic_auth(&user, &password).ok_or_else(unfit).map(Some)
        };
        entry.answer.get_or_init(asked).await.clone()
    }

    /// The login that was asked for before, if there is one.
    fn known(&self, url: &Url) -> Option<HeaderValue> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&url.origin())?.answer.get()?.clone().ok().flatten()
    }

    /// Whether nothing but a user name is known for the origin.
    fn lacks_password(&self, url: &Url) -> bool {
        let mut indexes = self.indexes.iter().filter(|index| same_origin(index, url));
        indexes.any(|index| !index.username().is_empty())
    }
}

impl Client {
    /// The login to repeat a request with that was answered with 401; none if there is nobody to ask, or nothing to be said.
    ///
    /// # Errors
    /// [`HttpError::Login`] if the login was asked for before, and is not accepted; if it could not be asked for.
    pub(crate) async fn asked_login(
        &self,
        outgoing: &Outgoing<'_>,
        url: &Url,
        sent: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, HttpError> {
        let Some(source) = &self.shared.settings.asked_logins else {
            return Ok(None);
        };
        let own = outgoing.bearer.is_some() || outgoing.url.password().is_some() || !outgoing.logins;
        if own || outgoing.method != Method::GET || !same_origin(url, outgoing.url) {
            return Ok(None);
        }
        let refused = |why| HttpError::Login { url: redact(url), why };
        if let Some(sent) = sent {
            let asked = source.known(url);
            if asked.as_ref() == Some(sent) {
                return Err(refused("the login that keyring gave is not accepted".to_owned()));
            }
            if asked.is_none() && !source.lacks_password(url) {
                return Ok(None);
            }
        }
        let login = source.answer(url).await.map_err(refused)?;
        if let Some(login) = &login {
            let mut known = self.shared.credentials.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(url.origin(), login.clone());
        }
        Ok(login)
    }
}
