//! The index: simple pages in HTML and JSON, files, PEP 658 metadata, the integrity API, and the JSON API.

use super::answer::{Answer, Asked};
use crate::encoding::sha256_hex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const JSON_PAGE: &str = "application/vnd.pypi.simple.v1+json";
const INTEGRITY: &str = "application/vnd.pypi.integrity.v1+json";
/// When everything was uploaded, with and without fractions and zone.
const UPLOADED: [&str; 2] = ["2025-06-01T12:00:10.000000Z", "2025-06-01T12:00:10"];
/// Stands for the MD5 digests, which nothing here computes or reads.
const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
/// The index's counter of changes.
const SERIAL: u32 = 30_000_001;

/// What the index offers, switchable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each switch is one feature of an index")]
pub(crate) struct IndexFeatures {
    /// Answer in JSON to those who accept it.
    pub(crate) json: bool,
    /// Announce and serve METADATA files (PEP 658).
    pub(crate) metadata: bool,
    /// Announce provenance URLs on the pages (PEP 740).
    pub(crate) provenance_links: bool,
    /// Serve the integrity API; otherwise it answers 403.
    pub(crate) integrity_api: bool,
}

/// One file of a project.
#[derive(Debug, Clone)]
pub(crate) struct IndexFile {
    pub(crate) project: String,
    pub(crate) version: String,
    pub(crate) filename: String,
    pub(crate) bytes: Vec<u8>,
    /// The digest that pages name; not the file's own when the index lies.
    pub(crate) announced_sha256: Option<String>,
    pub(crate) metadata: String,
    /// What the JSON API names as `project_urls`.
    pub(crate) project_urls: Vec<(String, String)>,
    pub(crate) requires_python: Option<String>,
    pub(crate) yanked: Option<String>,
    /// The time of upload that pages name, if it is not that of every file; empty for none.
    pub(crate) uploaded: Option<String>,
    /// PEP 740 provenance object.
    pub(crate) provenance: Option<Value>,
}

impl IndexFile {
    fn uploaded(&self) -> Option<&str> {
        let time = self.uploaded.as_deref().unwrap_or(UPLOADED[0]);
        Some(time).filter(|time| !time.is_empty())
    }

    fn provenance_url(&self, base: &str) -> Option<String> {
        self.provenance.as_ref().map(|_| {
            format!(
                "{base}/integrity/{}/{}/{}/provenance",
                self.project, self.version, self.filename
            )
        })
    }
}

/// All files by file name.
pub(crate) struct Index {
    pub(crate) features: IndexFeatures,
    pub(crate) files: BTreeMap<String, IndexFile>,
    /// What the JSON API says of a project in a version as `info`, instead of what METADATA says.
    pub(crate) described: BTreeMap<(String, String), Value>,
}

impl Index {
    pub(crate) fn new(features: IndexFeatures) -> Self {
        Self {
            features,
            files: BTreeMap::new(),
            described: BTreeMap::new(),
        }
    }

    /// `/simple/` and `/simple/<name>/`.
    pub(crate) fn page(&self, asked: &Asked, base: &str) -> Answer {
        let name = asked.path.trim_end_matches('/');
        let as_json = self.features.json && asked.accept.contains(JSON_PAGE);
        if name.is_empty() {
            return self.root(as_json);
        }
        let normalized = crate::wheel::normalize(name);
        if normalized != name || !asked.path.ends_with('/') {
            return Answer::redirect(format!("{base}/simple/{normalized}/"));
        }
        let files: Vec<_> = self.files.values().filter(|file| file.project == name).collect();
        if files.is_empty() {
            return Answer::not_found();
        }
        if as_json {
            self.json_page(name, &files, base)
        } else {
            self.html_page(name, &files, base)
        }
    }

    fn root(&self, as_json: bool) -> Answer {
        let mut names: Vec<_> = self.files.values().map(|file| file.project.as_str()).collect();
        names.dedup();
        if as_json {
            let projects: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
            let page = json!({"meta": {"api-version": "1.4", "_last-serial": SERIAL}, "projects": projects});
            return Answer::new(200, JSON_PAGE, page.to_string());
        }
        let links: Vec<_> = names
            .iter()
            .map(|name| format!("<a href=\"/simple/{name}/\">{name}</a><br />\n"))
            .collect();
        html("Simple index", &links.concat())
    }

