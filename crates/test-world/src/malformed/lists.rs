//! Wheels that say something untrue of themselves.

use super::raw::Entry;
use super::{Case, Parts};

const IDENTITY: &[&str] = &["wheel-identity-mismatch"];
const METADATA: &[&str] = &["wheel-metadata-malformed"];
const TAGS: &[&str] = &["wheel-tags-mismatch"];
const RECORD: &[&str] = &["wheel-record-malformed"];
const MISMATCH: &[&str] = &["wheel-record-mismatch"];
const DIGEST: &[&str] = &["wheel-digest-missing"];
const POINTS: &[&str] = &["wheel-entry-points"];
const DIST_INFO: &[&str] = &["wheel-dist-info"];

pub(super) fn cases() -> Vec<Case> {
    [about(), record(), points()].concat()
}

fn about() -> Vec<Case> {
    let plain = Parts::new();
    let metadata = |name, codes, text: &str| {
        let text = format!("Metadata-Version: 2.1\n{text}");
        Parts::new()
            .with("acme-1.0.dist-info/METADATA", &text)
            .case(name, codes)
    };
    let wheel = |name, codes, text: &str| Parts::new().with("acme-1.0.dist-info/WHEEL", text).case(name, codes);
    let named = |name, codes, filename: &str| Case {
        filename: filename.to_owned(),
        ..Parts::new().case(name, codes)
    };
    let right = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n";
    vec![
        metadata("metadata of another project", IDENTITY, "Name: other\nVersion: 1.0\n"),
        metadata("metadata of another version", IDENTITY, "Name: acme\nVersion: 1.1\n"),
        metadata(
            "metadata with two names",
            METADATA,
            "Name: acme\nName: other\nVersion: 1.0\n",
        ),
        metadata("metadata without a version", METADATA, "Name: acme\n"),
        plain
            .clone()
            .without("acme-1.0.dist-info/METADATA")
            .case("no metadata", METADATA),
        plain
            .clone()
            .without("acme-1.0.dist-info/WHEEL")
            .case("no WHEEL", METADATA),
        wheel("a WHEEL that is no list of fields", METADATA, "Wheel-Version\n"),
        wheel(
            "a WHEEL with two formats",
            &["wheel-metadata-malformed"],
            &format!("{right}Wheel-Version: 9.0\nTag: py3-none-any\n"),
        ),
        wheel(
            "a WHEEL without Root-Is-Purelib",
            METADATA,
            "Wheel-Version: 1.0\nTag: py3-none-any\n",
        ),
        wheel(
            "a format that nobody knows",
            &["wheel-format-unknown"],
            "Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        wheel("no tag", TAGS, right),
        wheel("another tag", TAGS, &format!("{right}Tag: cp311-cp311-any\n")),
        wheel(
            "far more tags than a name can have",
            TAGS,
            &(0..20_000).fold(format!("{right}Tag: py3-none-any\n"), |text, number| {
                text + &format!("Tag: py{number}-none-any\n")
            }),
        ),
        wheel(
            "a tag that is none",
            TAGS,
            &format!("{right}Tag: py3\nTag: py3-none-any\n"),
        ),
        wheel(
            "a build that the name does not have",
            TAGS,
            &format!("{right}Tag: py3-none-any\nBuild: 7\n"),
        ),
        named("a name that promises another Python", TAGS, "acme-1.0-py2-none-any.whl"),
        Case {
            filename: "acme-1.0-8-py3-none-any.whl".to_owned(),
            ..wheel(
                "a name with another build",
                TAGS,
                &format!("{right}Tag: py3-none-any\nBuild: 7\n"),
            )
        },
        named("another project's name", DIST_INFO, "other-1.0-py3-none-any.whl"),
        named("another version's name", DIST_INFO, "acme-1.1-py3-none-any.whl"),
        no_dist_info(),
    ]
}

fn no_dist_info() -> Case {
    Parts::new()
        .without("acme-1.0.dist-info/METADATA")
        .without("acme-1.0.dist-info/WHEEL")
        .changed("no metadata at all", DIST_INFO, |archive| {
            archive.entries.pop();
        })
}

fn record() -> Vec<Case> {
    let listing = |name, codes, change: &dyn Fn(String) -> String| Parts::new().listing(change).case(name, codes);
    let first = |rows: &str, row: &str| format!("{row}\n{}", rows.split_once('\n').expect("rows").1);
    vec![
        Parts::new().changed(
            "no list",
            &["wheel-record-malformed", "wheel-file-unlisted"],
            |archive| {
                archive.entries.pop();
            },
        ),
        listing(
            "an empty list",
            &["wheel-record-malformed", "wheel-file-unlisted"],
            &|_| String::new(),
        ),
        Parts::new().changed(
            "a list that is not text",
            &["wheel-record-malformed", "wheel-file-unlisted"],
            |archive| *archive.entries.last_mut().expect("the list") = Entry::new("acme-1.0.dist-info/RECORD", b"\xff"),
        ),
        listing("an empty line in the list", RECORD, &|rows| format!("\n{rows}")),
        listing(
            "a row with four fields",
            &["wheel-record-malformed", "wheel-file-unlisted"],
            &|rows| rows.replacen(",20\n", ",20,\n", 1),
        ),
        listing(
            "a size that is no number",
            &["wheel-record-malformed", "wheel-file-unlisted"],
            &|rows| rows.replacen(",20\n", ",-20\n", 1),
        ),
        listing(
            "quotes that do not end",
            &["wheel-record-malformed", "wheel-file-unlisted"],
            &|rows| format!("\"{rows}"),
        ),
        listing("a file listed twice", RECORD, &|rows| {
            format!("{rows}acme/__init__.py,,\n")
        }),
        listing("a file that is not listed", &["wheel-file-unlisted"], &|rows| {
            rows.split_once('\n').expect("rows").1.to_owned()
        }),
        listing("a listed file that is missing", &["wheel-file-missing"], &|rows| {
            format!("{rows}acme/gone.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n")
        }),
        listing("a listed file outside", &["wheel-file-missing"], &|rows| {
            format!("{rows}../../../etc/passwd,,\n")
        }),
        listing(
            "a list of far more files than there are",
            &["wheel-record-malformed", "wheel-file-missing"],
            &|rows| (0..100_000).fold(rows, |rows, number| rows + &format!("{number},,\n")),
        ),
        listing("another digest", MISMATCH, &|rows| {
            first(
                &rows,
                "acme/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,20",
            )
        }),
        listing("another size", MISMATCH, &|rows| rows.replacen(",20\n", ",21\n", 1)),
        listing("no digest", DIGEST, &|rows| first(&rows, "acme/__init__.py,,20")),
        listing("a weak digest", DIGEST, &|rows| {
            first(&rows, "acme/__init__.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,20")
        }),
        listing(
            "a digest that is none",
            &["wheel-record-malformed", "wheel-digest-missing"],
            &|rows| first(&rows, "acme/__init__.py,sha256=short,20"),
        ),
        listing("a list that lists itself with a digest", MISMATCH, &|rows| {
            rows.replace("RECORD,,", "RECORD,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,")
        }),
    ]
}

fn points() -> Vec<Case> {
    let points = |name, text: &str| {
        Parts::new()
            .with(
                "acme-1.0.dist-info/entry_points.txt",
                &format!("[console_scripts]\n{text}\n"),
            )
            .case(name, POINTS)
    };
    vec![
        points("a script that leads out", "../../evil = acme:main"),
        points("a script with a path", "sub/evil = acme:main"),
        points("a script with a backslash", "..\\evil = acme:main"),
        points("a script without a function", "evil = acme"),
        points("a script with more code", "evil = acme:main();import os"),
    ]
}
