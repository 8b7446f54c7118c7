//! Simple pages, JSON or HTML.

mod about;
mod entities;
mod html;
mod json;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest};
use slsa_pip_http::{Response, redact};
use url::Url;

use crate::error::IndexError;
use crate::types::{About, IndexFile, MetadataHash, Project, SkipReason, Skipped};

/// Largest page, in bytes after decompression; the largest real ones have about 25 MB.
pub const MAX_PAGE_SIZE: u64 = 32 * 1024 * 1024;
/// Most files that a page may list; the largest real project has about 15 000.
pub const MAX_FILES: usize = 100_000;
/// Most compatibility tags that the wheels of a page stand for together: a name of fifty bytes can stand for hundreds, of two
/// hundred bytes each. Thirteen for each of the 15 000 files of the largest real project.
const MAX_PAGE_TAGS: usize = 200_000;
/// Longest URL of a file or its provenance, in bytes; signed ones have about 1 kB. Every relative link costs its page's.
const MAX_URL: usize = 8 * 1024;
/// Most bytes of all URLs of a page: no more than it may have itself, and 2 kB for each of 15 000 files.
const MAX_PAGE_URLS: usize = 32 * 1024 * 1024;
/// Longest digests and specifiers of an entry that are kept, in bytes.
const MAX_TEXT: usize = 4 * 1024;
/// Kinds of files that old pages list.
const ARCHIVES: [&str; 12] = [
    ".whl", ".tar.gz", ".zip", ".egg", ".exe", ".msi", ".rpm", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".deb",
];

/// One entry of a page, with the texts as they are there.
struct Raw {
    filename: String,
    url: String,
    hashes: Vec<(String, String)>,
    requires_python: Option<String>,
    yanked: Option<String>,
    metadata: Announced,
    provenance: Option<String>,
    size: Option<u64>,
    upload_time: Option<String>,
}

/// Whether the page announces METADATA beside a file.
enum Announced {
    No,
    Yes,
    WithSha256(String),
}

/// Where a page was found.
struct Place<'a> {
    /// The page's redacted URL, for errors.
    shown: String,
    /// What its relative URLs are relative to.
    base: Url,
    index: &'a Url,
    name: &'a PackageName,
    /// Whether the page is a file of this machine, and may name others.
    local: bool,
    /// Compatibility tags so far.
    tags: Cell<usize>,
    /// Bytes of URLs so far.
    urls: Cell<usize>,
}

/// Reads a page in whichever format its `Content-Type` names.
pub(crate) fn parse(answer: &Response, index: &Url, name: &PackageName) -> Result<Project, IndexError> {
    let content_type = answer.header("content-type").unwrap_or_default();
    read(&answer.body, content_type, &answer.final_url, index, name)
}

/// Reads a page that was found at `found`.
pub(crate) fn read(
    body: &[u8],
    content_type: &str,
    found: &Url,
    index: &Url,
    name: &PackageName,
) -> Result<Project, IndexError> {
    let place = Place {
        shown: redact(found),
        base: found.clone(),
        index,
        name,
        local: found.scheme() == "file",
        tags: Cell::new(0),
        urls: Cell::new(0),
    };
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let project = match essence.as_str() {
        "application/vnd.pypi.simple.v1+json" | "application/json" => json::parse(body, &place),
        "application/vnd.pypi.simple.v1+html" | "text/html" | "application/xhtml+xml" => html::parse(body, place),
        other => Err(match other.strip_prefix("application/vnd.pypi.simple.v") {
            Some(version) => IndexError::FormatVersion {
                url: place.shown,
                version: printable(version.split('+').next().unwrap_or_default()),
            },
            None => IndexError::NotAnIndex {
                url: place.shown,
                reason: format!("its content type is `{}`", printable(other)),
            },
        }),
    };
    project.map(without_two_digests)
}

/// Leaves out files that the page describes twice, with different digests: whichever were taken, the other is meant as well.
fn without_two_digests(mut project: Project) -> Project {
    let mut digests: HashMap<&str, Sha256Digest> = HashMap::new();
    let mut ambiguous: HashSet<String> = HashSet::new();
    for file in &project.files {
        let Some(digest) = file.sha256 else { continue };
        let filename = file.filename.as_str();
        if *digests.entry(filename).or_insert(digest) != digest {
            ambiguous.insert(filename.to_owned());
        }
    }
    if ambiguous.is_empty() {
        return project;
    }
    project.files.retain(|file| !ambiguous.contains(file.filename.as_str()));
    let skipped = ambiguous.into_iter().map(|filename| Skipped {
        filename: printable(&filename),
        reason: SkipReason::TwoDigests,
    });
    project.skipped.extend(skipped);
    project
}

