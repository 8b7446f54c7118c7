//! A GitHub, and what it has said in this run about whom it answers.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use slsa_pip_http::{Caching, Client, Get, HttpError, Response, redact};
use url::Url;

use crate::answer::{Answer, Asked, ReleaseAnswer};
use crate::fetch::{Fetched, Miss};
use crate::limits::{Limits, MAX_WAITS, Who, limit, short_wait};
use crate::urls::GithubUrls;

/// `Accept` of GitHub's API.
const API_MEDIA_TYPE: &str = "application/vnd.github+json";
/// Added to a wait, since the server's clock and ours differ, and its times are whole seconds.
const CLOCKS: Duration = Duration::from_millis(200);

/// A GitHub and how it is asked. One for a run: it remembers limits that were met, and a token that was refused.
///
/// The token is sent to the API's own origin only, never along a redirect to another, and no credentials of an index are sent
/// at all. Where GitHub is public, no redirect of it and no URL in its answers leads into a private network.
pub struct Github {
    http: Client,
    pub(crate) urls: GithubUrls,
    token: Option<String>,
    token_refused: AtomicBool,
    limits: Limits,
}

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github")
            .field("urls", &self.urls)
            .field("token", &self.token.is_some())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Github {
    /// A GitHub at these places; without a token everything is asked anonymously, 60 questions to the API an hour.
    #[must_use]
    pub fn new(http: Client, urls: GithubUrls, token: Option<String>) -> Self {
        Self {
            http,
            urls,
            token: token.filter(|token| !token.is_empty()),
            token_refused: AtomicBool::new(false),
            limits: Limits::default(),
        }
    }

    /// Whether its API has refused the token as such (401) in this run.
    #[must_use]
    pub fn token_refused(&self) -> bool {
        self.token_refused.load(Ordering::Relaxed)
    }

    /// Asks the API. With a token that is refused (401, 403), the question is put once more without it; the refusal is among
    /// the places asked.
    pub(crate) async fn ask_api(&self, url: Url, limit: u64, answer: &mut ReleaseAnswer) -> Fetched {
        if let Some(token) = self.token.as_deref().filter(|_| !self.token_refused()) {
            let get = self.api_get(&url, limit).bearer(Some(token));
            let result = self.fetch(Who::ApiWithToken, &get).await;
            let refusal = result.as_ref().err().filter(|miss| miss.answer == Answer::Forbidden);
            let Some(refusal) = refusal else {
                return Fetched { url, result };
            };
            if refusal.status == Some(401) {
                self.token_refused.store(true, Ordering::Relaxed);
            }
            answer.asked.push(Asked {
                location: redact(&url),
                answer: Answer::Forbidden,
            });
        }
        let result = self.fetch(Who::Api, &self.api_get(&url, limit)).await;
        Fetched { url, result }
    }

    fn api_get<'a>(&'a self, url: &'a Url, limit: u64) -> Get<'a> {
        let get = Get::new(url, limit).accept(Some(API_MEDIA_TYPE)).without_logins();
        get.guard(&self.urls.api).caching(Caching::Evidence)
    }

    /// Asks the site for an asset.
    pub(crate) async fn ask_web(&self, url: Url, limit: u64) -> Fetched {
        let result = self.fetch(Who::Web, &self.web_get(&url, limit)).await;
        Fetched { url, result }
    }

    /// Has an asset asked for anew the next time, since what came is none: a log-in page, say, sent as if it were one.
    pub(crate) async fn forget_web(&self, url: &Url) {
        self.http.forget(&self.web_get(url, 0)).await;
    }

    fn web_get<'a>(&'a self, url: &'a Url, limit: u64) -> Get<'a> {
        let get = Get::new(url, limit).without_logins().guard(&self.urls.web);
        get.caching(Caching::Evidence)
    }

    /// Asks for what an answer of the API names, without the token. Not kept: such URLs are signed anew each time.
    pub(crate) async fn ask_elsewhere(&self, url: Url, limit: u64) -> Fetched {
        let get = Get::new(&url, limit).without_logins().guard(&self.urls.api);
        let result = self.fetch(Who::Elsewhere, &get).await;
        Fetched { url, result }
    }

    /// Asks, unless a limit that was met before forbids it; waits for the end of a limit if that is near.
    async fn fetch(&self, who: Who, get: &Get<'_>) -> Result<Response, Miss> {
        let longest = self.http.settings().max_retry_delay;
        let mut waits = 0;
        loop {
            let until = match self.limits.until(who, Timestamp::now()) {
                Some(until) => until,
                None => match self.ask(who, get).await? {
                    Ok(response) => return Ok(response),
                    Err(until) => until,
                },
            };
            let wait = short_wait(until, Timestamp::now(), longest).filter(|_| waits < MAX_WAITS);
            let Some(wait) = wait else {
                return Err(Miss::new(Answer::RateLimited { until }));
            };
            waits += 1;
            tokio::time::sleep(wait + CLOCKS).await;
        }
    }

    /// Asks once. The inner error is the end of a limit.
    async fn ask(&self, who: Who, get: &Get<'_>) -> Result<Result<Response, Timestamp>, Miss> {
        let response = self.http.fetch(get).await.map_err(|error| Miss {
            answer: Answer::of_error(&error),
            status: None,
            too_large: matches!(error, HttpError::TooLarge { .. }),
        })?;
        if let Some(until) = limit(&response, Timestamp::now()) {
            self.limits.met(who, until);
            return Ok(Err(until));
        }
        match Answer::of_status(response.status) {
            None => Ok(Ok(response)),
            Some(answer) => Err(Miss {
                status: Some(response.status),
                ..Miss::new(answer)
            }),
        }
    }
}
