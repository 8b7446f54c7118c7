//! RECORD: the wheel's own list of its files (PEP 376, PEP 427).

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::archive::Entry;
use crate::defect::{Defect, DefectKind, Defects};
use crate::limits::MAX_MISSING;

/// Digests are written without padding; some old tools wrote it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What RECORD says of a file.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    digest: Option<Listed>,
    size: Option<u64>,
    /// Whether the wheel has such a file.
    there: bool,
}

/// A digest as it is listed.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    algorithm: &'static digest::Algorithm,
    value: Vec<u8>,
}

/// A file that could not be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unread;

/// The list.
#[derive(Debug)]
pub(crate) struct Record {
    rows: HashMap<String, Row>,
    /// RECORD itself, and signatures of it, which cannot be in it with their own digests.
    own: [String; 3],
}

impl Record {
    /// An empty list of the wheel with this `.dist-info` folder.
    pub(crate) fn new(dist_info: &str) -> Self {
        Self {
            rows: HashMap::new(),
            own: ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|name| format!("{dist_info}/{name}")),
        }
    }

    /// The name of the file that holds it.
    pub(crate) fn path(&self) -> &str {
        let [path, ..] = &self.own;
        path
    }

    /// Adds the rows of the RECORD file of a wheel that has so many files. Many more rows than files are not read: what they list
    /// is not there.
    pub(crate) fn read(&mut self, bytes: &[u8], files: usize, defects: &mut Defects) {
        let own = self.path().to_owned();
        let malformed = |problem: String| Defect::new(DefectKind::RecordMalformed, problem).at(&own);
        let Ok(text) = std::str::from_utf8(bytes) else {
            defects.add(malformed("it is not UTF-8".to_owned()));
            return;
        };
        for (number, line) in text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate() {
            let at = |problem: &str| malformed(format!("line {}: {problem}", number + 1));
            let line = line.strip_suffix('\r').unwrap_or(line);
            let Some(fields) = fields(line) else {
                defects.add(at("it is no row of quoted or plain fields"));
                continue;
            };
            let mut fields = fields.into_iter();
            let (path, listed, size) = (fields.next(), fields.next(), fields.next());
            let (Some(path), None) = (path.filter(|path| !path.is_empty()), fields.next()) else {
                defects.add(at("a row has a path, a digest and a size"));
                continue;
            };
            let size = match size.filter(|size| !size.is_empty()).map(|size| size.parse::<u64>()) {
                None => None,
                Some(Ok(size)) => Some(size),
                Some(Err(_)) => {
                    defects.add(at("its size is no number"));
                    continue;
                }
            };
            let digest = match listed
                .filter(|listed| !listed.is_empty())
                .map(|listed| read_digest(&listed))
            {
                None => None,
                Some(Ok(listed)) => Some(listed),
                Some(Err(defect)) => {
                    defects.add(defect.at(&path));
                    None
                }
            };
            let row = Row {
                digest,
                size,
                there: false,
            };
            if self.rows.len() > files + MAX_MISSING {
                defects.add(at("it lists many more files than there are"));
                return;
            }
            match self.rows.entry(path) {
                // Some tools repeat themselves.
                Occupied(first) if *first.get() == row => {}
                Occupied(first) => defects.add(at("a file is listed twice, and differently").found(first.key())),
                Vacant(free) => {
                    free.insert(row);
                }
            }
        }
    }

    /// What to hash a file with; `None` if nothing is known that could be compared.
    pub(crate) fn algorithm(&self, path: &str) -> Option<&'static digest::Algorithm> {
        Some(self.rows.get(path)?.digest.as_ref()?.algorithm)
    }

    /// Notes that the wheel has this file, and compares what is known of it: `computed` is its digest, where one is listed; an
    /// error if it could not be read, which is a defect already.
    pub(crate) fn compare(
        &mut self,
        entry: &Entry,
        computed: Result<Option<digest::Digest>, Unread>,
        defects: &mut Defects,
    ) {
        let own = self.own.contains(&entry.name);
        let Some(row) = self.rows.get_mut(&entry.name) else {
            // Folders need not be listed; nor can files that were added when the list was signed.
            if !entry.is_folder() && !own {
                defects.add(Defect::new(DefectKind::FileUnlisted, "RECORD does not list it").at(&entry.name));
            }
            return;
        };
        row.there = true;
        let Ok(computed) = computed else { return };
        match (&row.digest, computed) {
            (None, _) if own || entry.is_folder() => {}
            (None, _) => {
                let missing = Defect::new(DefectKind::DigestMissing, "RECORD has no digest of it");
                defects.add(missing.at(&entry.name).expected("sha256, sha384 or sha512"));
            }
            (Some(listed), Some(computed)) if listed.value == computed.as_ref() => {}
            (Some(listed), computed) => {
                let differs = Defect::new(
                    DefectKind::RecordMismatch,
                    "it does not have the digest that RECORD lists",
                );
                let found = computed.map_or_else(|| "none".to_owned(), |computed| BASE64.encode(computed));
                defects.add(
                    differs
                        .at(&entry.name)
                        .expected(BASE64.encode(&listed.value))
                        .found(found),
                );
            }
        }
        if let Some(size) = row.size.filter(|size| *size != entry.size) {
            let differs = Defect::new(
                DefectKind::RecordMismatch,
                "it does not have the size that RECORD lists",
            );
            defects.add(differs.at(&entry.name).expected(size).found(entry.size));
        }
    }

    /// What is listed and was not there, once all files were compared.
    pub(crate) fn missing(&self, defects: &mut Defects) {
        let mut missing: Vec<&String> = self
            .rows
            .iter()
            .filter(|(_, row)| !row.there)
            .map(|(path, _)| path)
            .collect();
        missing.sort_unstable();
        for path in missing {
            defects.add(
                Defect::new(
                    DefectKind::FileMissing,
                    "RECORD lists it, and the wheel does not hold it",
                )
                .at(path),
            );
        }
    }
}