    fn json_page(&self, name: &str, files: &[&IndexFile], base: &str) -> Answer {
        let mut versions: Vec<_> = files.iter().map(|file| file.version.as_str()).collect();
        versions.dedup();
        let files: Vec<_> = files.iter().map(|file| self.json_file(file, base)).collect();
        let page = json!({
            "meta": {"api-version": "1.4", "_last-serial": SERIAL},
            "name": name,
            "project-status": {"status": "active"},
            "versions": versions,
            "files": files,
        });
        Answer::new(200, JSON_PAGE, page.to_string())
    }

    fn json_file(&self, file: &IndexFile, base: &str) -> Value {
        let metadata = if self.has_metadata(file) {
            json!({"sha256": sha256_hex(file.metadata.as_bytes())})
        } else {
            json!(false)
        };
        let hashes = file
            .announced_sha256
            .as_ref()
            .map_or_else(|| json!({}), |digest| json!({"sha256": digest}));
        json!({
            "filename": file.filename,
            "url": format!("{base}/files/{}", file.filename),
            "hashes": hashes,
            "requires-python": file.requires_python,
            "size": file.bytes.len(),
            "upload-time": file.uploaded(),
            "yanked": file.yanked.as_ref().map_or(json!(false), |reason| json!(reason)),
            "core-metadata": metadata.clone(),
            "data-dist-info-metadata": metadata,
            "provenance": file.provenance_url(base).filter(|_| self.features.provenance_links),
        })
    }

    fn html_page(&self, name: &str, files: &[&IndexFile], base: &str) -> Answer {
        let links: String = files.iter().map(|file| self.html_link(file, base)).collect();
        html(&format!("Links for {name}"), &links)
    }

    fn html_link(&self, file: &IndexFile, base: &str) -> String {
        let mut link = format!("<a href=\"{base}/files/{}", file.filename);
        let mut write = |text: &str| link.push_str(text);
        if let Some(digest) = &file.announced_sha256 {
            write(&format!("#sha256={digest}"));
        }
        write("\"");
        let mut attribute = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = write!(link, " {name}=\"{}\"", escape(value));
        };
        if let Some(specifiers) = &file.requires_python {
            attribute("data-requires-python", specifiers);
        }
        if let Some(reason) = &file.yanked {
            attribute("data-yanked", reason);
        }
        if self.has_metadata(file) {
            let digest = format!("sha256={}", sha256_hex(file.metadata.as_bytes()));
            attribute("data-dist-info-metadata", &digest);
            attribute("data-core-metadata", &digest);
        }
        if let Some(url) = file.provenance_url(base).filter(|_| self.features.provenance_links) {
            attribute("data-provenance", &url);
        }
        let _ = writeln!(link, ">{}</a><br />", file.filename);
        link
    }

    fn has_metadata(&self, file: &IndexFile) -> bool {
        self.features.metadata && is_wheel(file)
    }

    /// `/files/<file>` and `/files/<file>.metadata`.
    pub(crate) fn file(&self, asked: &Asked) -> Answer {
        if let Some(file) = self.files.get(asked.path) {
            return Answer::file(&file.bytes, "application/octet-stream", asked);
        }
        let wheel = asked
            .path
            .strip_suffix(".metadata")
            .and_then(|name| self.files.get(name));
        match wheel {
            Some(file) if self.has_metadata(file) => {
                Answer::file(file.metadata.as_bytes(), "application/octet-stream", asked)
            }
            _ => Answer::not_found(),
        }
    }

    /// `/pypi/{project}/json`, about the last wheel's version, and `/pypi/{project}/{version}/json`.
    pub(crate) fn about(&self, asked: &Asked, base: &str) -> Answer {
        let parts: Vec<_> = asked.path.split('/').collect();
        let (project, wanted) = match parts.as_slice() {
            [project, "json"] => (*project, None),
            [project, version, "json"] => (*project, Some(*version)),
            _ => return Answer::not_found(),
        };
        let of_project = |file: &&IndexFile| file.project == project && wanted.is_none_or(|it| it == file.version);
        let Some(file) = self.files.values().filter(of_project).max_by_key(|file| is_wheel(file)) else {
            return Answer::json(404, &json!({"message": "Not Found"}));
        };
        let urls: Vec<_> = self
            .files
            .values()
            .filter(|other| other.project == file.project && other.version == file.version)
            .map(|file| about_file(file, base))
            .collect();
        let described = self.described.get(&(file.project.clone(), file.version.clone()));
        let page = json!({
            "info": described.cloned().unwrap_or_else(|| info(file, base)),
            "last_serial": SERIAL,
            "ownership": {"organization": null, "roles": [{"role": "Owner", "user": "octocat"}]},
            "urls": urls,
            "vulnerabilities": [],
        });
        Answer::json(200, &page)
    }

    /// `/integrity/{project}/{version}/{file}/provenance`.
    pub(crate) fn integrity(&self, asked: &Asked) -> Answer {
        if !self.features.integrity_api {
            return Answer::json(403, &json!({"message": "Attestations are disabled"}));
        }
        let parts: Vec<_> = asked.path.split('/').collect();
        let [project, version, filename, "provenance"] = parts.as_slice() else {
            return Answer::not_found();
        };
        let accepted = ["", "*/*", "application/json", INTEGRITY];
        if !asked
            .accept
            .split(',')
            .map(|kind| kind.split(';').next().unwrap_or_default().trim())
            .any(|kind| accepted.contains(&kind))
        {
            return Answer::json(406, &json!({"message": "Request not acceptable"}));
        }
        let file = self
            .files
            .get(*filename)
            .filter(|file| file.project == *project && file.version == *version);
        match file.and_then(|file| file.provenance.as_ref()) {
            Some(provenance) => Answer::new(200, INTEGRITY, provenance.to_string()),
            None => Answer::json(
                404,
                &json!({"message": format!("No provenance available for {filename}")}),
            ),
        }
    }
}

