//! An index in memory, written as text.
#![expect(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "an unreadable test world is a broken test"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};
use slsa_pip_distribution::specifier::parse_specifiers;
use slsa_pip_distribution::{CoreMetadata, PackageName, Requirement, Sha256Digest, SupportedTags, Tag};
use slsa_pip_resolver::{
    CandidateFile, Installed, Request, Resolution, ResolveError, Ruling, Source, SourceError, resolve,
};
use url::Url;

#[derive(Debug, Clone)]
pub(crate) struct File {
    pub filename: String,
    metadata: Vec<u8>,
    fails: bool,
    /// Why it is ruled out; `?` if that cannot be told.
    out: Option<String>,
}

/// One file per line: `name version [flags] [-> requirement | requirement]`. Flags: `sdist`, `tag=py3-none-any`,
/// `build=1`, `yanked` or `yanked=reason`, `python=>=3.8` (page), `needs=>=3.8` (metadata), `sha=ab` (a byte, repeated),
/// `claims=other` (name in the metadata), `fails` (metadata cannot be fetched), `uploaded=2024-01-01T00:00:00Z`, `local`,
/// `excluded=reason`, `out=reason` (ruled out when asked; `?`: the source cannot tell), `unserved` (metadata is in the wheel only), `undeclared` (no `Provides-Extra`),
/// `at=https://host.example/f.whl` (not on the page, but there), `file=other-1-py3-none-any.whl` (file name). A line
/// `name !` is a broken page.
#[derive(Default)]
pub(crate) struct World {
    pages: BTreeMap<PackageName, Result<Vec<CandidateFile<File>>, ()>>,
    links: BTreeMap<String, CandidateFile<File>>,
    /// Scrambles the order of answers.
    pub seed: u64,
    /// What each answer takes.
    pub latency: Duration,
    in_flight: AtomicUsize,
    /// How often something was asked for while nothing else was: the times that somebody had to wait one after the other.
    pub rounds: AtomicUsize,
    pub metadata_fetches: AtomicUsize,
    pub page_fetches: AtomicUsize,
    /// The files that were asked about.
    pub ruled_on: Mutex<Vec<String>>,
}

#[derive(Debug, thiserror::Error)]
#[error("connection reset")]
struct Broken;

pub(crate) fn world(text: &str) -> World {
    let mut world = World::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, requirements) = line.split_once(" -> ").unwrap_or((line, ""));
        let mut words = head.split_whitespace();
        let (name, version) = (words.next().unwrap(), words.next().unwrap());
        let page = world
            .pages
            .entry(name.parse().unwrap())
            .or_insert_with(|| Ok(Vec::new()));
        if version == "!" {
            *page = Err(());
            continue;
        }
        let flags: BTreeMap<&str, &str> = words.map(|word| word.split_once('=').unwrap_or((word, ""))).collect();
        let build = flags.get("build").map(|build| format!("-{build}")).unwrap_or_default();
        let tag = flags.get("tag").copied().unwrap_or("py3-none-any");
        let filename = if let Some(file) = flags.get("file") {
            (*file).to_owned()
        } else if flags.contains_key("sdist") {
            format!("{name}-{version}.tar.gz")
        } else {
            format!("{name}-{version}{build}-{tag}.whl")
        };
        let claimed = flags.get("claims").copied().unwrap_or(name);
        let mut metadata = format!("Metadata-Version: 2.1\nName: {claimed}\nVersion: {version}\n");
        if let Some(needs) = flags.get("needs") {
            metadata.push_str(&format!("Requires-Python: {needs}\n"));
        }
        for requirement in requirements.split('|').map(str::trim).filter(|text| !text.is_empty()) {
            metadata.push_str(&format!("Requires-Dist: {requirement}\n"));
            let extras = requirement.split("extra == '").skip(1);
            for extra in extras.filter(|_| !flags.contains_key("undeclared")) {
                metadata.push_str(&format!("Provides-Extra: {}\n", extra.split('\'').next().unwrap()));
            }
        }
        let candidate = CandidateFile {
            filename: filename.parse().unwrap(),
            requires_python: flags.get("python").map(|text| parse_specifiers(text).unwrap()),
            yanked: flags.get("yanked").map(|&reason| reason.to_owned()),
            sha256: flags.get("sha").map(|byte| digest(byte)),
            uploaded: flags.get("uploaded").map(|time| time.parse().unwrap()),
            local: flags.contains_key("local"),
            excluded: flags.get("excluded").map(|&reason| reason.to_owned()),
            metadata_served: !flags.contains_key("unserved"),
            file: File {
                filename,
                metadata: metadata.into_bytes(),
                fails: flags.contains_key("fails"),
                out: flags.get("out").map(|&reason| reason.to_owned()),
            },
        };
        match flags.get("at") {
            Some(url) => {
                world.links.insert((*url).to_owned(), candidate);
            }
            None => page.as_mut().unwrap().push(candidate),
        }
    }
    world
}

