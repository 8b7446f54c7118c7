//! Files that would go where they do not belong, or be another file there.

use super::{Case, Parts};

const UNSAFE: &[&str] = &["wheel-name-unsafe"];
const COLLISION: &[&str] = &["wheel-name-collision"];
const SPECIAL: &[&str] = &["wheel-special-file"];
const SCHEME: &[&str] = &["wheel-data-scheme"];
const DIST_INFO: &[&str] = &["wheel-dist-info"];

pub(super) fn cases() -> Vec<Case> {
    let plain = Parts::new();
    let with = |name: &'static str, codes, path: &str| Parts::new().with(path, "x = 1\n").case(name, codes);
    let mode = |name: &'static str, codes, mode: u32| {
        plain.changed(name, codes, move |archive| {
            archive.entries[0].central.attributes = mode << 16;
        })
    };
    vec![
        with("a path that leads out", UNSAFE, "../evil.py"),
        with("a path that leads out from within", UNSAFE, "acme/../../evil.py"),
        with(
            "a path that leads out of the scripts",
            UNSAFE,
            "acme-1.0.data/scripts/../../evil",
        ),
        with("an absolute path", UNSAFE, "/etc/evil"),
        with("a path to another host", UNSAFE, "//host/share/evil.py"),
        with("a path with backslashes", UNSAFE, "acme\\..\\..\\evil.py"),
        with(
            "a path to another host with backslashes",
            UNSAFE,
            "\\\\host\\share\\evil.py",
        ),
        with("a drive", UNSAFE, "C:/evil.py"),
        with("a drive's current folder", UNSAFE, "C:evil.py"),
        with("a stream of a file", UNSAFE, "acme/__init__.py:evil"),
        with("an empty part", UNSAFE, "acme//evil.py"),
        with("a part that is no part", UNSAFE, "acme/./evil.py"),
        with(
            "a name that readers end early",
            &["wheel-name-unsafe", "wheel-record-malformed", "wheel-file-unlisted"],
            "acme/evil.py\0.txt",
        ),
        with(
            "a line end in a name",
            &["wheel-name-unsafe", "wheel-file-unlisted", "wheel-file-missing"],
            "acme/evil\n.py",
        ),
        with("a part that is too long", UNSAFE, &format!("acme/{}", "x".repeat(256))),
        with("a part of dots and spaces", UNSAFE, "acme/.. /.. /evil.py"),
        with(
            "a name of very many parts",
            UNSAFE,
            &format!("{}evil.py", "a/".repeat(100)),
        ),
        mode("a symbolic link", SPECIAL, 0o12_0777),
        mode("a device", SPECIAL, 0o02_0666),
        mode("a disk", SPECIAL, 0o06_0666),
        mode("a pipe", SPECIAL, 0o01_0666),
        mode("a socket", SPECIAL, 0o14_0666),
        mode("a folder with a file's name", SPECIAL, 0o04_0755),
        Parts::new()
            .with("acme/sub/", "")
            .changed("a file with a folder's name", SPECIAL, |archive| {
                for entry in &mut archive.entries {
                    if entry.central.name.ends_with(b"/") {
                        entry.central.attributes = 0o10_0644 << 16;
                    }
                }
            }),
        plain
            .clone()
            .twice("acme/__init__.py", "__version__ = '1.0'\n")
            .case("two files of one name", COLLISION),
        with("names that differ in case", COLLISION, "acme/DATA.txt"),
        with("names that differ in the case of a folder", COLLISION, "Acme/data.txt"),
        plain
            .clone()
            .with("acme/\u{e9}.py", "")
            .with("acme/e\u{301}.py", "")
            .case("names that differ in how a letter is composed", COLLISION),
        with("names that differ in a dot at the end", COLLISION, "acme/data.txt."),
        with("a file with the name of a folder", COLLISION, "acme"),
        with(
            "a file and the same file for another place",
            COLLISION,
            "acme-1.0.data/purelib/acme/__init__.py",
        ),
        with(
            "another list of the same distribution",
            COLLISION,
            "acme-1.0.data/platlib/acme-1.0.dist-info/RECORD",
        ),
        with("a place that nobody knows", SCHEME, "acme-1.0.data/system/evil"),
        with("a place with another case", SCHEME, "acme-1.0.data/Scripts/evil"),
        with("a file for no place", SCHEME, "acme-1.0.data/evil"),
        with("a file named like a data folder", SCHEME, "evil.data"),
        with(
            "a data folder of another project",
            SCHEME,
            "other-1.0.data/scripts/evil",
        ),
        with(
            "metadata of two distributions",
            DIST_INFO,
            "other-1.0.dist-info/METADATA",
        ),
        with(
            "metadata of two distributions in another case",
            DIST_INFO,
            "other-1.0.DIST-INFO/METADATA",
        ),
        with(
            "metadata of another distribution for a place",
            DIST_INFO,
            "acme-1.0.data/purelib/other-1.0.dist-info/METADATA",
        ),
        with(
            "metadata of another distribution in the environment's folder",
            DIST_INFO,
            "acme-1.0.data/data/lib/python3.11/site-packages/other-1.0.dist-info/METADATA",
        ),
    ]
}
