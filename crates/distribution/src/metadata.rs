//! Core metadata (`METADATA`, PEP 566 and later), as far as resolution and the search for evidence need it.

use mailparse::{MailHeader, MailHeaderMap};
use pep440_rs::{Version, VersionSpecifiers};

use crate::name::PackageName;
use crate::requirement::{ExtraName, Requirement};
use crate::specifier::parse_specifiers;

/// Largest METADATA that is read, in bytes; real ones stay below 1 MB.
pub const MAX_METADATA_LEN: usize = 8 * 1024 * 1024;
/// Largest header block, in bytes: all fields without the description that follows them.
pub const MAX_HEADERS_LEN: usize = 2 * 1024 * 1024;
/// Most `Requires-Dist` fields; the largest real collections have about two thousand.
pub const MAX_REQUIREMENTS: usize = 10_000;
/// Most project URLs that are kept; further ones are ignored.
const MAX_PROJECT_URLS: usize = 100;

/// The fields of a distribution's metadata that decide something.
#[derive(Debug, Clone)]
pub struct CoreMetadata {
    /// `Name`.
    pub name: PackageName,
    /// `Version`.
    pub version: Version,
    /// `Requires-Dist`, in order.
    pub requires_dist: Vec<Requirement>,
    /// `Requires-Python`.
    pub requires_python: Option<VersionSpecifiers>,
    /// A `Requires-Python` that is no specifier, cut to a printable length. As with pip it counts for nothing: old releases
    /// say `>=3.6.*`.
    pub invalid_requires_python: Option<String>,
    /// `Provides-Extra`, as far as they are valid names.
    pub provides_extra: Vec<ExtraName>,
    /// `Project-URL` as (label, url), then `Home-page` under its own name.
    pub project_urls: Vec<(String, String)>,
}

/// Why metadata could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unusable METADATA: {0}")]
pub struct InvalidMetadata(pub String);

impl CoreMetadata {
    /// Reads a METADATA file. Bytes that are not UTF-8 become replacement characters, which matter only in fields that
    /// decide something, and are refused there. Nothing is checked against the file that it came from.
    ///
    /// # Errors
    /// If it is too large, is no header block, `Name` or `Version` is missing, given twice or invalid, a
    /// `Requires-Dist` does not parse, or there are several `Requires-Python`; the text names the field and its value.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidMetadata> {
        if bytes.len() > MAX_METADATA_LEN {
            return Err(InvalidMetadata(format!("it is larger than {MAX_METADATA_LEN} bytes")));
        }
        let block = header_block(bytes);
        if block.len() > MAX_HEADERS_LEN {
            return Err(InvalidMetadata(format!(
                "its fields are larger than {MAX_HEADERS_LEN} bytes"
            )));
        }
        let (headers, _) = mailparse::parse_headers(block).map_err(|error| InvalidMetadata(error.to_string()))?;
        let name = single(&headers, "Name")?;
        let version = single(&headers, "Version")?;
        let requires_dist = values(&headers, "Requires-Dist");
        if requires_dist.len() > MAX_REQUIREMENTS {
            return Err(InvalidMetadata(format!(
                "it has more than {MAX_REQUIREMENTS} Requires-Dist"
            )));
        }
        let (requires_python, invalid_requires_python) = match values(&headers, "Requires-Python").as_slice() {
            [] => (None, None),
            [one] => match parse_specifiers(one) {
                Ok(specifiers) => (Some(specifiers), None),
                Err(_) => (None, Some(printable(one))),
            },
            _ => return Err(InvalidMetadata("it has several Requires-Python".to_owned())),
        };
        Ok(Self {
            name: name.parse().map_err(|error| field("Name", &name, &error))?,
            version: version.parse().map_err(|error| field("Version", &version, &error))?,
            requires_dist: requires_dist
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()
                .map_err(|error| InvalidMetadata(format!("Requires-Dist: {error}")))?,
            requires_python,
            invalid_requires_python,
            provides_extra: values(&headers, "Provides-Extra")
                .iter()
                .filter_map(|extra| extra.parse().ok())
                .collect(),
            project_urls: project_urls(&headers),
        })
    }
}

fn field(name: &str, value: &str, why: &impl std::fmt::Display) -> InvalidMetadata {
    let value: String = value.chars().take(80).collect();
    InvalidMetadata(format!("{name} `{value}`: {why}"))
}

