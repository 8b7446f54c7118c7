//! What is wrong with a wheel.

use std::fmt;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal;)+) => {
        /// A way for a wheel to be wrong. The texts are the codes that a refusal has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DefectKind { $($(#[doc = $doc])+ $variant,)+ }

        impl DefectKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable kebab-case text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

kinds! {
    /// The wheel is not an archive that can be read to its end.
    ArchiveMalformed = "wheel-archive-malformed";
    /// The archive can be read in more than one way.
    ArchiveAmbiguous = "wheel-archive-ambiguous";
    /// The archive's directory and the header in front of a file say different things.
    HeaderMismatch = "wheel-header-mismatch";
    /// The archive holds bytes that belong to none of its files.
    HiddenData = "wheel-hidden-data";
    /// A file of the archive is encrypted, or compressed by another method than DEFLATE.
    MethodUnsupported = "wheel-method-unsupported";
    /// A file of the archive does not have the size or the checksum that the archive names.
    ContentDamaged = "wheel-content-damaged";
    /// The wheel has more files, or larger ones, than any real wheel.
    OverBudget = "wheel-over-budget";
    /// The name of a file leads out of the place that it is installed into, or systems read it differently.
    NameUnsafe = "wheel-name-unsafe";
    /// Two files of the wheel have names that some file system takes for one.
    NameCollision = "wheel-name-collision";
    /// The wheel holds a link, a device, or something else that is neither a file nor a folder.
    SpecialFile = "wheel-special-file";
    /// The wheel has not exactly one `.dist-info` folder, or it is that of another project or version.
    DistInfo = "wheel-dist-info";
    /// METADATA or WHEEL is missing or cannot be read.
    MetadataMalformed = "wheel-metadata-malformed";
    /// METADATA is that of another project or version than the file's name.
    IdentityMismatch = "wheel-identity-mismatch";
    /// The file's name promises more than the tags in WHEEL, or WHEEL names another build.
    TagsMismatch = "wheel-tags-mismatch";
    /// WHEEL names a version of the wheel format that installers do not know.
    FormatUnknown = "wheel-format-unknown";
    /// RECORD is missing or cannot be read.
    RecordMalformed = "wheel-record-malformed";
    /// A file of the wheel is not listed in RECORD.
    FileUnlisted = "wheel-file-unlisted";
    /// RECORD lists a file that the wheel does not hold.
    FileMissing = "wheel-file-missing";
    /// RECORD has no digest of a file, or only one that proves nothing.
    DigestMissing = "wheel-digest-missing";
    /// A file does not have the digest or the size that RECORD lists.
    RecordMismatch = "wheel-record-mismatch";
    /// A file below the wheel's `.data` folder belongs to no place that installers know.
    DataScheme = "wheel-data-scheme";
    /// A script of `entry_points.txt` is none that can be made safely.
    EntryPoints = "wheel-entry-points";
}

impl fmt::Display for DefectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong with a wheel. Nothing in it can drive a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// What kind of thing.
    pub kind: DefectKind,
    /// The file inside the wheel, where it is about one.
    pub path: Option<String>,
    /// What is wrong, in a few words.
    pub problem: String,
    /// What would have been right, where that can be said.
    pub expected: Option<String>,
    /// What was there.
    pub found: Option<String>,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "`{path}`: ")?;
        }
        write!(f, "{} [{}]", self.problem, self.kind)
    }
}

/// Most defects of one kind that are told one by one: a wheel with a hundred thousand bad names is refused for one of them.
const MAX_OF_A_KIND: usize = 10;

/// Defects as they are found.
#[derive(Debug, Default)]
pub(crate) struct Defects {
    list: Vec<Defect>,
    unnamed: Vec<(DefectKind, usize)>,
}

impl Defects {
    /// What was told before is not told again: some files are read twice.
    pub(crate) fn add(&mut self, defect: Defect) {
        if self.list.contains(&defect) {
            return;
        }
        let kind = defect.kind;
        let same = self.list.iter().filter(|other| other.kind == kind).count();
        if same < MAX_OF_A_KIND {
            self.list.push(defect);
            return;
        }
        match self.unnamed.iter_mut().find(|(unnamed, _)| *unnamed == kind) {
            Some((_, count)) => *count += 1,
            None => self.unnamed.push((kind, 1)),
        }
    }

    /// All of them, by kind; those that were only counted are one line for each kind.
    pub(crate) fn into_list(mut self) -> Vec<Defect> {
        for (kind, count) in self.unnamed {
            self.list.push(Defect::new(kind, format!("{count} more of the same")));
        }
        self.list.sort_by_key(|defect| defect.kind);
        self.list
    }
}

impl Defect {
    pub(crate) fn new(kind: DefectKind, problem: impl Into<String>) -> Self {
        Self {
            kind,
            path: None,
            problem: printable(&problem.into()),
            expected: None,
            found: None,
        }
    }

    pub(crate) fn at(mut self, path: &str) -> Self {
        self.path = Some(printable(path));
        self
    }

    pub(crate) fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.expected = Some(printable(&expected.to_string()));
        self
    }

    pub(crate) fn found(mut self, found: impl fmt::Display) -> Self {
        self.found = Some(printable(&found.to_string()));
        self
    }
}

/// Longest text out of a wheel that is shown.
const MAX_SHOWN: usize = 200;

/// Cuts a hostile text and replaces what could drive a terminal, reorder or hide its neighbours.
pub(crate) fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown: String = text
        .chars()
        .take(MAX_SHOWN)
        .map(|c| if hidden(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_defects_of_a_kind_are_counted() {
        let mut defects = Defects::default();
        for number in 0..MAX_OF_A_KIND + 5 {
            defects.add(Defect::new(DefectKind::NameUnsafe, format!("{number}")));
        }
        defects.add(Defect::new(DefectKind::HiddenData, "bytes"));
        let list = defects.into_list();
        assert_eq!(list.len(), MAX_OF_A_KIND + 2);
        assert_eq!(list[0].kind, DefectKind::HiddenData);
        assert_eq!(list[MAX_OF_A_KIND + 1].problem, "5 more of the same");
    }

    #[test]
    fn nothing_shown_drives_a_terminal() {
        let defect = Defect::new(DefectKind::NameUnsafe, "it")
            .at("a\u{1b}[2J\u{202e}b")
            .found("\u{7}");
        assert_eq!(defect.to_string(), "`a\u{fffd}[2J\u{fffd}b`: it [wheel-name-unsafe]");
        assert_eq!(defect.found.unwrap(), "\u{fffd}");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), MAX_SHOWN + 1);
    }
}