/// `info` of the JSON API.
fn info(file: &IndexFile, base: &str) -> Value {
    let page = format!("{base}/project/{}/", file.project);
    let requires: Vec<_> = file
        .metadata
        .lines()
        .filter_map(|line| line.strip_prefix("Requires-Dist: "))
        .collect();
    let urls: serde_json::Map<_, _> = file
        .project_urls
        .iter()
        .map(|(label, url)| (label.clone(), url.as_str().into()))
        .collect();
    json!({
        "author": "Octocat",
        "author_email": "octocat@host.example",
        "bugtrack_url": null,
        "classifiers": ["Programming Language :: Python :: 3"],
        "description": "",
        "description_content_type": "text/markdown",
        "docs_url": null,
        "download_url": null,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "dynamic": null,
        "home_page": null,
        "keywords": "",
        "license": "MIT",
        "license_expression": null,
        "license_files": null,
        "maintainer": "",
        "maintainer_email": "",
        "name": file.project,
        "package_url": page,
        "platform": null,
        "project_url": page,
        "project_urls": if urls.is_empty() { Value::Null } else { urls.into() },
        "provides_extra": null,
        "release_url": format!("{page}{}/", file.version),
        "requires_dist": if requires.is_empty() { Value::Null } else { json!(requires) },
        "requires_python": file.requires_python.as_deref().unwrap_or_default(),
        "summary": "A package of the test world",
        "version": file.version,
        "yanked": file.yanked.is_some(),
        "yanked_reason": file.yanked,
    })
}

/// One of `urls` of the JSON API.
fn about_file(file: &IndexFile, base: &str) -> Value {
    let is_wheel = is_wheel(file);
    json!({
        "comment_text": null,
        "digests": {"sha256": sha256_hex(&file.bytes), "md5": MD5},
        "downloads": -1,
        "filename": file.filename,
        "has_sig": false,
        "md5_digest": MD5,
        "packagetype": if is_wheel { "bdist_wheel" } else { "sdist" },
        "python_version": if is_wheel { "py3" } else { "source" },
        "requires_python": file.requires_python,
        "size": file.bytes.len(),
        "upload_time": UPLOADED[1],
        "upload_time_iso_8601": file.uploaded(),
        "url": format!("{base}/files/{}", file.filename),
        "yanked": file.yanked.is_some(),
        "yanked_reason": file.yanked,
    })
}

fn is_wheel(file: &IndexFile) -> bool {
    std::path::Path::new(&file.filename)
        .extension()
        .is_some_and(|ext| ext == "whl")
}

fn html(title: &str, links: &str) -> Answer {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.4\">\n    \
         <meta name=\"pypi:project-status\" content=\"active\">\n    <title>{title}</title>\n  </head>\n  <body>\n    <h1>{title}</h1>\n{links}  </body>\n</html>\n"
    );
    Answer::new(200, "text/html; charset=UTF-8", page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
}
