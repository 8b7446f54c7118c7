//! `[[packages]]`.

use std::collections::BTreeSet;

use slsa_pip_distribution::{PackageName, Version};
use url::Url;

use super::table::Table;
use super::{MAX_PACKAGES, MAX_PUBLISHERS, MAX_WHEELS, file, is_empty_list, publisher, recorded};
use crate::error::Collector;
use crate::model::{Dependency, Environment, Line, Package, Source, SourceTree, Specifiers};

/// Most dependencies that one entry may name.
const MAX_DEPENDENCIES: usize = 5000;

/// All entries.
pub(super) fn all(root: &Table<'_>, text: &str, errors: &mut Collector<'_>) -> Vec<Package> {
    if !root.has("packages") {
        errors.push("missing-key", &(0..0), "the file has no `packages`");
    }
    let mut lines = Lines::new(text);
    let tables = root.tables("packages", MAX_PACKAGES, errors);
    tables
        .into_iter()
        .filter_map(|table| {
            let line = lines.of(table.span.start);
            package(table, line, errors)
        })
        .collect()
}

fn package(mut table: Table<'_>, line: usize, errors: &mut Collector<'_>) -> Option<Package> {
    "this package".clone_into(&mut table.title);
    let name: PackageName = {
        let (span, text) = table.needed("name", errors)?;
        match text.parse() {
            Ok(name) => name,
            Err(error) => {
                let error: slsa_pip_distribution::name::InvalidName = error;
                errors.push("invalid-value", &span, error.to_string());
                return None;
            }
        }
    };
    table.title = format!("package `{name}`");
    let version: Option<Version> = table.parsed("version", str::parse, errors);
    Some(Package {
        marker: table.parsed("marker", Environment::parse, errors),
        requires_python: table.parsed("requires-python", Specifiers::parse, errors),
        dependencies: dependencies(&table, errors),
        index: index(&table, errors),
        source: source(&table, &name, version.as_ref(), errors)?,
        publishers: table
            .tables("attestation-identities", MAX_PUBLISHERS, errors)
            .iter()
            .filter_map(|identity| publisher::read(identity, errors))
            .collect(),
        recorded: recorded::read(&table),
        line: Line(line),
        name,
        version,
    })
}

fn dependencies(table: &Table<'_>, errors: &mut Collector<'_>) -> Vec<Dependency> {
    table
        .tables("dependencies", MAX_DEPENDENCIES, errors)
        .iter()
        .filter_map(|entry| {
            entry.needed("name", errors)?;
            Some(Dependency {
                name: entry.parsed("name", str::parse, errors)?,
                version: entry.parsed("version", str::parse, errors),
            })
        })
        .collect()
}

fn index(table: &Table<'_>, errors: &mut Collector<'_>) -> Option<Url> {
    let (span, text) = table.text("index", errors)?;
    file::web_url(&table.title, "index", &span, text, errors).map(|mut url| {
        url.set_query(None);
        // As the index client keeps it: what is below is joined to it.
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url
    })
}

/// Exactly one kind of source; wheels and a source distribution may stand together.
fn source(
    table: &Table<'_>,
    name: &PackageName,
    version: Option<&Version>,
    errors: &mut Collector<'_>,
) -> Option<Source> {
    let given = |key: &str| table.get(key).is_some_and(|(_, value)| !is_empty_list(value));
    let kinds: Vec<&str> = ["vcs", "directory", "archive", "wheels", "sdist"]
        .into_iter()
        .filter(|key| given(key))
        .collect();
    match kinds.as_slice() {
        ["vcs"] => {
            let vcs = table.table("vcs", errors)?;
            let place = place_of_tree(&vcs, errors);
            Some(Source::Tree(SourceTree::Vcs {
                kind: vcs.needed("type", errors)?.1.to_owned(),
                commit: vcs.needed("commit-id", errors)?.1.to_owned(),
                place: place?,
            }))
        }
        ["directory"] => {
            let directory = table.table("directory", errors)?;
            Some(Source::Tree(SourceTree::Directory {
                path: directory.needed("path", errors)?.1.to_owned(),
                editable: directory.boolean("editable", errors).unwrap_or(false),
            }))
        }
        ["archive"] => {
            let archive = table.table("archive", errors)?;
            file::read(&archive, errors).map(Source::Archive)
        }
        ["wheels" | "sdist"] | ["wheels", "sdist"] => {
            let tables = table.tables("wheels", MAX_WHEELS, errors);
            let wheels: Vec<_> = tables
                .iter()
                .filter_map(|wheel| file::wheel(wheel, name, version, errors))
                .collect();
            let mut seen = BTreeSet::new();
            for (wheel, file) in &wheels {
                if !seen.insert(wheel.as_str()) {
                    let message = format!("package `{name}` lists the wheel `{}` twice", file.name);
                    errors.push("duplicate-file", &table.span, message);
                }
            }
            let sdist = if given("sdist") {
                Some(file::read(&table.table("sdist", errors)?, errors)?)
            } else {
                None
            };
            Some(Source::Files { wheels, sdist })
        }
        [] => {
            let message =
                format!("package `{name}` names no source: no `wheels`, `sdist`, `archive`, `vcs` or `directory`");
            errors.push("missing-source", &table.span, message);
            None
        }
        many => {
            let many: Vec<String> = many.iter().map(|kind| format!("`{kind}`")).collect();
            let message = format!(
                "package `{name}` names sources that exclude one another: {}",
                many.join(", ")
            );
            errors.push("conflicting-sources", &table.span, message);
            None
        }
    }
}

/// The URL or path of a source tree, without credentials: it is only ever shown.
fn place_of_tree(vcs: &Table<'_>, errors: &mut Collector<'_>) -> Option<String> {
    if let Some((_, path)) = vcs.text("path", errors) {
        return Some(path.to_owned());
    }
    let (span, text) = vcs.needed("url", errors)?;
    let Ok(url) = Url::parse(text) else {
        // `git@host:path` is no URL.
        return Some(text.to_owned());
    };
    if url.password().is_some() {
        file::refuse_login(&vcs.title, "url", &span, errors);
        return None;
    }
    Some(url.to_string())
}

/// Counts lines while the spans go on; starts anew where they do not.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    fn of(&mut self, start: usize) -> usize {
        if let Some(between) = self.text.get(self.at..start) {
            self.line += between.matches('\n').count();
            self.at = start;
        }
        self.line
    }
}
