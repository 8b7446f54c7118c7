//! The examples in `fixtures/policies`: good ones are taken by the reader and by the schema, bad ones refused with the text
//! beside them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the helpers of tests fail as tests do, and fixtures are files"
)]

mod schema;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_policy::keys::{KEYS, Shape, TableKind};
use slsa_pip_policy::{Document, Format, Layers, Policy, PolicyCode, PolicyErrors, Target};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/policies")
}

/// The policies of a folder, by name: files, and folders with a `slsa-pip.toml`.
fn policies(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn format(path: &Path) -> Format {
    let name = path.file_name().unwrap().to_string_lossy();
    if name.starts_with("pyproject") {
        Format::Pyproject
    } else {
        Format::Policy
    }
}

fn document(path: &Path) -> Result<Option<Document>, PolicyErrors> {
    let text = fs::read_to_string(path).unwrap();
    Document::parse(&text, &path.file_name().unwrap().to_string_lossy(), format(path))
}

/// Reads a file, or a folder with its imports: whose digests are those of the files is for the tests of the program.
fn policy(path: &Path) -> Result<Option<Policy>, PolicyErrors> {
    let (folder, file) = if path.is_dir() {
        (path.to_owned(), path.join("slsa-pip.toml"))
    } else {
        (root(), path.to_owned())
    };
    let Some(project) = document(&file)? else {
        return Ok(None);
    };
    let mut layers = Layers {
        project: Some(project),
        ..Layers::default()
    };
    while path.is_dir() {
        let missing = layers.missing()?;
        if missing.is_empty() {
            break;
        }
        for (_, import) in missing {
            let Target::Path(name) = &import.target else {
                panic!("only paths")
            };
            let imported = document(&folder.join(name))?.unwrap();
            layers.imported.insert(import.sha256, imported);
        }
    }
    Policy::of_layers(layers).map(Some)
}

fn codes(errors: &PolicyErrors) -> impl Iterator<Item = PolicyCode> {
    errors.errors.iter().map(|error| error.code)
}

#[test]
fn good_policies_are_taken_by_reader_and_schema() {
    for path in policies("good") {
        let read = policy(&path).unwrap_or_else(|errors| panic!("{}:\n{errors}", path.display()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(read.is_none(), name == "pyproject-without", "{name}");
        let files: Vec<PathBuf> = if path.is_dir() {
            fs::read_dir(&path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect()
        } else {
            vec![path.clone()]
        };
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let problems = schema::check(&text, format(&file) == Format::Pyproject);
            assert!(problems.is_empty(), "{}: {problems:?}", file.display());
        }
    }
}

#[test]
fn bad_policies_are_refused_with_the_text_beside_them() {
    let mut seen = BTreeSet::new();
    for path in policies("bad") {
        let errors = policy(&path).err();
        let errors = errors.unwrap_or_else(|| panic!("{} was taken", path.display()));
        seen.extend(codes(&errors));
        let beside = if path.is_dir() {
            path.join("expected")
        } else {
            path.with_extension("expected")
        };
        let shown = format!("{errors}\n");
        if std::env::var_os("SLSA_PIP_WRITE_DOCS").is_some() {
            fs::write(&beside, &shown).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(shown, expected, "{}", beside.display());
        assert!(!shown.contains("secret"), "{}", path.display());
    }
    // The rest need more than a file, or a very long one.
    let elsewhere = [PolicyCode::TooLarge, PolicyCode::ImportDigest, PolicyCode::MissingTable];
    for code in PolicyCode::ALL {
        assert_ne!(
            seen.contains(&code),
            elsewhere.contains(&code),
            "{code}: in an example, or tested elsewhere"
        );
    }
}

/// A table with all that is needed, in which a key is then set.
fn with_key(kind: TableKind, line: &str) -> String {
    let digest = "0".repeat(64);
    match kind {
        TableKind::Root => format!("{line}\n"),
        TableKind::Defaults => format!("[defaults]\n{line}\n"),
        TableKind::Package if line.contains("repository =") || !line.contains("-id") => {
            format!("[packages.a]\n{line}\n")
        }
        TableKind::Package => format!("[packages.a]\nrepository = 'acme/a'\n{line}\n"),
        TableKind::Exemption => {
            let all = [
                ("versions", "versions = '==1'".to_owned()),
                ("sha256", format!("sha256 = ['{digest}']")),
                ("reason", "reason = 'x'".to_owned()),
            ];
            let rest = all
                .iter()
                .filter(|(name, _)| !line.starts_with(name))
                .map(|(_, line)| line.as_str());
            format!("[exemptions.a]\n{line}\n{}\n", rest.collect::<Vec<_>>().join("\n"))
        }
        TableKind::Import => {
            let target = if line.starts_with("sha256") {
                "path = 'x.toml'"
            } else {
                ""
            };
            let digest = if line.starts_with("sha256") {
                String::new()
            } else {
                format!("sha256 = '{digest}'")
            };
            format!("[[imports]]\n{line}\n{target}\n{digest}\n")
        }
    }
}

/// The reader, the schema and the table of keys know the same: every key is taken in every table that it is listed for, with
/// its example, and refused in every other.
#[test]
fn reader_schema_and_table_of_keys_know_the_same_keys() {
    let kinds = [
        TableKind::Root,
        TableKind::Defaults,
        TableKind::Package,
        TableKind::Exemption,
        TableKind::Import,
    ];
    for key in KEYS {
        if matches!(key.shape, Shape::Table(_) | Shape::Tables(_) | Shape::ListOfTables(_)) {
            continue;
        }
        for kind in kinds {
            let text = with_key(kind, &format!("{} = {}", key.name, key.example));
            let read = Document::parse(&text, "x.toml", Format::Policy);
            let by_schema = schema::check(&text, false);
            let listed = KEYS
                .iter()
                .any(|known| known.name == key.name && known.tables.contains(&kind));
            if key.tables.contains(&kind) {
                assert!(read.is_ok(), "{kind:?} {text}\n{}", read.unwrap_err());
                assert!(by_schema.is_empty(), "{kind:?} {text}\n{by_schema:?}");
            } else if !listed {
                assert!(
                    codes(&read.unwrap_err()).any(|code| code == PolicyCode::UnknownKey),
                    "{kind:?} {text}"
                );
                assert!(!by_schema.is_empty(), "{kind:?} {text}");
            }
            assert!(!key.meaning.is_empty(), "{}", key.name);
        }
    }
}

/// What the schema refuses, the reader refuses: it must never be stricter in an editor than in a run.
#[test]
fn the_schema_is_never_stricter_than_the_reader() {
    for path in policies("bad").into_iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).unwrap();
        let pyproject = format(&path) == Format::Pyproject;
        if !schema::check(&text, pyproject).is_empty() {
            assert!(policy(&path).is_err(), "{}", path.display());
        }
    }
}

#[test]
fn a_digest_is_what_imports_are_found_by() {
    let path = root().join("good/stricter/slsa-pip.toml");
    let document = document(&path).unwrap().unwrap();
    let digests: Vec<Sha256Digest> = document.imports().iter().map(|import| import.sha256).collect();
    assert_eq!(digests.len(), 1);
}
