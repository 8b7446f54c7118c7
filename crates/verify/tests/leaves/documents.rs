//! The good documents: every format, signed by the test Sigstore.

use jiff::Timestamp;
use serde_json::{Value, json};
use slsa_pip_policy::Expectation;
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{PAYLOAD_TYPE, Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, LogKind, Signed, TestSigstore};
use slsa_pip_verify::{Code, StagedFile, TrustRoots};

use crate::common::{code, file, hex, judge, parse_json, pinned};
use crate::walk::{Depth, Donors, text_of};

/// Every change of a certificate is made.
const WHOLE: usize = 1;
/// Each so many-th is.
const SAMPLED: usize = 16;
/// Fewer still, for a form of which there is another like it.
const THIN: usize = 64;

/// A document of one or more lines.
pub struct Document {
    pub name: String,
    pub lines: Vec<Line>,
    /// How thoroughly its certificates and timestamps are gone through.
    pub stride: usize,
}

impl Document {
    pub const fn depth(&self) -> Depth {
        Depth {
            stride: self.stride,
            thin: self.stride > SAMPLED,
        }
    }
}

/// One line of a document, which stands for one file.
pub struct Line {
    /// The document; for a classic envelope, that with the log's answer.
    pub json: Value,
    pub form: Form,
    pub donors: Donors,
    pub file: StagedFile,
    pub judged: Judged,
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// `{"envelope": …, "log": […]}`: the envelope's file, and what the log answers to `entries/retrieve`.
    Classic,
}

/// What decides over a line.
pub enum Judged {
    /// The whole core.
    File(Box<Expectation>),
    /// The signature alone, for plain messages.
    Signature { identity: String, issuer: String },
}

/// Whose file.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    owner: &'static str,
    project: &'static str,
    /// A second signing of the same.
    again: bool,
}

pub const GOOD: Who = Who {
    owner: "acme",
    project: "foo",
    again: false,
};

impl Who {
    fn repository(self) -> String {
        format!("{}/foo", self.owner)
    }

    fn filename(self) -> String {
        format!("{}-1.0.0-py3-none-any.whl", self.project)
    }

    fn bytes(self) -> Vec<u8> {
        format!("the bytes of {}", self.filename()).into_bytes()
    }

    pub fn subjects(self) -> Vec<Subject> {
        vec![Subject::of(&self.filename(), &self.bytes())]
    }

    fn staged(self) -> StagedFile {
        let digest = sigstore_verify::crypto::sha256(&self.bytes());
        file(&self.filename(), &hex(digest.as_bytes()))
    }

    fn with_run(self, mut identity: Identity) -> Identity {
        if self.again {
            "11243052999".clone_into(&mut identity.run_id);
        }
        if self.owner != GOOD.owner {
            "1".clone_into(&mut identity.repository_id);
            "2".clone_into(&mut identity.owner_id);
            identity.sha = "d00d".repeat(10);
        }
        identity
    }

    pub fn own(self) -> Identity {
        self.with_run(Identity::github(&self.repository()))
    }

    fn generator(self) -> Identity {
        self.with_run(Identity::slsa_generator(&self.repository()))
    }
}

/// An instance like the public-good one, with one like GitHub's own beside it.
pub struct World {
    sigstore: TestSigstore,
    github: TestSigstore,
    pub roots: TrustRoots,
}

impl World {
    pub fn new() -> Self {
        let (sigstore, github) = (TestSigstore::new(1), TestSigstore::github_internal(2));
        let roots = TrustRoots::new(&sigstore.trusted_root_json(), Some(&github.trusted_root_json()));
        Self {
            roots: roots.expect("the test world's roots can be used"),
            sigstore,
            github,
        }
    }

    /// The code that refuses a statement although its own identity signed it.
    pub fn signed(&self, statement: &Value) -> Option<Code> {
        let payload = text_of(statement);
        let options = SigningOptions::default();
        let signed = self
            .sigstore
            .sign_payload(&GOOD.own(), payload.as_bytes(), PAYLOAD_TYPE, options);
        let evidence = parse_json(&signed.bundle_v03());
        code(&judge(&GOOD.staged(), &evidence, &pinned("acme/foo"), &self.roots))
    }

    fn sign(&self, identity: &Identity, statement: &Value, options: SigningOptions) -> Signed {
        self.sigstore.sign_statement(identity, statement, options)
    }

    fn build(&self, who: Who, kind: LogKind) -> Signed {
        let identity = who.generator();
        let statement = slsa_v02(&identity, &who.subjects());
        self.sign(&identity, &statement, SigningOptions::with_kind(kind))
    }

    fn publish(&self, who: Who, identity: &Identity) -> Signed {
        self.sign(identity, &publish(&who.subjects()), SigningOptions::default())
    }

    fn classic(&self, who: Who, options: SigningOptions, with_certificate: bool) -> Value {
        let identity = who.generator();
        let signed = self.sign(&identity, &slsa_v02(&identity, &who.subjects()), options);
        let envelope: Value = serde_json::from_str(&signed.classic_envelope(with_certificate)).expect("JSON");
        json!({"envelope": envelope, "log": [signed.log_answer()]})
    }

