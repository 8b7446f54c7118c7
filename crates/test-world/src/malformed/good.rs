//! What real writers of wheels do, each in its own way.

use super::raw::Entry;
use super::{Case, Parts};

pub(super) fn cases() -> Vec<Case> {
    let plain = Parts::new();
    let named = |mut case: Case, filename: &str| {
        filename.clone_into(&mut case.filename);
        case
    };
    let wheel = |text: &str| {
        let text = format!("Wheel-Version: 1.0\nRoot-Is-Purelib: true\n{text}");
        Parts::new().with("acme-1.0.dist-info/WHEEL", &text)
    };
    vec![
        plain.case("as most tools write it", &[]),
        plain.changed("files that are stored", &[], |archive| {
            archive.entries[0] = Entry::stored("acme/__init__.py", b"__version__ = '1.0'\n");
        }),
        plain.changed("sizes behind the files", &[], |archive| {
            for (entry, form) in archive.entries.iter_mut().zip(0..) {
                entry.follow(form & 1 == 0, form & 2 == 0);
            }
        }),
        plain.changed("long sizes in front of a file", &[], |archive| {
            let entry = &mut archive.entries[0];
            let [size, packed] = [entry.local.size, entry.local.packed].map(|number| u64::from(number).to_le_bytes());
            entry.local.extra = [&[1, 0, 16, 0][..], &size, &packed].concat();
            (entry.local.size, entry.local.packed) = (u32::MAX, u32::MAX);
        }),
        plain.changed("long and short sizes that say the same", &[], |archive| {
            let entry = &mut archive.entries[0];
            let [size, packed] = [entry.local.size, entry.local.packed].map(|number| u64::from(number).to_le_bytes());
            entry.local.extra = [&[1, 0, 16, 0][..], &size, &packed].concat();
        }),
        plain.changed("long sizes in the directory", &[], |archive| {
            let entry = &mut archive.entries[0];
            entry.central.extra = [&[1, 0, 8, 0][..], &u64::from(entry.central.size).to_le_bytes()].concat();
            entry.central.size = u32::MAX;
        }),
        plain.changed("times and owners in extra fields", &[], |archive| {
            for entry in &mut archive.entries {
                entry.local.extra = b"UT\x05\0\x01\0\0\0\0ux\x03\0\x01\0\0".to_vec();
                entry.central.extra = b"UT\x05\0\x01\0\0\0\0".to_vec();
            }
        }),
        plain.changed("a long end that says the same", &[], |archive| {
            archive.long_end = Some(0);
        }),
        plain.changed("a long end alone", &[], |archive| {
            (archive.long_end, archive.markers) = (Some(0), true);
        }),
        plain.changed("a directory in another order", &[], |archive| archive.entries.reverse()),
        plain.changed("a file that can be run", &[], |archive| {
            archive.entries[0].central.attributes = 0o10_0755 << 16;
        }),
        plain.changed("no attributes at all", &[], |archive| {
            for entry in &mut archive.entries {
                entry.central.attributes = 0;
            }
        }),
        plain
            .clone()
            .with("acme/", "")
            .with("acme/sub/", "")
            .case("folders", &[]),
        plain
            .clone()
            .with("acme/\u{fc}ber.txt", "text")
            .case("a name in UTF-8", &[]),
        plain
            .clone()
            .with("acme/a,b\"c.txt", "text")
            .case("a name with comma and quotes", &[]),
        plain.clone().with("acme/empty.py", "").case("an empty file", &[]),
        plain
            .clone()
            .listing(|rows| rows.replace(",20\n", ",\n").replace('\n', "\r\n"))
            .case("a list with other line ends and without a size", &[]),
        plain
            .clone()
            .with("acme-1.0.dist-info/RECORD.jws", "{}")
            .listing(|rows| {
                rows.lines()
                    .filter(|row| !row.contains(".jws"))
                    .collect::<Vec<_>>()
                    .join("\n")
            })
            .case("a signed list", &[]),
        plain
            .clone()
            .with("acme/", "")
            .listing(|rows| format!("acme/,,\n{rows}"))
            .case("a list with a folder", &[]),
        plain
            .clone()
            .with(
                "acme-1.0.dist-info/entry_points.txt",
                "[console_scripts]\nacme = acme:main\n\n[acme.plugins]\nx/y = z\n",
            )
            .case("entry points", &[]),
        plain
            .clone()
            .with("acme-1.0.data/scripts/acme", "#!python\n")
            .with("acme-1.0.data/data/share/acme.txt", "x")
            .with("acme-1.0.data/headers/acme.h", "x")
            .with("acme-1.0.data/platlib/acme_c.so", "x")
            .case("all places", &[]),
        plain
            .clone()
            .with("acme.pth", "import acme\n")
            .case("a file that Python runs at its start", &[]),
        plain
            .clone()
            .with(
                "acme-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: Acme\nVersion: 1.0.0\n",
            )
            .case("another spelling of name and version", &[]),
        named(
            wheel("Tag: py2-none-any\nTag: py3-none-any\n").case("two tags", &[]),
            "acme-1.0-py2.py3-none-any.whl",
        ),
        named(
            wheel("Tag: py2.py3-none-any\n").case("two tags in one", &[]),
            "acme-1.0-py2.py3-none-any.whl",
        ),
        named(
            wheel("Tag: py3-none-any\n").case("a name for one system", &[]),
            "acme-1.0-py3-none-manylinux1_x86_64.whl",
        ),
        named(
            wheel("Tag: py3-none-any\nBuild: 7\n").case("a build", &[]),
            "acme-1.0-7-py3-none-any.whl",
        ),
        named(
            plain.case("a build in the name alone", &[]),
            "acme-1.0-7-py3-none-any.whl",
        ),
    ]
}
