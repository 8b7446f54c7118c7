use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Evidence, Found, RekorAnswer, SourceKind, parse_provenance};
use slsa_pip_test_world::fixtures;
use slsa_pip_test_world::statement::Subject;
use slsa_pip_verify::{Basis, Code, Context, StagedFile, TrustRoots, verify_file};

use crate::support::{Run, folder, slsa_pip};

/// Fewer cases than this would mean that some were lost.
const LEAST_CASES: usize = 120;

/// The time of the run where no command line reads the clock.
const NOW: &str = "2026-11-23T00:00:00Z";

/// Codes that `slsa-pip verify` cannot give, and why.
const NOT_BY_VERIFY: [(&str, &str); 18] = [
    (
        "no-evidence",
        "a provenance file is always named; an empty one is `evidence-unreadable`",
    ),
    ("index-digest-mismatch", "there is no index"),
    ("search-timed-out", "there is no search"),
    ("hash-not-allowed", "there is no `--hash`"),
    ("metadata-mismatch", "there is no index"),
    (
        "media-type-unknown",
        "the parser refuses it before as `unknown-media-type`",
    ),
    ("check-not-performed", "the verification library makes all checks"),
    ("identity-mismatch", "`verify-bundle` alone compares a whole identity"),
    ("repository-differs-from-declared", "no metadata is read"),
    ("exemption-package-mismatch", "exemptions are for installs"),
    ("exemption-digest-mismatch", "exemptions are for installs"),
    ("exemption-version-mismatch", "exemptions are for installs"),
    ("exemption-expired", "exemptions are for installs"),
    ("exemption-reason-missing", "exemptions are for installs"),
    ("release-too-young", "there is no index"),
    ("upload-time-missing", "there is no index"),
    ("index-not-allowed", "there is no index"),
    ("locked-identity-mismatch", "there is no lock file"),
];

/// Beginnings of codes that `slsa-pip verify` cannot give, and why; `tests/continuity.rs` and `tests/wheel_inspection.rs` show them.
const FAMILIES_NOT_BY_VERIFY: [(&str, &str); 2] = [
    ("continuity-", "nothing is compared with earlier releases"),
    ("wheel-", "no wheel is opened"),
];

/// The numbered rules.
const RULES: [(&str, u32); 6] = [("A", 6), ("B", 9), ("C", 4), ("D", 6), ("E", 7), ("F", 4)];

/// Rules that nothing refuses by: only the core makes a verdict of acceptance (F2), and the same input gives the same one (F4).
const WITHOUT_REFUSALS: [&str; 2] = ["F2", "F4"];

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/verify")
}

/// A case as its folder says it.
struct Case {
    folder: PathBuf,
    /// Where the shared trusted roots lie.
    roots: PathBuf,
    name: String,
    json: Value,
}