    fn provenance(&self, who: Who, identity: &Identity, publisher: &Value) -> Value {
        let attestation = self.publish(who, identity).pep740_attestation();
        json!({
            "version": 1,
            "attestation_bundles": [{"publisher": publisher, "attestations": [attestation]}],
        })
    }
}

/// A form of bundles.
type Bundle = fn(&Signed) -> Value;

/// Makes a line's document.
type Make<'m> = &'m dyn Fn(&World, Who) -> Value;

/// A line of [`GOOD`], with the same line of others to swap parts with.
fn line(world: &World, form: Form, expectation: &Expectation, make: Make<'_>) -> Line {
    let other_file = Who { project: "bar", ..GOOD };
    let other_identity = Who { owner: "evil", ..GOOD };
    let again = Who { again: true, ..GOOD };
    Line {
        json: make(world, GOOD),
        form,
        donors: vec![
            ("that of another file", make(world, other_file)),
            ("that of another identity", make(world, other_identity)),
            ("that of a second signing", make(world, again)),
        ],
        file: GOOD.staged(),
        judged: Judged::File(Box::new(expectation.clone())),
    }
}

pub fn documents(world: &World) -> Vec<Document> {
    let mut all = Vec::new();
    let mut add = |name: &str, stride, lines| {
        all.push(Document {
            name: name.to_owned(),
            lines,
            stride,
        });
    };
    let build = pinned("acme/foo");
    for (kind, name) in [
        (LogKind::Dsse, "dsse-0.0.1"),
        (LogKind::IntotoV001, "intoto-0.0.1"),
        (LogKind::IntotoV002, "intoto-0.0.2"),
    ] {
        for (with, certificate) in [("with", true), ("without", false)] {
            let make = move |world: &World, who| world.classic(who, SigningOptions::with_kind(kind), certificate);
            let classic = line(world, Form::Classic, &build, &make);
            let stride = if certificate && kind == LogKind::IntotoV001 {
                1
            } else {
                16
            };
            add(&format!("classic-{with}-certificate {name}"), stride, vec![classic]);
        }
    }
    let bare = SigningOptions {
        log_without_certificate: true,
        ..SigningOptions::with_kind(LogKind::IntotoV001)
    };
    let make = |world: &World, who| world.classic(who, bare, true);
    let classic = line(world, Form::Classic, &build, &make);
    add(
        "classic-logged-without-certificate intoto-0.0.1",
        SAMPLED,
        vec![classic],
    );
    for (kind, name) in [(LogKind::Dsse, "dsse-0.0.1"), (LogKind::IntotoV002, "intoto-0.0.2")] {
        let versions: [(&str, Bundle); 3] = [
            ("v0.1", Signed::bundle_v01),
            ("v0.2", Signed::bundle_v02),
            ("v0.3", Signed::bundle_v03),
        ];
        for (version, bundle) in versions {
            let make = move |world: &World, who| bundle(&world.build(who, kind));
            let stride = match (version, kind) {
                ("v0.3", LogKind::Dsse) => WHOLE,
                ("v0.2", _) => THIN,
                _ => SAMPLED,
            };
            add(
                &format!("bundle-{version} {name}"),
                stride,
                vec![line(world, Form::Plain, &build, &make)],
            );
        }
    }
    for (kind, name, stride) in [
        (LogKind::DsseV002, "dsse-0.0.2", 4),
        (LogKind::HashedRekordV002, "hashedrekord-0.0.2", SAMPLED),
    ] {
        let make = move |world: &World, who| world.build(who, kind).bundle_v03();
        let lines = vec![line(world, Form::Plain, &build, &make)];
        add(&format!("bundle-v0.3 {name}"), stride, lines);
    }
    for (version, bundle) in [("v0.1", Signed::bundle_v01 as Bundle), ("v0.3", Signed::bundle_v03)] {
        let message = message(world, bundle);
        let stride = if version == "v0.3" { SAMPLED } else { THIN };
        add(&format!("message-{version} hashedrekord-0.0.1"), stride, vec![message]);
    }
    let stamped = SigningOptions {
        timestamp: true,
        ..SigningOptions::default()
    };
    let make = |world: &World, who: Who| {
        let identity = who.generator();
        let statement = slsa_v02(&identity, &who.subjects());
        world.sign(&identity, &statement, stamped).bundle_v03()
    };
    add(
        "bundle-v0.3-with-timestamp dsse-0.0.1",
        4,
        vec![line(world, Form::Plain, &build, &make)],
    );
    let make = |world: &World, who: Who| {
        let statement = slsa_v1(&who.own(), &who.subjects());
        let options = SigningOptions::default();
        world
            .github
            .sign_statement(&who.own(), &statement, options)
            .bundle_v03()
    };
    add("github-internal", WHOLE, vec![line(world, Form::Plain, &build, &make)]);
    let own = |world: &World, who: Who| {
        let statement = slsa_v1(&who.own(), &who.subjects());
        world
            .sign(&who.own(), &statement, SigningOptions::default())
            .bundle_v03()
    };
    add("own-workflow", SAMPLED, vec![line(world, Form::Plain, &build, &own)]);
    let make = move |world: &World, who| json!({"attestations": [{"bundle": own(world, who), "repository_id": 1}]});
    add("api-answer", SAMPLED, vec![line(world, Form::Plain, &build, &make)]);
    pep740(world, &build, &mut add);
    add("json-lines", THIN, json_lines(world));
    all
}

