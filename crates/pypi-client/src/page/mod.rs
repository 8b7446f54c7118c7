//! Simple pages, JSON or HTML.

mod about;
mod choice;
mod entities;
mod html;
mod json;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest, SupportedTags, VersionSpecifiers};
use slsa_pip_http::{Response, redact};
use url::Url;

use self::choice::Choice;
use crate::budget::{self, Budget, MAX_KEPT, MAX_PAGE_KEPT, Taken};
use crate::error::IndexError;
use crate::types::{About, IndexFile, MetadataHash, Project, SkipReason, Skipped};

/// Largest page, in bytes after decompression; the largest real ones have about 25 MB.
pub const MAX_PAGE_SIZE: u64 = 32 * 1024 * 1024;
/// Most files that a page may list; the largest real project has about 15 000.
pub const MAX_FILES: usize = 100_000;
/// Longest URL of a file or its provenance, in bytes; signed ones have about 1 kB. Every relative link costs its page's.
const MAX_URL: usize = 8 * 1024;
/// Most entries that are left out and told; real pages have a few eggs and installers.
const MAX_SKIPPED: usize = 1000;
/// Longest specifiers of an entry that are read, in bytes.
const MAX_TEXT: usize = 4 * 1024;
/// Most different specifiers of a page that are remembered; real pages have a dozen.
const MAX_SPECIFIERS: usize = 1000;
/// Kinds of files that old pages list.
const ARCHIVES: [&str; 12] = [
    ".whl", ".tar.gz", ".zip", ".egg", ".exe", ".msi", ".rpm", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".deb",
];

/// One entry of a page, with the texts as they are there.
struct Raw<'a> {
    filename: Cow<'a, str>,
    url: Cow<'a, str>,
    sha256: Option<Cow<'a, str>>,
    requires_python: Option<Cow<'a, str>>,
    yanked: Option<Cow<'a, str>>,
    metadata: Announced<'a>,
    provenance: Option<Cow<'a, str>>,
    size: Option<u64>,
    upload_time: Option<Cow<'a, str>>,
}

/// Whether the page announces METADATA beside a file.
enum Announced<'a> {
    No,
    Yes,
    WithSha256(Cow<'a, str>),
}

/// Where a page was found.
struct Place<'a> {
    /// The page's redacted URL, for errors.
    shown: String,
    /// Where it was found.
    found: &'a Url,
    /// What its relative URLs are relative to.
    base: RefCell<Url>,
    index: Arc<Url>,
    name: &'a PackageName,
    /// Whether the page is a file of this machine, and may name others.
    local: bool,
    /// Specifiers that were read, by their text: a page has few different ones.
    specifiers: RefCell<HashMap<String, Option<VersionSpecifiers>>>,
    /// Entries so far.
    listed: Cell<usize>,
    choice: RefCell<Choice<'a>>,
    /// What its files take so far.
    kept: Cell<usize>,
    /// The same and the page itself.
    taken: &'a Taken<'a>,
}

/// What a page is read with.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// The tags of the interpreter, if it is known: of files that it cannot use only as many are kept as show that there are
    /// some.
    pub(crate) tags: Option<&'a SupportedTags>,
    /// What it may take.
    pub(crate) budget: &'a Budget,
}

/// Reads a page in whichever format its `Content-Type` names.
pub(crate) fn parse(
    answer: &Response,
    index: &Url,
    name: &PackageName,
    reading: Reading<'_>,
) -> Result<Project, IndexError> {
    let content_type = answer.header("content-type").unwrap_or_default();
    read(&answer.body, content_type, &answer.final_url, index, name, reading)
}