impl Case {
    fn read(folder: &Path, roots: &Path) -> Self {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read(folder.join("case.json")).unwrap_or_else(|error| panic!("{name}/case.json: {error}"));
        Self {
            folder: folder.to_owned(),
            roots: roots.to_owned(),
            json: serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}/case.json: {error}")),
            name,
        }
    }

    fn text(&self, key: &str) -> &str {
        self.json[key].as_str().unwrap_or_default()
    }

    fn texts(&self, key: &str) -> Vec<&str> {
        let list = self.json[key].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|text| text.as_str().expect("a text")).collect()
    }

    /// The codes that it must be refused with.
    fn codes(&self) -> Vec<&str> {
        self.texts("codes")
    }

    /// `slsa-pip verify` in the case's folder.
    fn run(&self) -> Run {
        let root = match self.text("root") {
            "public" => self.roots.join(fixtures::TRUSTED_ROOT),
            "github" => self.roots.join(fixtures::GITHUB_ROOT),
            "own" => self.folder.join("trusted_root.json"),
            other => panic!("{}: unknown root {other}", self.name),
        };
        let mut command = slsa_pip(&self.folder);
        command
            .args([
                "verify",
                "--offline",
                "--no-cache-dir",
                "--format",
                "json",
                "--trusted-root",
            ])
            .arg(root);
        for path in self.texts("provenance") {
            command.args(["--provenance", path]);
        }
        for (option, values) in self.json["options"].as_object().expect("options") {
            for value in values.as_array().expect("values") {
                command.arg(format!("--{option}={}", value.as_str().expect("a text")));
            }
        }
        Run::of(command.arg(self.text("artifact")))
    }

    /// The verdict under both roots together. The command line takes one root from a file; this is what it does with the pair
    /// that is embedded in it.
    fn judge_by_both(&self) -> Result<(), String> {
        let root = |name| std::fs::read_to_string(self.roots.join(name)).expect("a root");
        let (public, github) = (root(fixtures::TRUSTED_ROOT), root(fixtures::GITHUB_ROOT));
        let roots = TrustRoots::new(&public, Some(&github)).expect("usable roots");
        let options = self.json["options"].as_object().expect("options");
        assert!(options.keys().eq(["source-uri"]), "{}: {options:?}", self.name);
        let uri = options["source-uri"][0].as_str().expect("a text");
        let expectation = Expectation {
            repositories: vec![uri.parse().expect("a repository")],
            ..Expectation::default()
        };
        let evidence: Vec<_> = self
            .texts("provenance")
            .into_iter()
            .flat_map(|name| self.evidence(name))
            .collect();
        let artifact = self.text("artifact");
        let bytes = std::fs::read(self.folder.join(artifact)).expect("the artifact");
        let digest = Subject::of(artifact, &bytes).sha256;
        let digest = digest.parse().expect("a digest");
        let staged = StagedFile::new(artifact.into(), artifact.to_owned(), digest, bytes.len() as u64);
        let context = Context {
            roots: &roots,
            expectation: &expectation,
            now: NOW.parse().expect("a time"),
            package: None,
        };
        let found = match verify_file(&staged, &evidence, &context) {
            Ok(verified) => match verified.basis() {
                Basis::Attested(attested) => json!([attested.kind, attested.build_level]),
                other => panic!("{other:?}"),
            },
            Err(refusals) => refusals.iter().map(|refusal| refusal.code.as_str()).collect(),
        };
        let expected = match self.text("verdict") {
            "verified" => json!([self.json["kind"], self.json["level"]]),
            _ => json!(self.codes()),
        };
        if found == expected {
            return Ok(());
        }
        Err(format!("must be {expected}, is {found}"))
    }

    fn evidence(&self, name: &str) -> Vec<Evidence> {
        let bytes = std::fs::read(self.folder.join(name)).expect("the provenance");
        let answers = std::fs::read(self.folder.join(format!("{name}.rekor.json"))).unwrap_or_else(|_| b"[]".to_vec());
        let answers: Vec<Value> = serde_json::from_slice(&answers).expect("the log's answers");
        let answers = answers.iter().flat_map(|answer| answer.as_object().expect("an answer"));
        let log_answers: Vec<_> = answers
            .map(|(uuid, entry)| RekorAnswer {
                uuid: uuid.clone(),
                entry: entry.clone(),
            })
            .collect();
        let parsed = parse_provenance(&bytes);
        assert!(parsed.problems.is_empty(), "{}: {:?}", self.name, parsed.problems);
        let evidence = parsed.attestations.into_iter().map(|located| Evidence {
            attestation: located.item,
            found: Found {
                kind: SourceKind::File,
                location: name.to_owned(),
                line: located.line,
            },
            log_answers: log_answers.clone(),
        });
        evidence.collect()
    }

    /// What is wrong with the outcome; nothing if it is the expected one.
    fn judge(&self) -> Result<(), String> {
        if self.text("root") == "both" {
            return self.judge_by_both();
        }
        let run = self.run();
        let codes = || run.code.filter(|code| *code < 2).map(|_| run.codes());
        let outcome = format!("exit code {:?}, codes {:?}, {}", run.code, codes(), run.stderr.trim());
        let ensure = |met: bool, what: &str| if met { Ok(()) } else { Err(format!("{what}: {outcome}")) };
        match self.text("verdict") {
            "verified" => {
                ensure(run.code == Some(0), "must be accepted")?;
                let evidence = &run.json()["files"][0]["evidence"];
                let found = (&evidence["kind"], &evidence["build_level"]);
                ensure(
                    found == (&self.json["kind"], &self.json["level"]),
                    &format!("is accepted for {found:?}"),
                )
            }
            "refused" => {
                ensure(run.code == Some(1), "must be refused")?;
                let codes = self.codes();
                ensure(run.codes() == codes, &format!("must be refused with {codes:?}"))?;
                let Some(problem) = self.json["problem"].as_str() else {
                    return Ok(());
                };
                let found = run.json()["files"][0]["refusals"][0]["found"].clone();
                let ending = format!("[{problem}]");
                ensure(
                    found.as_str().is_some_and(|found| found.ends_with(&ending)),
                    &format!("must be unreadable as {problem}, not {found}"),
                )
            }
            "error" => {
                ensure(run.code == Some(2), "must end with an error")?;
                let text = self.text("error");
                ensure(run.stderr.contains(text), &format!("the error must say {text:?}"))
            }
            other => Err(format!("unknown verdict {other}")),
        }
    }
}

