//! Simple pages in HTML (PEP 503, 592, 658, 708, 714, 740, 792).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use tl::{HTMLTag, ParserOptions};

use super::about::RawAbout;
use super::entities::unescape;
use super::{Announced, Place, Raw, is_archive};
use crate::error::IndexError;
use crate::types::Project;

/// Most `<` of a page, since each tag costs a hundred times its own three bytes once it is read. A file has about three, and
/// the largest real project has 15 000 files.
const MAX_TAGS: usize = 150_000;
/// Most words of a page: each may be an attribute, which costs fifty bytes once it is read. A file has about 25.
const MAX_WORDS: usize = 1_000_000;
/// Largest page in HTML, in bytes; the largest real ones have about 8 MB.
const MAX_HTML: usize = 16 * 1024 * 1024;

pub(super) fn parse(body: &[u8], place: &Place<'_>) -> Result<Project, IndexError> {
    let not_an_index = |place: &Place<'_>, reason: &str| IndexError::NotAnIndex {
        url: place.shown.clone(),
        reason: reason.to_owned(),
    };
    let too_large = |place| not_an_index(place, "its HTML is larger than any index's");
    if body.len() > MAX_HTML {
        return Err(too_large(place));
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}');
    if text.matches('<').count() > MAX_TAGS || words(text.as_bytes()) > MAX_WORDS {
        return Err(too_large(place));
    }
    if !text.trim_start().starts_with('<') && !text.trim().is_empty() {
        return Err(not_an_index(place, "it says it is HTML, and is not"));
    }
    let dom = tl::parse(text, ParserOptions::default()).map_err(|_| not_an_index(place, "its HTML cannot be read"))?;
    let tags = || dom.nodes().iter().filter_map(tl::Node::as_tag);
    let mut known_page = false;
    let mut about = RawAbout::default();
    for meta in tags().filter(|tag| is(tag, "meta")) {
        let content = attribute(meta, "content").unwrap_or_default();
        match attribute(meta, "name").as_deref() {
            Some("pypi:repository-version") => {
                known_page = true;
                place.check_version(&content)?;
            }
            Some("pypi:project-status") => about.status = Some(content),
            Some("pypi:project-status-reason") => about.reason = Some(content),
            Some("pypi:tracks") => about.tracks.push(content),
            Some("pypi:alternate-locations") => about.alternate_locations.push(content),
            _ => {}
        }
    }
    let base = tags()
        .filter(|tag| is(tag, "base"))
        .find_map(|tag| attribute(tag, "href"));
    if let Some(base) = base.and_then(|href| place.found.join(href.trim()).ok()) {
        place.base.replace(base);
    }
    let mut project = place.empty();
    project.about = about.read();
    let mut form = false;
    for tag in tags() {
        form |= is(tag, "form") || is(tag, "input");
        known_page |= is(tag, "a");
        let Some(href) = attribute(tag, "href").filter(|_| is(tag, "a")) else {
            continue;
        };
        let Some(raw) = entry(tag, &href) else {
            continue;
        };
        place.add(&raw, &mut project)?;
    }
    if form && project.files.is_empty() && project.skipped.is_empty() {
        return Err(not_an_index(
            place,
            "it is HTML with a form and without files, such as a log-in page",
        ));
    }
    // A project without files says so in an index's own way, or at least with a link; a proxy's notice does neither.
    if !known_page && !text.trim().is_empty() {
        return Err(not_an_index(
            place,
            "it is HTML without any link, such as a log-in page or a notice",
        ));
    }
    Ok(project)
}

/// How many runs there are of the characters that the parser takes for those of a name.
fn words(text: &[u8]) -> usize {
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'+' | b'/');
    text.split(|byte| !of_name(byte))
        .filter(|word| !word.is_empty())
        .count()
}

/// The entry of a link; `None` if it does not lead to an archive at all.
fn entry<'a>(tag: &HTMLTag<'_>, href: &'a str) -> Option<Raw<'a>> {
    let (path, fragment) = href.split_once('#').unwrap_or((href, ""));
    let path = path.split('?').next().unwrap_or_default();
    let filename = percent_decode_str(path.rsplit('/').next().unwrap_or_default().trim())
        .decode_utf8_lossy()
        .into_owned();
    if !is_archive(&filename) {
        return None;
    }
    let sha256 = fragment.split('&').find_map(|part| {
        let (algorithm, digest) = part.split_once('=')?;
        algorithm
            .eq_ignore_ascii_case("sha256")
            .then(|| digest.to_owned().into())
    });
    let metadata = attribute(tag, "data-core-metadata").or_else(|| attribute(tag, "data-dist-info-metadata"));
    Some(Raw {
        filename: filename.into(),
        url: href.into(),
        sha256,
        requires_python: attribute(tag, "data-requires-python").map(Cow::from),
        yanked: attribute(tag, "data-yanked").map(Cow::from),
        metadata: match metadata.as_deref() {
            None | Some("false") => Announced::No,
            Some(value) => match value.strip_prefix("sha256=") {
                Some(digest) => Announced::WithSha256(digest.to_owned().into()),
                None => Announced::Yes,
            },
        },
        provenance: attribute(tag, "data-provenance").map(Cow::from),
        size: None,
        upload_time: None,
    })
}

fn is(tag: &HTMLTag<'_>, name: &str) -> bool {
    tag.name().as_bytes().eq_ignore_ascii_case(name.as_bytes())
}

/// An attribute's value, unescaped; empty if it is there without a value.
fn attribute(tag: &HTMLTag<'_>, name: &str) -> Option<String> {
    let value = tag.attributes().get(name)?;
    Some(value.map_or_else(String::new, |value| unescape(&value.as_utf8_str())))
}
