//! The text of a lock file: the standard's order of keys, packages and files sorted, so that the same lock gives the same bytes.

use std::fmt::Write as _;

use slsa_pip_policy::Publisher;

use crate::model::{Dependency, File, Lock, Package, Place, Recorded, Source, SourceTree};

/// The text.
#[must_use]
pub fn write(lock: &Lock) -> String {
    let mut out = String::from("lock-version = \"1.0\"\n");
    list(
        &mut out,
        "environments",
        lock.environments.iter().map(ToString::to_string),
    );
    text(&mut out, "requires-python", lock.requires_python.as_ref());
    list(&mut out, "extras", lock.extras.iter().map(ToString::to_string));
    list(
        &mut out,
        "dependency-groups",
        lock.dependency_groups.iter().map(ToString::to_string),
    );
    list(
        &mut out,
        "default-groups",
        lock.default_groups.iter().map(ToString::to_string),
    );
    text(&mut out, "created-by", Some(&lock.created_by));
    if lock.packages.is_empty() {
        out.push_str("packages = []\n");
    }
    let mut packages: Vec<&Package> = lock.packages.iter().collect();
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    for it in packages {
        package(&mut out, it);
    }
    out
}

fn package(out: &mut String, package: &Package) {
    out.push_str("\n[[packages]]\n");
    text(out, "name", Some(&package.name));
    text(out, "version", package.version.as_ref());
    text(out, "marker", package.marker.as_ref());
    text(out, "requires-python", package.requires_python.as_ref());
    if !package.dependencies.is_empty() {
        let mut entries: Vec<&Dependency> = package.dependencies.iter().collect();
        entries.sort();
        out.push_str("dependencies = [\n");
        for entry in entries {
            let _ = write!(out, "    {{ name = {}", quoted(entry.name.as_str()));
            if let Some(version) = &entry.version {
                let _ = write!(out, ", version = {}", quoted(&version.to_string()));
            }
            out.push_str(" },\n");
        }
        out.push_str("]\n");
    }
    text(out, "index", package.index.as_ref());
    match &package.source {
        // Inline, so that what follows still belongs to the package.
        Source::Tree(SourceTree::Vcs { kind, place, commit }) => {
            let key = if place.contains("://") { "url" } else { "path" };
            let _ = writeln!(
                out,
                "vcs = {{ type = {}, {key} = {}, commit-id = {} }}",
                quoted(kind),
                quoted(place),
                quoted(commit)
            );
        }
        Source::Tree(SourceTree::Directory { path, editable }) => {
            let _ = writeln!(out, "directory = {{ path = {}, editable = {editable} }}", quoted(path));
        }
        Source::Archive(archive) => {
            let _ = writeln!(out, "archive = {}", file(archive, false));
        }
        Source::Files { wheels, sdist } => {
            if let Some(sdist) = sdist {
                let _ = writeln!(out, "sdist = {}", file(sdist, true));
            }
            let mut wheels: Vec<&File> = wheels.iter().map(|(_, file)| file).collect();
            wheels.sort_by(|a, b| a.name.cmp(&b.name));
            if !wheels.is_empty() {
                out.push_str("wheels = [\n");
                for wheel in wheels {
                    let _ = writeln!(out, "    {},", file(wheel, true));
                }
                out.push_str("]\n");
            }
        }
    }
    for publisher in &package.publishers {
        identity(out, publisher);
    }
    if let Some(it) = &package.recorded {
        recorded(out, it);
    }
}

/// An inline table, keys in the standard's order. Archives have no name of their own.
fn file(file: &File, named: bool) -> String {
    let mut parts = Vec::new();
    if named {
        parts.push(format!("name = {}", quoted(&file.name)));
    }
    if let Some(time) = file.upload_time {
        parts.push(format!("upload-time = {time}"));
    }
    parts.push(match &file.place {
        Place::Url(url) => format!("url = {}", quoted(url.as_str())),
        Place::Path(path) => format!("path = {}", quoted(path)),
    });
    if let Some(size) = file.size {
        parts.push(format!("size = {size}"));
    }
    let mut hashes: Vec<(&str, String)> = file
        .other_hashes
        .iter()
        .map(|(name, digits)| (name.as_str(), digits.clone()))
        .collect();
    hashes.extend(file.sha256.map(|digest| ("sha256", digest.to_hex())));
    hashes.sort();
    let hashes: Vec<String> = hashes
        .iter()
        .map(|(name, digits)| format!("{} = {}", key(name), quoted(digits)))
        .collect();
    parts.push(format!("hashes = {{ {} }}", hashes.join(", ")));
    format!("{{ {} }}", parts.join(", "))
}

fn identity(out: &mut String, publisher: &Publisher) {
    out.push_str("\n[[packages.attestation-identities]]\n");
    text(out, "kind", Some(publisher.kind()));
    match publisher {
        Publisher::GitHub {
            repository,
            workflow,
            environment,
        } => {
            text(out, "repository", Some(repository));
            text(out, "workflow", Some(workflow));
            text(out, "environment", environment.as_ref());
        }
        Publisher::GitLab {
            repository,
            workflow_filepath,
            environment,
        } => {
            text(out, "repository", Some(repository));
            text(out, "workflow_filepath", Some(workflow_filepath));
            text(out, "environment", environment.as_ref());
        }
        Publisher::Google { email } => text(out, "email", Some(email)),
        Publisher::CircleCi {
            project_id,
            pipeline_definition_id,
        } => {
            text(out, "project_id", Some(project_id));
            text(out, "pipeline_definition_id", Some(pipeline_definition_id));
        }
        Publisher::Other { .. } => {}
    }
}

fn recorded(out: &mut String, recorded: &Recorded) {
    out.push_str("\n[packages.tool.slsa-pip]\n");
    list(out, "verified", recorded.verified.iter().cloned());
    text(out, "evidence", recorded.evidence);
    if let Some(level) = recorded.level {
        let _ = writeln!(out, "level = {level}");
    }
    for (name, value) in [
        ("repository", &recorded.repository),
        ("repository-id", &recorded.repository_id),
        ("owner-id", &recorded.owner_id),
        ("workflow", &recorded.workflow),
        ("builder", &recorded.builder),
        ("ref", &recorded.reference),
        ("trigger", &recorded.trigger),
        ("runner-environment", &recorded.runner_environment),
        ("exempt", &recorded.exempt),
        ("tolerated", &recorded.tolerated),
    ] {
        text(out, name, value.as_ref());
    }
}

fn text(out: &mut String, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{name} = {}", quoted(&value.to_string()));
    }
}

fn list(out: &mut String, name: &str, values: impl Iterator<Item = String>) {
    let values: Vec<String> = values.map(|value| quoted(&value)).collect();
    if !values.is_empty() {
        let _ = writeln!(out, "{name} = [{}]", values.join(", "));
    }
}

/// A basic string. Written here: whatever a value holds, it must stay one.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key as it stands, or quoted.
fn key(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if bare { name.to_owned() } else { quoted(name) }
}
