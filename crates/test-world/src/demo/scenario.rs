//! What is shown: two accepted installs and five refusals.

use crate::identity::Identity;
use crate::release::{Evidence, Release, ReleaseFaults};
use crate::wheel::Wheel;
use std::fmt;

/// One scenario.
pub(crate) struct Scenario {
    pub(crate) title: &'static str,
    /// What happened before the user's command.
    pub(crate) story: &'static str,
    pub(crate) releases: Vec<Release>,
    /// The content of `slsa-pip.toml` in the working directory.
    pub(crate) policy: Option<String>,
    pub(crate) requirement: String,
    /// A part of a path that must have been asked for: shows that a verdict did not come about without it.
    pub(crate) must_ask: Option<&'static str>,
    pub(crate) expected: Expected,
}

/// How a scenario must end.
pub(crate) enum Expected {
    /// Exit code 0, and exactly these were added, `name==version`.
    Installed(Vec<&'static str>),
    /// Exit code 1 with a refusal of this code, and nothing was installed.
    Refused(&'static str),
}

impl Expected {
    pub(crate) fn exit_code(&self) -> i32 {
        match self {
            Self::Installed(_) => 0,
            Self::Refused(_) => 1,
        }
    }

    /// The report's verdict.
    pub(crate) fn verdict(&self) -> &'static str {
        match self {
            Self::Installed(_) => "verified",
            Self::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed(names) => write!(f, "installs {}", names.join(", ")),
            Self::Refused(code) => write!(f, "refused: {code}"),
        }
    }
}

/// All scenarios, in the order of showing.
pub(crate) fn all() -> Vec<Scenario> {
    vec![
        classic_release(),
        pep740(),
        tampered_wheel(),
        other_repository(),
        no_provenance(),
        untrusted_builder(),
        builder_at_a_branch(),
    ]
}

fn wheel(name: &str) -> Wheel {
    Wheel::builder(name, "1.0.0").requires_python(">=3.8").build()
}

fn pin(name: &str, repository: &str) -> String {
    format!("[packages.{name}]\nrepository = \"github.com/{repository}\"\n")
}

fn generator(repository: &str) -> Identity {
    Identity::slsa_generator(repository).tag("v1.0.0")
}

fn classic_release() -> Scenario {
    let evidence = Evidence::classic_release(generator("acme/anvil"), "v1.0.0");
    Scenario {
        title: "SLSA provenance of a GitHub release",
        story: "The release holds multiple.intoto.jsonl of the generic generator v2.0.0: its log entry must be looked up.",
        releases: vec![Release::new(wheel("anvil")).with(evidence)],
        policy: Some(pin("anvil", "acme/anvil")),
        requirement: "anvil==1.0.0".to_owned(),
        must_ask: Some("/rekor/api/v1/log/entries/retrieve"),
        expected: Expected::Installed(vec!["anvil==1.0.0"]),
    }
}

fn pep740() -> Scenario {
    let identity = Identity::github("acme/rocket-skates")
        .tag("v1.0.0")
        .environment("release");
    Scenario {
        title: "PEP 740 attestation from the index",
        story: "The index names a provenance object: a publish attestation of the project's own workflow.",
        releases: vec![Release::new(wheel("rocket-skates")).with(Evidence::pep740(identity))],
        policy: Some(pin("rocket-skates", "acme/rocket-skates")),
        requirement: "rocket-skates==1.0.0".to_owned(),
        must_ask: Some("/integrity/rocket-skates/1.0.0/"),
        expected: Expected::Installed(vec!["rocket-skates==1.0.0"]),
    }
}

fn tampered_wheel() -> Scenario {
    let wheel = wheel("earthquake-pills");
    let faults = ReleaseFaults::tampered(&wheel);
    let evidence = Evidence::classic_release(generator("acme/earthquake-pills"), "v1.0.0");
    Scenario {
        title: "A wheel that was changed after signing",
        story: "The index serves other bytes under the same file name, and names their digest. The provenance is genuine.",
        releases: vec![Release::new(wheel).with(evidence).faults(faults)],
        policy: Some(pin("earthquake-pills", "acme/earthquake-pills")),
        requirement: "earthquake-pills==1.0.0".to_owned(),
        must_ask: None,
        expected: Expected::Refused("digest-mismatch"),
    }
}

fn other_repository() -> Scenario {
    let identity = Identity::github("mallory/giant-magnet").tag("v1.0.0");
    Scenario {
        title: "Genuine provenance of another repository",
        story: "Someone else built and attested the file. The policy says whose it must be.",
        releases: vec![Release::new(wheel("giant-magnet")).with(Evidence::pep740(identity))],
        policy: Some(pin("giant-magnet", "acme/giant-magnet")),
        requirement: "giant-magnet==1.0.0".to_owned(),
        must_ask: None,
        expected: Expected::Refused("repository-mismatch"),
    }
}

fn no_provenance() -> Scenario {
    let good = Evidence::pep740(Identity::github("acme/tornado-kit").tag("v1.0.0"));
    let kit = Wheel::builder("tornado-kit", "1.0.0")
        .requires("tornado-seeds>=1")
        .build();
    Scenario {
        title: "A dependency without provenance",
        story: "The package itself is attested, what it needs is not: nothing at all may be installed.",
        releases: vec![Release::new(kit).with(good), Release::new(wheel("tornado-seeds"))],
        policy: None,
        requirement: "tornado-kit==1.0.0".to_owned(),
        must_ask: None,
        expected: Expected::Refused("no-evidence"),
    }
}

fn untrusted_builder() -> Scenario {
    let imitation = "https://github.com/mallory/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";
    let identity = generator("acme/iron-carrot").builder(imitation, "refs/tags/v2.0.0");
    Scenario {
        title: "An untrusted builder",
        story: "A copy of the generator in another account signed the provenance.",
        releases: vec![Release::new(wheel("iron-carrot")).with(Evidence::bundle_release(identity, "v1.0.0"))],
        policy: Some(pin("iron-carrot", "acme/iron-carrot")),
        requirement: "iron-carrot==1.0.0".to_owned(),
        must_ask: None,
        expected: Expected::Refused("builder-untrusted"),
    }
}

fn builder_at_a_branch() -> Scenario {
    let identity = generator("acme/jet-bike").builder(crate::identity::GENERIC_GENERATOR, "refs/heads/main");
    Scenario {
        title: "A trusted builder at a branch",
        story: "The genuine generator signed, at its main branch instead of a release.",
        releases: vec![Release::new(wheel("jet-bike")).with(Evidence::bundle_release(identity, "v1.0.0"))],
        policy: Some(pin("jet-bike", "acme/jet-bike")),
        requirement: "jet-bike==1.0.0".to_owned(),
        must_ask: None,
        expected: Expected::Refused("builder-ref-unreleased"),
    }
}