pub(crate) fn digest(byte: &str) -> Sha256Digest {
    byte.repeat(32).parse().unwrap()
}

impl World {
    async fn wait(&self, key: &str) {
        if self.in_flight.fetch_add(1, Ordering::Relaxed) == 0 {
            self.rounds.fetch_add(1, Ordering::Relaxed);
        }
        if self.latency > Duration::ZERO {
            tokio::time::sleep(self.latency).await;
        }
        if self.seed > 0 {
            let mixed = key.bytes().fold(self.seed, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(u64::from(byte))
            });
            tokio::time::sleep(Duration::from_micros(mixed % 3000)).await;
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Source for World {
    type File = File;

    async fn files(&self, name: &PackageName) -> Result<Arc<Vec<CandidateFile<File>>>, SourceError> {
        self.page_fetches.fetch_add(1, Ordering::Relaxed);
        self.wait(name.as_str()).await;
        match self.pages.get(name) {
            None => Err(SourceError::NotFound),
            Some(Err(())) => Err(SourceError::failed(Broken)),
            Some(Ok(files)) => Ok(Arc::new(files.clone())),
        }
    }

    async fn metadata(&self, file: &File) -> Result<Arc<CoreMetadata>, SourceError> {
        self.metadata_fetches.fetch_add(1, Ordering::Relaxed);
        self.wait(&file.filename).await;
        if file.fails {
            return Err(SourceError::failed(Broken));
        }
        Ok(Arc::new(CoreMetadata::parse(&file.metadata)?))
    }

    async fn ruling(&self, file: &File) -> Result<Ruling, SourceError> {
        self.ruled_on.lock().unwrap().push(file.filename.clone());
        self.wait(&file.filename).await;
        match file.out.as_deref() {
            None => Ok(Ruling::Eligible),
            Some("?") => Err(SourceError::failed(Broken)),
            Some(reason) => Ok(Ruling::Out(format!("is {reason}"))),
        }
    }

    async fn direct(&self, url: &Url) -> Result<CandidateFile<File>, SourceError> {
        let mut bare = url.clone();
        bare.set_fragment(None);
        bare.set_username("").unwrap();
        bare.set_password(None).unwrap();
        let found = self.links.get(bare.as_str()).cloned();
        found.ok_or_else(|| SourceError::Unusable("it is not a wheel".to_owned()))
    }
}

pub(crate) fn env() -> MarkerEnvironment {
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: "3.11.2",
        os_name: "posix",
        platform_machine: "x86_64",
        platform_python_implementation: "CPython",
        platform_release: "6.1.0",
        platform_system: "Linux",
        platform_version: "#1",
        python_full_version: "3.11.2",
        python_version: "3.11",
        sys_platform: "linux",
    })
    .unwrap()
}

pub(crate) fn request(requirements: &[&str]) -> Request {
    let tags = [
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-abi3-linux_x86_64",
        "py3-none-any",
    ];
    let tags = SupportedTags::new(tags.map(|tag| Tag::parse(tag).unwrap()));
    let mut request = Request::new(env(), tags, "3.11.2".parse().unwrap());
    request.requirements = all(requirements);
    request
}

pub(crate) fn all(requirements: &[&str]) -> Vec<Requirement> {
    requirements.iter().map(|text| text.parse().unwrap()).collect()
}

pub(crate) async fn run(world: &World, request: &Request) -> Result<Resolution<File>, ResolveError> {
    resolve(world, request).await
}

/// Adds what is installed: one distribution per line, `name version [editable] [-> requirement | requirement]`.
pub(crate) fn installed(request: &mut Request, text: &str) {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, requirements) = line.split_once(" -> ").unwrap_or((line, ""));
        let mut words = head.split_whitespace();
        let name = words.next().unwrap().parse().unwrap();
        let requirements: Vec<String> = requirements
            .split('|')
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect();
        let extras = requirements.iter().flat_map(|text| text.split("extra == '").skip(1));
        let extras = extras.map(|rest| rest.split('\'').next().unwrap().to_owned());
        let distribution = Installed {
            version: words.next().unwrap().parse().unwrap(),
            provides_extra: extras.collect(),
            requires_dist: requirements,
            editable: words.next() == Some("editable"),
        };
        request.installed.insert(name, distribution);
    }
}

/// `name version` of everything that is to be fetched, `name version stays` of what is installed and stays.
pub(crate) async fn chosen(world: &World, request: &Request) -> String {
    match run(world, request).await {
        Ok(resolution) => {
            let packages = resolution.packages.iter();
            let packages = packages.map(|it| format!("{} {}", it.name, it.version));
            let satisfied = resolution.satisfied.iter();
            let satisfied = satisfied.map(|it| format!("{} {} stays", it.name, it.version));
            packages.chain(satisfied).collect::<Vec<_>>().join(", ")
        }
        Err(error) => format!("error: {error}"),
    }
}

pub(crate) async fn solve(text: &str, requirements: &[&str]) -> String {
    chosen(&world(text), &request(requirements)).await
}