fn printable(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// What stands before the first empty line: the description behind it may be anything.
fn header_block(bytes: &[u8]) -> &[u8] {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let length = lines
        .take_while(|line| !matches!(line, [b'\n'] | [b'\r', b'\n']))
        .map(<[u8]>::len)
        .sum();
    bytes.get(..length).unwrap_or(bytes)
}

/// All values of a field, as UTF-8 text: metadata is UTF-8, never MIME-encoded words.
fn values(headers: &[MailHeader<'_>], name: &str) -> Vec<String> {
    headers
        .get_all_headers(name)
        .into_iter()
        .map(|header| String::from_utf8_lossy(header.get_value_raw()).trim().to_owned())
        .filter(|value| value != "UNKNOWN")
        .collect()
}

fn single(headers: &[MailHeader<'_>], name: &str) -> Result<String, InvalidMetadata> {
    match values(headers, name).as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(InvalidMetadata(format!("it has no {name}"))),
        _ => Err(InvalidMetadata(format!("it has several {name}"))),
    }
}

fn project_urls(headers: &[MailHeader<'_>]) -> Vec<(String, String)> {
    let labelled = values(headers, "Project-URL").into_iter().filter_map(|value| {
        let (label, url) = value.split_once(',')?;
        Some((label.trim().to_owned(), url.trim().to_owned()))
    });
    let home = values(headers, "Home-page")
        .into_iter()
        .map(|url| ("Home-page".to_owned(), url));
    labelled.chain(home).take(MAX_PROJECT_URLS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<CoreMetadata, InvalidMetadata> {
        CoreMetadata::parse(text.as_bytes())
    }

    #[test]
    fn the_fields_that_decide() {
        let text = "Metadata-Version: 2.1\r\nName: Foo.Bar\r\nVersion: 1.0\r\nHome-page: https://home.example\r\n\
            Requires-Dist: a>=1\r\nRequires-Dist: b[x] (<2) ;\r\n  extra == 'y'\r\nrequires-python: >=3.8, <4\r\n\
            Provides-Extra: y\r\nProject-URL: Source, https://github.com/o/r\r\nProject-URL: nonsense\r\n\
            \r\nRequires-Dist: not-me\r\nName: other\r\n";
        let metadata = parse(text).unwrap();
        assert_eq!(metadata.name.as_str(), "foo-bar");
        assert_eq!(metadata.version, "1.0".parse().unwrap());
        let names: Vec<_> = metadata.requires_dist.iter().map(|r| r.name().as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(metadata.requires_python.unwrap().len(), 2);
        assert_eq!(metadata.provides_extra.len(), 1);
        let expected = [
            ("Source", "https://github.com/o/r"),
            ("Home-page", "https://home.example"),
        ];
        assert_eq!(
            metadata.project_urls,
            expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }

    #[test]
    fn a_description_of_any_bytes_is_ignored() {
        let metadata = CoreMetadata::parse(b"Name: a\nVersion: 1\nSummary: \xff\n\n\xff\xfe\0").unwrap();
        assert_eq!(metadata.name.as_str(), "a");
    }

    #[test]
    fn what_decides_must_be_readable() {
        for (text, part) in [
            ("", "no Name"),
            ("Version: 1\n", "no Name"),
            ("Name: a\n", "no Version"),
            ("Name: a\nName: b\nVersion: 1\n", "several Name"),
            ("Name: a/b\nVersion: 1\n", "Name `a/b`"),
            ("Name: a\nVersion: x\n", "Version `x`"),
            ("Name: a\nVersion: 1\nRequires-Dist: foo>=1.*\n", "`foo>=1.*`"),
            ("Name: a\nVersion: 1\nRequires-Dist: foo[a-]\n", "`foo[a-]`"),
            (
                "Name: a\nVersion: 1\nRequires-Python: >=3\nRequires-Python: >=2\n",
                "several Requires-Python",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(part), "{text:?}: {error}");
        }
        let error = CoreMetadata::parse(b"Name: a\nVersion: 1\nRequires-Dist: f\xffo\n").unwrap_err();
        assert!(error.to_string().contains("Requires-Dist"), "{error}");
    }

    #[test]
    fn an_invalid_requires_python_counts_for_nothing() {
        for bad in [">=3.6.*", "three", ">=3,,<4"] {
            let metadata = parse(&format!("Name: a\nVersion: 1\nRequires-Python: {bad}\n")).unwrap();
            assert_eq!(metadata.requires_python, None, "{bad}");
            assert_eq!(metadata.invalid_requires_python.as_deref(), Some(bad));
        }
        let metadata = parse("Name: a\nVersion: 1\nRequires-Python: >=3.6\n").unwrap();
        assert_eq!(metadata.invalid_requires_python, None);
    }

    #[test]
    fn budgets() {
        let many = format!(
            "Name: a\nVersion: 1\n{}",
            "Requires-Dist: b\n".repeat(MAX_REQUIREMENTS + 1)
        );
        assert!(parse(&many).unwrap_err().to_string().contains("more than"));
        let long = format!("Name: a\nVersion: 1\nSummary: {}\n", "x".repeat(MAX_HEADERS_LEN));
        assert!(parse(&long).unwrap_err().to_string().contains("larger"));
        assert!(CoreMetadata::parse(&vec![b'\n'; MAX_METADATA_LEN + 1]).is_err());
    }
}