/// `ALGORITHM=BASE64`.
fn read_digest(text: &str) -> Result<Listed, Defect> {
    let (algorithm, value) = text.split_once('=').unwrap_or((text, ""));
    let algorithm = match algorithm {
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        other => {
            let weak = Defect::new(
                DefectKind::DigestMissing,
                "RECORD has a digest of it that is not accepted",
            );
            return Err(weak.expected("sha256, sha384 or sha512").found(other));
        }
    };
    match BASE64.decode(value) {
        Ok(value) if value.len() == algorithm.output_len => Ok(Listed { algorithm, value }),
        _ => Err(Defect::new(DefectKind::RecordMalformed, "its digest in RECORD is no digest").found(text)),
    }
}

/// The fields of a row, as Python's `csv` reads them where nothing is left to its kindness: a field is plain, or quoted as a
/// whole with quotes inside doubled. No field has a line end; `str.splitlines`, which pip uses, knows more of those than `\n`.
fn fields(line: &str) -> Option<Vec<String>> {
    if line
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        return None;
    }
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            take_quoted(quoted)?
        } else {
            let (field, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            if field.contains('"') {
                return None;
            }
            (field.to_owned(), after)
        };
        fields.push(field);
        rest = match after.strip_prefix(',') {
            Some(rest) => rest,
            None if after.is_empty() => return Some(fields),
            None => return None,
        };
    }
}

/// A field behind its opening quote, and what follows the closing one.
fn take_quoted(mut rest: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_as_python_writes_them() {
        let row = |line: &str| fields(line).map(|fields| fields.join("|"));
        assert_eq!(row("a.py,sha256=x,1").as_deref(), Some("a.py|sha256=x|1"));
        assert_eq!(row("\"a,b\"\"c\",,").as_deref(), Some("a,b\"c||"));
        assert_eq!(row("").as_deref(), Some(""));
        assert_eq!(row("a,").as_deref(), Some("a|"));
        for bad in ["\"a", "\"a\"b,", "a\"b,", "a\rb,,", "a\u{85}b,,", "a\u{2028}b,,"] {
            assert_eq!(row(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn digests_that_prove_nothing() {
        let kind = |text: &str| read_digest(text).map_err(|defect| defect.kind).map(|_| ());
        let good = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        assert_eq!(kind(good), Ok(()));
        assert_eq!(kind(&format!("{good}=")), Ok(()));
        assert_eq!(kind("md5=1B2M2Y8AsgTpgAmY7PhCfg"), Err(DefectKind::DigestMissing));
        assert_eq!(kind("x"), Err(DefectKind::DigestMissing));
        assert_eq!(kind("sha256=47DE"), Err(DefectKind::RecordMalformed));
        assert_eq!(
            kind("sha512=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"),
            Err(DefectKind::RecordMalformed)
        );
    }
}