/// Reads a page that was found at `found`.
pub(crate) fn read(
    body: &[u8],
    content_type: &str,
    found: &Url,
    index: &Url,
    name: &PackageName,
    reading: Reading<'_>,
) -> Result<Project, IndexError> {
    let taken = reading.budget.begin();
    let fits = taken.take(body.len());
    let place = Place {
        shown: redact(found),
        found,
        base: RefCell::new(found.clone()),
        index: Arc::new(index.clone()),
        name,
        local: found.scheme() == "file",
        specifiers: RefCell::default(),
        listed: Cell::new(0),
        choice: RefCell::new(Choice::new(reading.tags)),
        kept: Cell::new(0),
        taken: &taken,
    };
    if !fits {
        return Err(place.too_much(MAX_KEPT));
    }
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let project = match essence.as_str() {
        "application/vnd.pypi.simple.v1+json" | "application/json" => json::parse(body, &place),
        "application/vnd.pypi.simple.v1+html" | "text/html" | "application/xhtml+xml" => html::parse(body, &place),
        other => Err(match other.strip_prefix("application/vnd.pypi.simple.v") {
            Some(version) => IndexError::FormatVersion {
                url: place.shown.clone(),
                version: printable(version.split('+').next().unwrap_or_default()),
            },
            None => IndexError::NotAnIndex {
                url: place.shown.clone(),
                reason: format!("its content type is `{}`", printable(other)),
            },
        }),
    };
    let mut project = project?;
    place.choice.take().settle(&mut project.files);
    let project = without_two_digests(project);
    let kept = budget::of_project(&project);
    taken.keep(kept);
    Ok(project)
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
            index_url: Url::clone(&self.index),
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

    fn too_much(&self, limit: usize) -> IndexError {
        IndexError::TooMuch {
            what: self.shown.clone(),
            limit,
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
    fn add(&self, raw: &Raw<'_>, project: &mut Project) -> Result<(), IndexError> {
        self.listed.set(self.listed.get() + 1);
        if self.listed.get() > MAX_FILES {
            return Err(self.too_many());
        }
        let read = check_filename(&raw.filename, self.name).and_then(|filename| {
            if self.choice.borrow().has_enough(&filename) {
                return Ok(None);
            }
            self.file(filename, raw).map(Some)
        });
        match read {
            Ok(Some(file)) => {
                let size = budget::of_file(&file);
                self.kept.set(self.kept.get() + size);
                if !self.taken.take(size) {
                    return Err(self.too_much(MAX_KEPT));
                }
                if self.kept.get() > MAX_PAGE_KEPT {
                    return Err(self.too_much(MAX_PAGE_KEPT));
                }
                self.choice.borrow_mut().add(&file.filename);
                project.files.push(Arc::new(file));
            }
            Err(reason) if project.skipped.len() < MAX_SKIPPED => project.skipped.push(Skipped {
                filename: printable(&raw.filename),
                reason,
            }),
            Ok(None) | Err(_) => {}
        }
        Ok(())
    }

    fn file(&self, filename: DistributionFilename, raw: &Raw<'_>) -> Result<IndexFile, SkipReason> {
        let url = self.link(&raw.url).ok_or(SkipReason::Url)?;
        let digest = |text: &str| text.parse::<Sha256Digest>().map_err(|_| SkipReason::Digest);
        let sha256 = raw.sha256.as_deref().map(digest).transpose()?;
        let metadata = match &raw.metadata {
            Announced::No => None,
            Announced::Yes => Some(MetadataHash { sha256: None }),
            Announced::WithSha256(text) => Some(MetadataHash {
                sha256: Some(digest(text)?),
            }),
        };
        let provenance = raw.provenance.as_deref().and_then(|link| self.link(link));
        Ok(IndexFile {
            filename,
            url,
            sha256,
            requires_python: raw.requires_python.as_deref().and_then(|text| self.specifiers(text)),
            yanked: raw.yanked.as_deref().map(printable),
            metadata,
            // From an https index, evidence over http would only be a way to tell others what is installed.
            provenance: provenance
                .filter(|link| link.scheme() == "https" || self.index.scheme() == "http")
                .map(Box::new),
            size: raw.size,
            upload_time: raw.upload_time.as_deref().map(printable),
            index_url: Arc::clone(&self.index),
        })
    }

    /// `requires-python`; nothing if it is empty, too long, or no specifier.
    fn specifiers(&self, text: &str) -> Option<VersionSpecifiers> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut known = self.specifiers.borrow_mut();
        if let Some(known) = known.get(text) {
            return known.clone();
        }
        let read = text.trim().parse().ok();
        let read = read.filter(|specifiers: &VersionSpecifiers| !specifiers.is_empty());
        if known.len() < MAX_SPECIFIERS {
            known.insert(text.to_owned(), read.clone());
        }
        read
    }

    /// An http or https URL of the page, or a `file:` URL of a page on this machine, without credentials and fragment.
    fn link(&self, link: &str) -> Option<Url> {
        let fits = |url: &str| url.len() <= MAX_URL;
        let base = self.base.borrow();
        if !fits(base.as_str()) || !fits(link) {
            return None;
        }
        let mut url = base.join(link.trim()).ok().filter(|url| fits(url.as_str()))?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read of a page, in each format.
    fn parse(content_type: &str, body: &[u8]) -> Result<Project, IndexError> {
        let index = Url::parse("https://index.example/simple/").unwrap();
        let reading = Reading {
            tags: None,
            budget: &Budget::default(),
        };
        super::read(body, content_type, &index, &index, &"foo".parse().unwrap(), reading)
    }

    fn read(body: &[u8]) {
        for project in ["text/html", "application/json"]
            .into_iter()
            .flat_map(|kind| parse(kind, body))
        {
            for file in project.files {
                assert_eq!(file.filename.name().as_str(), "foo");
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
        let page = r#"<base href="http://files.example/"><a href="foo-1.0.zip" data-provenance="p">x</a>
            <a href="foo-1.1.zip" data-provenance="https://files.example/p">x</a>"#;
        let project = parse("text/html", page.as_bytes()).unwrap();
        assert_eq!(project.files[0].provenance, None);
        assert!(project.files[1].provenance.is_some());
    }

    #[test]
    fn a_long_base_is_not_taken_over_by_every_link() {
        let parse = |base: usize, files: usize| {
            let links = "<a href='foo-1.0.zip'>".repeat(files);
            let page = format!("<base href='{}/'>{links}", "/a".repeat(base / 2));
            parse("text/html", page.as_bytes())
        };
        assert_eq!(parse(4000, 10).unwrap().files.len(), 10);
        let long = parse(MAX_URL + 1, 10).unwrap();
        assert_eq!((long.files.len(), long.skipped.len()), (0, 10));
        assert_eq!(long.skipped[0].reason, SkipReason::Url);
        let error = parse(MAX_URL - 100, 6000).unwrap_err();
        assert!(
            matches!(
                error,
                IndexError::TooMuch {
                    limit: MAX_PAGE_KEPT,
                    ..
                }
            ),
            "{error}"
        );
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
}