impl Place<'_> {
    fn empty(&self) -> Project {
        Project {
            name: self.name.clone(),
            index_url: self.index.clone(),
            files: Vec::new(),
            skipped: Vec::new(),
            about: About::default(),
            remarks: Vec::new(),
        }
    }

    fn too_many(&self) -> IndexError {
        IndexError::TooManyFiles {
            url: self.shown.clone(),
            limit: MAX_FILES,
        }
    }

    /// Accepts versions 1.x.
    fn check_version(&self, version: &str) -> Result<(), IndexError> {
        let major = version.trim().split('.').next().unwrap_or_default();
        if major == "1" {
            return Ok(());
        }
        Err(IndexError::FormatVersion {
            url: self.shown.clone(),
            version: printable(version),
        })
    }

    /// Adds an entry to the project's files, or to those that are skipped. Fails when the page is larger than any real one.
    fn add(&self, raw: Raw, project: &mut Project) -> Result<(), IndexError> {
        let filename = printable(&raw.filename);
        match self.file(raw) {
            Ok(file) => {
                if let DistributionFilename::Wheel(wheel) = &file.filename {
                    self.tags.set(self.tags.get() + wheel.tags.len());
                }
                let provenance = file.provenance.as_ref().map_or(0, |url| url.as_str().len());
                self.urls.set(self.urls.get() + file.url.as_str().len() + provenance);
                project.files.push(file);
            }
            Err(reason) => project.skipped.push(Skipped { filename, reason }),
        }
        if project.files.len() + project.skipped.len() > MAX_FILES {
            return Err(self.too_many());
        }
        let too_much = |reason: String| IndexError::NotAnIndex {
            url: self.shown.clone(),
            reason,
        };
        if self.tags.get() > MAX_PAGE_TAGS {
            return Err(too_much(format!("its wheels stand for more than {MAX_PAGE_TAGS} tags")));
        }
        if self.urls.get() > MAX_PAGE_URLS {
            return Err(too_much(format!("its URLs have more than {MAX_PAGE_URLS} bytes")));
        }
        Ok(())
    }

    fn file(&self, raw: Raw) -> Result<IndexFile, SkipReason> {
        let filename = check_filename(&raw.filename, self.name)?;
        let url = self.link(&raw.url).ok_or(SkipReason::Url)?;
        let sha256 = raw
            .hashes
            .iter()
            .find(|(algorithm, _)| algorithm.eq_ignore_ascii_case("sha256"))
            .map(|(_, digest)| digest.parse::<Sha256Digest>().map_err(|_| SkipReason::Digest))
            .transpose()?;
        let metadata = match raw.metadata {
            Announced::No => None,
            Announced::Yes => Some(MetadataHash { sha256: None }),
            Announced::WithSha256(digest) => Some(MetadataHash {
                sha256: Some(digest.parse().map_err(|_| SkipReason::Digest)?),
            }),
        };
        let provenance = raw.provenance.as_deref().and_then(|link| self.link(link));
        Ok(IndexFile {
            filename,
            url,
            hashes: raw
                .hashes
                .into_iter()
                .map(|(name, hex)| (cut(name), cut(hex)))
                .collect(),
            sha256,
            requires_python: raw
                .requires_python
                .and_then(|text| cut(text).trim().parse().ok())
                .filter(|specifiers: &slsa_pip_distribution::VersionSpecifiers| !specifiers.is_empty()),
            yanked: raw.yanked.as_deref().map(printable),
            metadata,
            // From an https index, evidence over http would only be a way to tell others what is installed.
            provenance: provenance.filter(|link| link.scheme() == "https" || self.index.scheme() == "http"),
            size: raw.size,
            upload_time: raw.upload_time.as_deref().map(printable),
            index_url: self.index.clone(),
        })
    }

    /// An http or https URL of the page, or a `file:` URL of a page on this machine, without credentials and fragment.
    fn link(&self, link: &str) -> Option<Url> {
        let fits = |url: &str| url.len() <= MAX_URL;
        if !fits(self.base.as_str()) || !fits(link) {
            return None;
        }
        let mut url = self.base.join(link.trim()).ok().filter(|url| fits(url.as_str()))?;
        if self.local && url.scheme() == "file" && url.host().is_none() {
            url.set_query(None);
            url.set_fragment(None);
            return Some(url);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_fragment(None);
        Some(url)
    }
}

/// A file name of this very project.
pub(crate) fn check_filename(file: &str, name: &PackageName) -> Result<DistributionFilename, SkipReason> {
    let known = [".whl", ".tar.gz", ".zip"].iter().any(|end| file.ends_with(end));
    if !known && is_archive(file) {
        return Err(SkipReason::Kind);
    }
    let filename: DistributionFilename = file
        .parse()
        .map_err(|error: slsa_pip_distribution::filename::InvalidFilename| SkipReason::Filename(error.why))?;
    if filename.name() == name {
        Ok(filename)
    } else {
        Err(SkipReason::OtherProject)
    }
}