fn pep740(world: &World, build: &Expectation, add: &mut dyn FnMut(&str, usize, Vec<Line>)) {
    let plain = |make: Make<'_>| vec![line(world, Form::Plain, build, make)];
    let released = |who: Who| who.own().environment("Release");
    add(
        "pep740-attestation",
        WHOLE,
        plain(&|world, who| world.publish(who, &who.own()).pep740_attestation()),
    );
    add(
        "pep740-attestation slsa-v1",
        THIN,
        plain(&|world, who| {
            let statement = slsa_v1(&who.own(), &who.subjects());
            world
                .sign(&who.own(), &statement, SigningOptions::default())
                .pep740_attestation()
        }),
    );
    add(
        "pep740-provenance GitHub",
        SAMPLED,
        plain(&|world, who| world.publish(who, &released(who)).pep740_provenance()),
    );
    add(
        "pep740-provenance GitLab",
        SAMPLED,
        vec![line(
            world,
            Form::Plain,
            &pinned("gitlab.com/acme/foo"),
            &|world, who| {
                let publisher = json!({
                    "kind": "GitLab",
                    "repository": who.repository(),
                    "workflow_filepath": ".gitlab-ci.yml",
                    "environment": "release",
                });
                world.provenance(who, &gitlab(who), &publisher)
            },
        )],
    );
    // No claim of Google's or CircleCI's can meet a pin.
    let anybody = Expectation::default();
    add(
        "pep740-provenance Google",
        THIN,
        vec![line(world, Form::Plain, &anybody, &|world, who| {
            let email = format!("bot@{}.example", who.owner);
            let identity = elsewhere(who, "https://accounts.google.com").san(San::Email(email.clone()));
            world.provenance(who, &identity, &json!({"kind": "Google", "email": email}))
        })],
    );
    add(
        "pep740-provenance CircleCI",
        THIN,
        vec![line(world, Form::Plain, &anybody, &|world, who| {
            let pipeline = format!(
                "https://circleci.com/api/v2/projects/{}/pipeline-definitions/one",
                who.owner
            );
            let identity = elsewhere(who, "https://oidc.circleci.com")
                .claim(9, &pipeline)
                .san(San::Uri(pipeline));
            let publisher = json!({"kind": "CircleCI", "project_id": who.owner, "pipeline_definition_id": "one"});
            world.provenance(who, &identity, &publisher)
        })],
    );
}

/// An identity of another provider, without GitHub's claims.
fn elsewhere(who: Who, issuer: &str) -> Identity {
    let identity = who.own().claim(1, issuer).claim(8, issuer);
    (2..=23)
        .filter(|number| ![7, 8].contains(number))
        .fold(identity, Identity::without_claim)
}

fn gitlab(who: Who) -> Identity {
    let project = format!("https://gitlab.com/{}", who.repository());
    let pipeline = format!("{project}//.gitlab-ci.yml@refs/tags/v1.0.0");
    elsewhere(who, "https://gitlab.com")
        .claim(12, &project)
        .claim(13, "c1b8afd3d6ca038dc2bb512503c619fcab489d2b")
        .claim(14, "refs/tags/v1.0.0")
        .claim(18, &pipeline)
        .claim(23, "release")
        .san(San::Uri(pipeline))
}

/// A bundle that signs a file's bytes.
fn message(world: &World, bundle: Bundle) -> Line {
    let make = |world: &World, who: Who| {
        let signed = world
            .sigstore
            .sign_artifact(&who.own(), &who.bytes(), SigningOptions::default());
        bundle(&signed)
    };
    Line {
        judged: Judged::Signature {
            identity: GOOD.own().signer_url(),
            issuer: GOOD.own().issuer,
        },
        ..line(world, Form::Plain, &Expectation::default(), &make)
    }
}

/// Two documents of two files in one file.
fn json_lines(world: &World) -> Vec<Line> {
    let first = line(world, Form::Plain, &pinned("acme/foo"), &|world, who| {
        world.build(who, LogKind::Dsse).bundle_v03()
    });
    let second = Who { project: "bar", ..GOOD };
    let second = Line {
        json: world.build(second, LogKind::IntotoV002).bundle_v02(),
        form: Form::Plain,
        donors: vec![("that of the other line", first.json.clone())],
        file: second.staged(),
        judged: Judged::File(Box::new(pinned("acme/foo"))),
    };
    vec![first, second]
}

/// The time of the run.
pub fn now() -> Timestamp {
    crate::common::now()
}
