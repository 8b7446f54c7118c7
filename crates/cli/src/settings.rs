//! What the arguments and the environment mean: policy, trusted roots and endpoints, read and checked once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use slsa_pip_cache::CacheFolder;
use slsa_pip_github_releases::GithubUrls;
use slsa_pip_http::Client;
use slsa_pip_policy::Policy;
use slsa_pip_trust_root::{LoadError, Loaded, Opened, Repository, Source};
use url::Url;

use crate::args::{EvidenceArgs, RootArgs, TrustArgs};
use crate::cache_dir;
use crate::directory::read_bounded;
use crate::failure::{Failure, Result};
use crate::policy_file::{self, Access};
use crate::printer::Printer;
use crate::report::exports;

/// What verification needs, whatever the command.
pub(crate) struct Trust {
    /// The policy; empty where there is no file.
    pub(crate) policy: Policy,
    /// Where the policy was read, or would be.
    pub(crate) policy_file: PathBuf,
    /// The trusted root as far as it is there without a request; see [`Trust::root`].
    opened: Opened,
    /// The log that is asked for classic envelopes.
    pub(crate) rekor_url: Url,
    /// Whether requests are forbidden.
    pub(crate) offline: bool,
    /// The cache folder; `None` where nothing is to be kept. What is read from it is unverified.
    pub(crate) cache: Option<CacheFolder>,
    /// The time of this run, read once.
    pub(crate) now: Timestamp,
}

/// Where evidence is looked for.
pub(crate) struct Endpoints {
    /// Base URL of GitHub's pages and downloads.
    pub(crate) github: Url,
    /// Base URL of GitHub's API.
    pub(crate) github_api: Url,
    /// Longest search for one file's provenance, where the user has named one.
    pub(crate) longest_search: Option<Duration>,
}

impl Trust {
    /// Reads policy, and the trusted root as far as it is there; makes no request.
    pub(crate) fn load(args: &TrustArgs) -> Result<Self> {
        let now = Timestamp::now();
        let cache = cache_dir::resolve(&args.root.cache)?;
        let access = Access {
            cache: cache.as_ref(),
            offline: args.root.offline,
        };
        let (policy, policy_file) = policy_file::load_policy(args.policy.as_deref(), access)?;
        let source = root_source(&args.root)?;
        Ok(Self {
            policy,
            policy_file,
            opened: slsa_pip_trust_root::open(source, now).map_err(|error| root_failure(&error))?,
            rekor_url: base_url("--rekor-url", &args.rekor_url)?,
            offline: args.root.offline,
            cache,
            now,
        })
    }

    /// What the further forms of the report need.
    pub(crate) fn export_run<'a>(&'a self, requirements: Option<&'a Path>) -> exports::Run<'a> {
        exports::Run {
            now: self.now,
            policy: (!self.policy.label().is_empty()).then_some(self.policy_file.as_path()),
            requirements,
        }
    }

    /// The policy files that hold, as reports name them.
    pub(crate) fn policy_files(&self) -> Vec<String> {
        self.policy.labels().map(str::to_owned).collect()
    }

    /// Says which policy files hold, where details are asked for.
    pub(crate) fn tell_policy(&self, printer: &Printer) {
        if !printer.is_verbose() {
            return;
        }
        let files = self.policy_files();
        let files = if files.is_empty() {
            "none".to_owned()
        } else {
            files.join(", ")
        };
        printer.progress(&format!("policy {files}"));
    }

    /// The trusted root, refreshed first if it is not fresh and requests are allowed.
    pub(crate) async fn root(&self, http: &Client) -> Result<Arc<Loaded>> {
        let opened = self.opened.clone();
        opened.finish(http).await.map_err(|error| root_failure(&error))
    }
}

/// What the options say about the trusted root: one file, one repository with its start root, or the well-known ones.
pub(crate) fn root_source(args: &RootArgs) -> Result<Source> {
    let both = |option| {
        Failure::new(format!("`--trusted-root` and `{option}` name two different trusted roots"))
            .hint("Leave one out; the environment variables SLSA_PIP_TRUSTED_ROOT, SLSA_PIP_TUF_URL and SLSA_PIP_TUF_ROOT count too")
    };
    let repositories = match (&args.trusted_root, &args.tuf_url, &args.tuf_root) {
        (Some(_), Some(_), _) => return Err(both("--tuf-url")),
        (Some(_), _, Some(_)) => return Err(both("--tuf-root")),
        (Some(path), None, None) => return Ok(Source::File(path.clone())),
        (None, None, None) => [Repository::public_good(), Repository::github()]
            .into_iter()
            .collect::<std::result::Result<Vec<_>, _>>(),
        (None, Some(url), Some(path)) => {
            let start = read_bounded(path).map_err(|error| {
                Failure::new(format!("The TUF root `{}` cannot be read", path.display()))
                    .caused_by(&error)
                    .hint("Name an existing file: `--tuf-root FILE`")
            })?;
            Repository::custom(&base_url("--tuf-url", url)?, start).map(|repository| vec![repository])
        }
        (None, Some(_), None) | (None, None, Some(_)) => {
            return Err(Failure::new("`--tuf-url` and `--tuf-root` are needed together").hint(
                "`--tuf-url URL --tuf-root FILE`: the root.json to start from decides whose signatures count there",
            ));
        }
    };
    Ok(Source::Repositories {
        repositories: repositories.map_err(|error| root_failure(&error))?,
        cache: cache_dir::resolve(&args.cache)?,
        offline: args.offline,
    })
}

/// Why there is no trusted root, as the user sees it.
pub(crate) fn root_failure(error: &LoadError) -> Failure {
    Failure::new("The trusted root cannot be used")
        .code(error.code().as_str())
        .caused_by(error)
        .hint(error.hint())
}

impl Endpoints {
    /// Checks the endpoints' URLs.
    pub(crate) fn new(args: &EvidenceArgs) -> Result<Self> {
        let github = base_url("--github-url", &args.github_url)?;
        let github_api = match (&args.github_api_url, GithubUrls::of_site(&github)) {
            (Some(named), _) => base_url("--github-api-url", named)?,
            (None, Some(urls)) => urls.api,
            (None, None) => {
                return Err(Failure::new("The API of `--github-url` is not known")
                    .hint("Name it as well: `--github-api-url URL`"));
            }
        };
        Ok(Self {
            github,
            github_api,
            longest_search: args
                .search_timeout
                .map(|seconds| Duration::from_secs(seconds.get().into())),
        })
    }

    /// The same for whoever asks GitHub.
    pub(crate) fn urls(&self) -> GithubUrls {
        GithubUrls {
            web: self.github.clone(),
            api: self.github_api.clone(),
        }
    }
}

/// A base URL of an option: `http` or `https`, with a path that ends in a slash, so that joining extends it.
pub(crate) fn base_url(option: &str, given: &str) -> Result<Url> {
    let invalid = || Failure::new(format!("`{option}` takes a URL that begins with https:// or http://"));
    let mut url = Url::parse(given).map_err(|error| invalid().caused_by(&error))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(invalid());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::base_url;

    #[test]
    fn base_urls_end_in_a_slash_and_have_a_known_scheme() {
        assert_eq!(
            base_url("--x", "https://ghe.example/api/v3").unwrap().as_str(),
            "https://ghe.example/api/v3/"
        );
        for bad in ["file:///etc/passwd", "ghe.example", "ftp://x.example", "https://"] {
            assert!(base_url("--x", bad).is_err(), "{bad}");
        }
    }
}