/// Whether a file is of a kind that indexes list, by its name.
pub(crate) fn is_archive(file: &str) -> bool {
    ARCHIVES.iter().any(|end| file.ends_with(end))
}

/// Whether a file of a directory is most likely an archive of this project, although it cannot be used.
pub(crate) fn is_archive_of(file: &str, name: &PackageName) -> bool {
    let normalised = file.to_ascii_lowercase().replace(['_', '.'], "-");
    let begins = normalised
        .strip_prefix(name.as_str())
        .is_some_and(|rest| rest.starts_with('-'));
    begins && is_archive(file)
}

/// A text for people and terminals: no control characters, nothing that reorders or hides text, not too long.
pub(crate) fn printable(text: &str) -> String {
    let hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    text.chars()
        .filter(|&c| !c.is_control() && !hidden(c))
        .take(200)
        .collect()
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT)
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place<'a>(index: &'a Url, name: &'a PackageName) -> Place<'a> {
        Place {
            shown: index.to_string(),
            base: index.clone(),
            index,
            name,
            local: false,
            tags: Cell::new(0),
            urls: Cell::new(0),
        }
    }

    fn read(body: &[u8]) {
        let index = Url::parse("https://index.example/simple/").unwrap();
        let name = "foo".parse().unwrap();
        for project in [
            html::parse(body, place(&index, &name)),
            json::parse(body, &place(&index, &name)),
        ]
        .into_iter()
        .flatten()
        {
            for file in project.files {
                assert_eq!(*file.filename.name(), name);
                assert!(matches!(file.url.scheme(), "http" | "https"));
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail_otherwise_than_by_an_error(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            read(&body);
        }

        #[test]
        fn nor_do_broken_pages(parts in proptest::collection::vec(prop::sample::select(vec![
            "<", ">", "</", "/>", "<a ", "<A\t", "href=", "\"", "'", "=", "&", "&gt;", "#sha256=", "foo-1.0.zip", "</a>", "<!--", "-->",
            "<!doctype", "<!", "html", "<base href=", "<meta name=", "\u{e9}", "\0", "\r\n", " ", "data-yanked", "<br", "-",
        ]), 0..60)) {
            read(parts.concat().as_bytes());
            read(format!("<{}", parts.concat()).as_bytes());
        }
    }

    #[test]
    fn deep_nesting_and_many_tags_cost_no_stack() {
        for part in ["<b>", "<a href=x>", "<!--", "</", "[", "{\"files\":["] {
            read(part.repeat(200_000).as_bytes());
        }
    }

    #[test]
    fn https_pages_are_not_left_for_provenance() {
        let index = Url::parse("https://index.example/simple/").unwrap();
        let name = "foo".parse().unwrap();
        let page = r#"<base href="http://files.example/"><a href="foo-1.0.zip" data-provenance="p">x</a>
            <a href="foo-1.1.zip" data-provenance="https://files.example/p">x</a>"#;
        let project = html::parse(page.as_bytes(), place(&index, &name)).unwrap();
        assert_eq!(project.files[0].provenance, None);
        assert!(project.files[1].provenance.is_some());
    }

    #[test]
    fn a_long_base_is_not_taken_over_by_every_link() {
        let index = Url::parse("https://index.example/simple/").unwrap();
        let name = "foo".parse().unwrap();
        let parse = |base: usize, files: usize| {
            let links = "<a href='foo-1.0.zip'>".repeat(files);
            let page = format!("<base href='{}/'>{links}", "/a".repeat(base / 2));
            html::parse(page.as_bytes(), place(&index, &name))
        };
        assert_eq!(parse(4000, 10).unwrap().files.len(), 10);
        let long = parse(MAX_URL + 1, 10).unwrap();
        assert_eq!((long.files.len(), long.skipped.len()), (0, 10));
        assert_eq!(long.skipped[0].reason, SkipReason::Url);
        let error = parse(MAX_URL - 100, 6000).unwrap_err();
        assert!(error.to_string().contains("its URLs have more"), "{error}");
    }

    #[test]
    fn archives_of_a_project_are_told_by_their_name() {
        let name = "foo-bar".parse().unwrap();
        for (file, expected) in [
            ("foo_bar-1.0.egg", true),
            ("Foo.Bar-1.0.exe", true),
            ("foo_barx-1.0.egg", false),
            ("foo_bar-1.0.txt", false),
            ("f\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}-1.zip", false),
        ] {
            assert_eq!(is_archive_of(file, &name), expected, "{file}");
        }
    }

    #[test]
    fn shown_texts_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[31m\r\nb\u{202e}c\u{200b}"), "a[31mbc");
        assert_eq!(printable(&"x".repeat(1000)).len(), 200);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("\u{e9}".repeat(MAX_TEXT)).len(), MAX_TEXT);
        assert_eq!(cut(format!("x{}", "\u{e9}".repeat(MAX_TEXT))).len(), MAX_TEXT - 1);
    }
}
