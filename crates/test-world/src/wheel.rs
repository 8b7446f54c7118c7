//! Small valid wheels, built in memory; the same description always gives the same bytes.

use crate::encoding::{base64_url, sha256, sha256_hex};
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A built file of a project: a wheel, or a source archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// Project name as written.
    pub name: String,
    /// Version as written.
    pub version: String,
    /// File name.
    pub filename: String,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Its METADATA.
    pub metadata: String,
    /// `Requires-Python`, for the index page.
    pub requires_python: Option<String>,
}

impl Wheel {
    /// Starts a wheel that holds one module named after the project.
    pub fn builder(name: &str, version: &str) -> WheelBuilder {
        WheelBuilder {
            name: name.to_owned(),
            version: version.to_owned(),
            tag: "py3-none-any".to_owned(),
            build: None,
            requires_python: None,
            requires_dist: Vec::new(),
            extras: Vec::new(),
            project_urls: Vec::new(),
            files: Vec::new(),
        }
    }

    /// A source archive: the right name, and bytes that nothing here unpacks. For testing that it is refused.
    pub fn sdist(name: &str, version: &str) -> Self {
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            filename: format!("{}-{version}.tar.gz", escape(name)),
            bytes: format!("not an archive: {name} {version}").into_bytes(),
            metadata,
            requires_python: None,
        }
    }

    /// Lower-case hex SHA-256 of the file.
    pub fn sha256(&self) -> String {
        sha256_hex(&self.bytes)
    }

    /// The project's normalised name (PEP 503).
    pub fn normalized_name(&self) -> String {
        normalize(&self.name)
    }

    /// A valid wheel of the same name and version with another content: what an attacker would serve instead.
    #[must_use]
    pub fn tampered(&self) -> Self {
        let module = escape(&self.name);
        let mut tampered = Self::builder(&self.name, &self.version)
            .file(&format!("{module}/__init__.py"), "__version__ = 'tampered'\n")
            .build();
        tampered.filename.clone_from(&self.filename);
        tampered
    }
}

/// Describes a wheel. See [`Wheel::builder`].
#[derive(Debug, Clone)]
pub struct WheelBuilder {
    name: String,
    version: String,
    tag: String,
    build: Option<String>,
    requires_python: Option<String>,
    requires_dist: Vec<String>,
    extras: Vec<String>,
    project_urls: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl WheelBuilder {
    /// Sets the compatibility tag; `py3-none-any` unless set.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    /// Sets the build number.
    #[must_use]
    pub fn build_number(mut self, build: &str) -> Self {
        self.build = Some(build.to_owned());
        self
    }

    /// Sets `Requires-Python`.
    #[must_use]
    pub fn requires_python(mut self, specifiers: &str) -> Self {
        self.requires_python = Some(specifiers.to_owned());
        self
    }

    /// Adds a dependency, PEP 508.
    #[must_use]
    pub fn requires(mut self, requirement: &str) -> Self {
        self.requires_dist.push(requirement.to_owned());
        self
    }

    /// Declares an extra.
    #[must_use]
    pub fn extra(mut self, extra: &str) -> Self {
        self.extras.push(extra.to_owned());
        self
    }

    /// Adds a project URL.
    #[must_use]
    pub fn project_url(mut self, label: &str, url: &str) -> Self {
        self.project_urls.push((label.to_owned(), url.to_owned()));
        self
    }

    /// Adds a file. Without any, the wheel holds one module with `__version__`.
    #[must_use]
    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.files.push((path.to_owned(), content.to_owned()));
        self
    }