/// Judges cases side by side; what is wrong with each that fails.
fn judge_all(cases: &[Case]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = case.judge() {
                        failures.lock().unwrap().push(format!("{}: {why}", case.name));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures
}

/// The cases below a folder; the shared roots lie there too.
fn cases(tree: &Path) -> Vec<Case> {
    let mut folders: Vec<_> = std::fs::read_dir(tree)
        .expect("a folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| Case::read(folder, tree)).collect()
}

fn assert_all_good(cases: &[Case]) {
    let failures = judge_all(cases);
    let (count, text) = (cases.len(), failures.join("\n"));
    assert!(failures.is_empty(), "{} of {count}:\n{text}", failures.len());
}

#[test]
fn every_case_is_judged_as_its_folder_says() {
    let cases = cases(&tree());
    assert!(cases.len() >= LEAST_CASES, "{} cases", cases.len());
    assert_all_good(&cases);
}

/// What is too large or too much of a kind for the tree.
#[test]
fn further_cases_are_judged_as_they_say() {
    let directory = folder();
    for name in [fixtures::TRUSTED_ROOT, fixtures::GITHUB_ROOT] {
        std::fs::copy(tree().join(name), directory.path().join(name)).expect("copied");
    }
    for case in fixtures::further_cases() {
        case.write(directory.path()).expect("written");
    }
    let cases = cases(directory.path());
    assert!(cases.len() >= LEAST_CASES, "{} cases", cases.len());
    assert_all_good(&cases);
}

#[test]
fn the_same_input_gives_the_same_report() {
    let cases = cases(&tree());
    let case = cases
        .iter()
        .find(|case| case.text("rule") == "F4")
        .expect("a case of F4");
    let (first, second) = (case.run(), case.run());
    assert_eq!((first.code, &first.stdout), (Some(0), &second.stdout));
}

#[test]
fn the_tree_is_what_the_generator_writes() {
    let differences = fixtures::check(&tree()).expect("a readable tree");
    let text: Vec<_> = differences.iter().map(ToString::to_string).collect();
    let command = "cargo run -p slsa-pip-test-world --bin slsa-pip-fixtures -- generate";
    assert!(text.is_empty(), "run `{command}`:\n{}", text.join("\n"));
}

#[test]
fn every_folder_says_what_it_is_and_what_is_good() {
    let tree = tree();
    let cases = cases(&tree);
    let overview = std::fs::read_to_string(tree.join("README.md")).expect("fixtures/verify/README.md");
    let good: BTreeSet<_> = cases
        .iter()
        .filter(|case| case.text("verdict") == "verified")
        .map(|case| case.name.as_str())
        .collect();
    for case in &cases {
        let name = &case.name;
        let readme = std::fs::read_to_string(case.folder.join("README.md")).expect("README.md");
        assert!(
            overview.contains(&format!("]({name}/README.md)")),
            "{name} is not in the table"
        );
        assert!(
            readme.contains(&format!("Rule {}:", case.text("rule"))),
            "{name}: {readme}"
        );
        for code in case.texts("codes") {
            assert!(readme.contains(&format!("`{code}`")), "{name} does not name {code}");
        }
        assert_eq!(name.ends_with("_fail"), !good.contains(name.as_str()), "{name}");
        if name.ends_with("_fail") {
            let sibling = case.text("good");
            assert!(good.contains(sibling), "{name}: {sibling} is no good case");
            assert!(readme.contains(&format!("(../{sibling}/README.md)")), "{name}");
        }
    }
}

#[test]
fn every_code_and_every_rule_has_its_cases() {
    let cases = cases(&tree());
    let given: BTreeSet<_> = cases.iter().flat_map(|case| case.texts("codes")).collect();
    let known: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let excused: BTreeMap<_, _> = NOT_BY_VERIFY.into();
    for code in &known {
        let family = FAMILIES_NOT_BY_VERIFY.iter().find(|(start, _)| code.starts_with(start));
        let excuse = excused.get(code).or_else(|| family.map(|(_, why)| why));
        let given = given.contains(code);
        assert!(given != excuse.is_some(), "{code}: given {given}, excuse {excuse:?}");
    }
    assert!(given.is_subset(&known), "{given:?}");
    for (section, last) in RULES {
        for number in 1..=last {
            let rule = format!("{section}{number}");
            let of_rule = || cases.iter().filter(|case| case.text("rule") == rule);
            let refused = of_rule().any(|case| case.name.ends_with("_fail"));
            // Every refusal names a good case, so that a rule with refusals has one.
            let passed = refused || of_rule().any(|case| !case.name.ends_with("_fail"));
            let excused = WITHOUT_REFUSALS.contains(&rule.as_str());
            assert!(refused != excused, "{rule}: refusals {refused}");
            assert!(passed || rule == "F2", "{rule} has no case");
        }
    }
}
