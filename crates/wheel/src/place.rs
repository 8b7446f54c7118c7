//! Where the files of a wheel go (PEP 427, and what pip makes of it).

/// The places below a `.data` folder that installers know.
pub(crate) const SCHEMES: [&str; 5] = ["purelib", "platlib", "headers", "scripts", "data"];

/// Where a file of a wheel goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// To this path below the folder of packages, from where it is imported.
    Packages(&'a str),
    /// Into the folder of programs, under this name.
    Scripts(&'a str),
    /// Among the headers of C.
    Headers(&'a str),
    /// To this path below the environment's own folder, wherever that is.
    Data(&'a str),
    /// Nobody knows.
    Unknown,
}

impl<'a> Place<'a> {
    /// Of an entry's name. pip takes any first part that ends in `.data` for a data folder, whatever comes before.
    pub(crate) fn of(name: &'a str) -> Self {
        let (top, rest) = name.split_once('/').unwrap_or((name, ""));
        if !is_data(top) {
            return Self::Packages(name);
        }
        match rest.split_once('/') {
            Some(("purelib" | "platlib", path)) => Self::Packages(path),
            Some(("scripts", path)) => Self::Scripts(path),
            Some(("headers", path)) => Self::Headers(path),
            Some(("data", path)) => Self::Data(path),
            _ => Self::Unknown,
        }
    }
}

/// Whether the first part of a name is that of a data folder.
pub(crate) fn is_data(top: &str) -> bool {
    top.strip_suffix(".data").is_some()
}

/// Whether a part of a name is that of a folder in which Python looks for metadata, whatever its case.
pub(crate) fn is_dist_info(part: &str) -> bool {
    part.to_ascii_lowercase().strip_suffix(".dist-info").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (name, place) in [
            ("a/b.py", Place::Packages("a/b.py")),
            ("a-1.data/purelib/a/b.py", Place::Packages("a/b.py")),
            ("a-1.data/platlib/b.py", Place::Packages("b.py")),
            ("a-1.data/scripts/run", Place::Scripts("run")),
            ("a-1.data/headers/a.h", Place::Headers("a.h")),
            ("a-1.data/data/etc/a", Place::Data("etc/a")),
            ("a-1.data/other/a", Place::Unknown),
            ("a-1.data/scripts", Place::Unknown),
            ("a.data", Place::Unknown),
        ] {
            assert_eq!(Place::of(name), place, "{name}");
        }
        assert!(is_dist_info("Pip-99.DIST-INFO"));
    }
}
