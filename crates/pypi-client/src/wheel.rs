//! Finding METADATA in a wheel (PEP 427).

use std::io::{self, Read, Seek, SeekFrom};

use slsa_pip_distribution::metadata::MAX_METADATA_LEN;
use slsa_pip_distribution::{PackageName, Version, WheelFilename};
use zip::ZipArchive;

/// Most bytes that are read of one wheel to find its METADATA, which bounds the directory of the archive as well: 75 000
/// files need about 10 MB. An entry of fifty bytes takes several hundred once it is read.
pub(crate) const MAX_READ: u64 = 10 * 1024 * 1024;

/// The bytes of `NAME-VERSION.dist-info/METADATA`.
///
/// There must be exactly one `.dist-info` directory at the top of the archive, its name and version must be those of the
/// file name, no two files may have the same name, and none may lie outside of the archive's folder. The error says what does not fit.
pub(crate) fn read_metadata(archive: impl Read + Seek, wheel: &WheelFilename) -> Result<Vec<u8>, String> {
    let broken = |error: zip::result::ZipError| format!("its archive cannot be read ({error})");
    let reader = Budgeted {
        inner: archive,
        left: MAX_READ,
    };
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    if archive.has_duplicate_names() {
        return Err("two files of its archive have the same name".to_owned());
    }
    if archive.file_names_raw().any(leaves) {
        // pip would find out when it has written the files before.
        return Err("a file of its archive would lie outside of it".to_owned());
    }
    let directory = dist_info(archive.file_names_raw(), wheel)?;
    let file = archive
        .by_name(&format!("{directory}/METADATA"))
        .map_err(|error| match error {
            zip::result::ZipError::FileNotFound => format!("`{directory}` holds no METADATA"),
            error => broken(error),
        })?;
    let mut bytes = Vec::new();
    file.take(MAX_METADATA_LEN as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("its METADATA cannot be read ({error})"))?;
    if bytes.len() > MAX_METADATA_LEN {
        return Err(format!("its METADATA is larger than {MAX_METADATA_LEN} bytes"));
    }
    Ok(bytes)
}

/// Whether a name leads out of the folder that the archive is unpacked into.
fn leaves(name: &[u8]) -> bool {
    name.starts_with(b"/")
        || name
            .split(|&byte| matches!(byte, b'/' | b'\\'))
            .any(|part| part == b"..")
}

/// The one top-level `.dist-info` directory, which must be this wheel's.
fn dist_info<'a>(names: impl Iterator<Item = &'a [u8]>, wheel: &WheelFilename) -> Result<String, String> {
    let mut found: Option<&[u8]> = None;
    for name in names {
        let top = name.split(|&byte| byte == b'/').next().unwrap_or_default();
        if !top.ends_with(b".dist-info") || found == Some(top) {
            continue;
        }
        if found.is_some() {
            return Err("it holds more than one `.dist-info` directory".to_owned());
        }
        found = Some(top);
    }
    let directory = found.ok_or("it holds no `.dist-info` directory")?;
    let directory = std::str::from_utf8(directory).map_err(|_| "the name of its `.dist-info` directory is not text")?;
    let (name, version) = directory
        .strip_suffix(".dist-info")
        .and_then(|stem| stem.split_once('-'))
        .ok_or("its `.dist-info` directory is not named `NAME-VERSION.dist-info`")?;
    let same_name = name.parse::<PackageName>().is_ok_and(|name| name == wheel.name);
    let same_version = version
        .replace('_', "-")
        .parse::<Version>()
        .is_ok_and(|version| version == wheel.version);
    if same_name && same_version {
        Ok(directory.to_owned())
    } else {
        Err("its `.dist-info` directory is of another project or version".to_owned())
    }
}

/// A reader that ends with an error after so many bytes, however often it seeks.
struct Budgeted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Budgeted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("its directory is too large"))?;
        Ok(count)
    }
}

impl<R: Seek> Seek for Budgeted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read(files: &[(&str, &[u8])]) -> Result<Vec<u8>, String> {
        let wheel = "foo_bar-1.0-py3-none-any.whl".parse().unwrap();
        read_metadata(Cursor::new(zip(files)), &wheel)
    }

    #[test]
    fn metadata_of_the_one_dist_info() {
        for directory in ["foo_bar-1.0.dist-info", "Foo.Bar-1.0.0.dist-info"] {
            let found = read(&[
                ("foo_bar/__init__.py", b""),
                ("foo_bar/x-9.dist-info/METADATA", b"other"),
                (&format!("{directory}/METADATA"), b"this"),
                (&format!("{directory}/RECORD"), b""),
            ]);
            assert_eq!(found.unwrap(), b"this", "{directory}");
        }
    }

    #[test]
    fn any_other_layout_is_refused() {
        type Files<'a> = &'a [(&'a str, &'a [u8])];
        let cases: [(Files<'_>, &str); 6] = [
            (&[("foo_bar/__init__.py", b"")], "no `.dist-info`"),
            (&[("foo_bar-1.0.dist-info/RECORD", b"")], "holds no METADATA"),
            (&[("foo_bar-1.1.dist-info/METADATA", b"")], "another project or version"),
            (&[("foo-1.0.dist-info/METADATA", b"")], "another project or version"),
            (&[("foo.dist-info/METADATA", b"")], "not named"),
            (
                &[
                    ("foo_bar-1.0.dist-info/METADATA", b""),
                    ("foo-bar-1.0.dist-info/METADATA", b""),
                ],
                "more than one",
            ),
        ];
        for (files, expected) in cases {
            let error = read(files).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let wheel = "foo_bar-1.0-py3-none-any.whl".parse().unwrap();
        assert!(
            read_metadata(Cursor::new(b"no archive"), &wheel)
                .unwrap_err()
                .contains("cannot be read")
        );
    }

    #[test]
    fn files_that_would_lie_outside_are_refused() {
        let good = ("foo_bar-1.0.dist-info/METADATA", &b"this"[..]);
        for bad in [
            "../x.py",
            "foo_bar/../../x.py",
            "/x.py",
            "foo_bar-1.0.data/scripts/..",
            "a\\..\\x.py",
        ] {
            let error = read(&[good, (bad, b"")]).unwrap_err();
            assert!(error.contains("outside"), "{bad}: {error}");
        }
        for fine in ["foo_bar/..x.py", "foo_bar/x..", "foo_bar/...", ".x"] {
            assert!(read(&[good, (fine, b"")]).is_ok(), "{fine}");
        }
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let mut bytes = zip(&[
            ("foo_bar-1.0.dist-info/METADATA", b"one"),
            ("foo_bar-1.0.dist-info/MXTADATA", b"two"),
        ]);
        let at: Vec<usize> = bytes
            .windows(8)
            .enumerate()
            .filter_map(|(at, window)| (window == b"MXTADATA").then_some(at))
            .collect();
        for at in at {
            bytes[at + 1] = b'E';
        }
        let wheel = "foo_bar-1.0-py3-none-any.whl".parse().unwrap();
        assert!(
            read_metadata(Cursor::new(bytes), &wheel)
                .unwrap_err()
                .contains("same name")
        );
    }

    #[test]
    fn a_decompression_bomb_ends_at_the_limit() {
        let bomb = vec![b' '; MAX_METADATA_LEN + 1];
        assert!(
            read(&[("foo_bar-1.0.dist-info/METADATA", &bomb)])
                .unwrap_err()
                .contains("larger than")
        );
    }
}
