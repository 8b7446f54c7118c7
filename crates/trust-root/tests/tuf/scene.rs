//! A repository that is served, a cache folder, and a client.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use slsa_pip_cache::CacheFolder;
use slsa_pip_http::{Client, Settings};
use slsa_pip_test_world::{TestSigstore, TufRepository, World};
use slsa_pip_trust_root::{Code, LoadError, Loaded, Opened, Repository, Source, open};
use tempfile::TempDir;

/// When everything is signed: 2026-09-21.
pub(crate) const SIGNED: i64 = 1_790_000_000;

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) repository: TufRepository,
    pub(crate) cache: TempDir,
    /// The time of the next run.
    pub(crate) now: Timestamp,
    pub(crate) offline: bool,
}

impl Scene {
    /// A repository that is in order, an empty cache, an hour after signing.
    pub(crate) fn new() -> Self {
        let world = World::start_blocking().unwrap();
        let repository = TufRepository::new(1, SIGNED, &world.sigstore.trusted_root_json());
        Self {
            world,
            repository,
            cache: tempfile::tempdir().unwrap(),
            now: Timestamp::from_second(SIGNED + 3600).unwrap(),
            offline: false,
        }
    }

    /// The same, with a copy in the cache that is a day and an hour old.
    pub(crate) fn with_old_copy() -> Self {
        let mut scene = Self::new();
        scene.load().unwrap();
        scene.pass(25);
        scene
    }

    /// Lets hours pass.
    pub(crate) fn pass(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }

    pub(crate) fn source(&self) -> Source {
        let url = self.world.serve_tuf("test", &self.repository);
        Source::Repositories {
            repositories: vec![Repository::custom(&url.parse().unwrap(), self.repository.start_root()).unwrap()],
            cache: Some(CacheFolder::new(self.cache.path().join("cache"))),
            offline: self.offline,
        }
    }

    /// One run: serves the repository as it is, opens, refreshes if need be.
    pub(crate) fn load(&self) -> Result<Arc<Loaded>, LoadError> {
        block_on(async { open(self.source(), self.now)?.finish(&client()).await })
    }

    /// `trust-root update`.
    pub(crate) fn update(&self) -> Result<Arc<Loaded>, LoadError> {
        block_on(async { Opened::anew(self.source(), self.now, |_| {})?.update(&client()).await })
    }

    /// The code of a run that must fail.
    #[track_caller]
    pub(crate) fn code(&self) -> Code {
        match self.load() {
            Err(error) => error.code(),
            Ok(loaded) => panic!("{}", loaded.describe(self.now)),
        }
    }

    /// The folder of the copy.
    pub(crate) fn folder(&self) -> PathBuf {
        let tuf = self.cache.path().join("cache/tuf");
        let mut entries = std::fs::read_dir(tuf).unwrap();
        let folder = entries.next().unwrap().unwrap().path();
        assert!(entries.next().is_none(), "one repository, one folder");
        folder
    }

    /// What the last runs have asked the repository for.
    pub(crate) fn asked(&self) -> Vec<String> {
        let requests = self.world.requests();
        self.world.forget_requests();
        let paths = requests.into_iter().map(|request| request.path);
        paths.map(|path| path.replace("/tuf/test/", "")).collect()
    }
}

pub(crate) fn client() -> Client {
    Client::new(Settings::default()).unwrap()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

/// Another genuine trusted root.
pub(crate) fn another_root() -> String {
    TestSigstore::new(7).trusted_root_json()
}