    /// Builds the wheel.
    pub fn build(self) -> Wheel {
        let module = escape(&self.name);
        let dist_info = format!("{module}-{}.dist-info", self.version);
        let metadata = self.metadata();
        let mut files = self.files.clone();
        if files.is_empty() {
            files.push((
                format!("{module}/__init__.py"),
                format!("__version__ = '{}'\n", self.version),
            ));
        }
        let wheel = format!(
            "Wheel-Version: 1.0\nGenerator: test-world\nRoot-Is-Purelib: true\nTag: {}\n",
            self.tag
        );
        files.push((format!("{dist_info}/METADATA"), metadata.clone()));
        files.push((format!("{dist_info}/WHEEL"), wheel));
        files.push((format!("{dist_info}/top_level.txt"), format!("{module}\n")));
        let record: String = files.iter().map(|(path, content)| record_line(path, content)).collect();
        files.push((format!("{dist_info}/RECORD"), format!("{record}{dist_info}/RECORD,,\n")));
        let build = self.build.map(|build| format!("-{build}")).unwrap_or_default();
        Wheel {
            filename: format!("{module}-{}{build}-{}.whl", self.version, self.tag),
            bytes: archive(&files),
            metadata,
            requires_python: self.requires_python,
            name: self.name,
            version: self.version,
        }
    }

    fn metadata(&self) -> String {
        let mut lines = vec![
            "Metadata-Version: 2.1".to_owned(),
            format!("Name: {}", self.name),
            format!("Version: {}", self.version),
            "Summary: A package of the test world".to_owned(),
        ];
        lines.extend(
            self.project_urls
                .iter()
                .map(|(label, url)| format!("Project-URL: {label}, {url}")),
        );
        lines.extend(
            self.requires_python
                .iter()
                .map(|specifiers| format!("Requires-Python: {specifiers}")),
        );
        lines.extend(self.extras.iter().map(|extra| format!("Provides-Extra: {extra}")));
        lines.extend(
            self.requires_dist
                .iter()
                .map(|requirement| format!("Requires-Dist: {requirement}")),
        );
        lines.join("\n") + "\n"
    }
}

/// PEP 503: runs of `-`, `_` and `.` become one `-`, letters become lower-case.
pub(crate) fn normalize(name: &str) -> String {
    let parts: Vec<_> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_ascii_lowercase()
}

/// The normalised name with underscores, as file names have it.
fn escape(name: &str) -> String {
    normalize(name).replace('-', "_")
}

fn record_line(path: &str, content: &str) -> String {
    format!(
        "{path},sha256={},{}\n",
        base64_url(&sha256(content.as_bytes())),
        content.len()
    )
}

fn archive(files: &[(String, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (path, content) in files {
        zip.start_file(path.as_str(), options).expect("a file starts");
        zip.write_all(content.as_bytes()).expect("memory takes it");
    }
    zip.finish().expect("the archive ends").into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn entry(wheel: &Wheel, path: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(wheel.bytes.clone())).unwrap();
        let mut text = String::new();
        archive.by_name(path).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn bytes_are_deterministic() {
        let build = || Wheel::builder("Acme.Widget", "1.0").requires("other>=1").build();
        assert_eq!(build().bytes, build().bytes);
        assert_eq!(build().filename, "acme_widget-1.0-py3-none-any.whl");
    }

    #[test]
    fn record_lists_every_file_with_its_digest() {
        let wheel = Wheel::builder("acme", "1.0").file("acme.py", "x = 1\n").build();
        let record = entry(&wheel, "acme-1.0.dist-info/RECORD");
        assert_eq!(record.lines().count(), 5);
        assert!(record.contains(&record_line("acme.py", "x = 1\n")), "{record}");
        assert_eq!(entry(&wheel, "acme-1.0.dist-info/METADATA"), wheel.metadata);
    }

    #[test]
    fn metadata_holds_what_was_described() {
        let wheel = Wheel::builder("acme", "1.0")
            .requires_python(">=3.8")
            .extra("fast")
            .requires("speed; extra == 'fast'")
            .project_url("Source", "https://github.com/acme/acme")
            .build();
        for line in [
            "Requires-Python: >=3.8",
            "Provides-Extra: fast",
            "Requires-Dist: speed; extra == 'fast'",
            "Project-URL: Source, https://github.com/acme/acme",
        ] {
            assert!(wheel.metadata.lines().any(|found| found == line), "{line}");
        }
    }

    #[test]
    fn tampering_changes_bytes_only() {
        let wheel = Wheel::builder("acme", "1.0").build();
        let tampered = wheel.tampered();
        assert_eq!(
            (&tampered.filename, &tampered.version),
            (&wheel.filename, &wheel.version)
        );
        assert_ne!(tampered.sha256(), wheel.sha256());
    }
}
