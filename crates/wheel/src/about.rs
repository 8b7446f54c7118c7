//! What the wheel says it is: its `.dist-info` folder, METADATA and WHEEL.

use std::collections::BTreeSet;

use slsa_pip_distribution::filename::MAX_TAGS;
use slsa_pip_distribution::{CoreMetadata, PackageName, Tag, Version, WheelFilename};

use crate::archive::Entry;
use crate::defect::{Defect, DefectKind, Defects};
use crate::place::{Place, is_data, is_dist_info};

/// The wheel format that installers know: they refuse another number before the dot.
const FORMAT: &str = "1";

/// The one `.dist-info` folder of the wheel, without slash; `None`, with a defect, if there is not exactly one.
pub(crate) fn dist_info(entries: &[Entry], file: &WheelFilename, defects: &mut Defects) -> Option<String> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for entry in entries {
        match Place::of(&entry.name) {
            Place::Packages(path) => {
                let top = path.split('/').next().unwrap_or_default();
                found.extend(is_dist_info(top).then_some(top));
            }
            // Wherever the environment keeps its packages.
            Place::Data(path) => found.extend(path.split('/').find(|part| is_dist_info(part))),
            _ => {}
        }
    }
    let wrong = |problem: &str| Defect::new(DefectKind::DistInfo, problem);
    let mut names = found.iter();
    let Some(folder) = names.next() else {
        defects.add(wrong("it has no `.dist-info` folder"));
        return None;
    };
    let expected = || format!("{}-{}.dist-info", file.name, file.version);
    if names.next().is_some() {
        let list: Vec<&str> = found.into_iter().collect();
        defects.add(
            wrong("it has more than one `.dist-info` folder")
                .expected(expected())
                .found(list.join(", ")),
        );
        return None;
    }
    let stem = folder.strip_suffix(".dist-info").and_then(|stem| stem.split_once('-'));
    let same = stem.is_some_and(|(name, version)| {
        name.parse::<PackageName>().is_ok_and(|name| name == file.name) && is_version(version, &file.version)
    });
    if !same {
        let defect = wrong("its `.dist-info` folder is that of another project or version");
        defects.add(defect.expected(expected()).found(folder));
        return None;
    }
    Some((*folder).to_owned())
}

fn is_version(text: &str, version: &Version) -> bool {
    text.replace('_', "-")
        .parse::<Version>()
        .is_ok_and(|own| own == *version)
}

/// Checks that files below data folders go to known places, and that the folder is the wheel's own: pip takes any, others only this.
pub(crate) fn data_folders(entries: &[Entry], dist_info: &str, defects: &mut Defects) {
    let own = dist_info.strip_suffix(".dist-info").unwrap_or_default();
    for entry in entries {
        let top = entry.name.split('/').next().unwrap_or_default();
        if !is_data(top) {
            continue;
        }
        let defect = |problem: &str| Defect::new(DefectKind::DataScheme, problem).at(&entry.name);
        if top.strip_suffix(".data") != Some(own) {
            defects.add(defect("its data folder is not the wheel's own").expected(format!("{own}.data")));
        } else if !entry.is_folder() && Place::of(&entry.name) == Place::Unknown {
            let known = crate::place::SCHEMES.join(", ");
            defects.add(defect("it belongs to no place that installers know").expected(known));
        }
    }
}

/// Compares METADATA with the file's name.
pub(crate) fn metadata(bytes: &[u8], path: &str, file: &WheelFilename, defects: &mut Defects) {
    let metadata = match CoreMetadata::parse(bytes) {
        Ok(metadata) => metadata,
        Err(error) => {
            defects.add(Defect::new(DefectKind::MetadataMalformed, error.to_string()).at(path));
            return;
        }
    };
    if metadata.name != file.name || metadata.version != file.version {
        let defect = Defect::new(DefectKind::IdentityMismatch, "it is that of another project or version");
        let [expected, found] = [(&file.name, &file.version), (&metadata.name, &metadata.version)];
        defects.add(
            defect
                .at(path)
                .expected(format!("{} {}", expected.0, expected.1))
                .found(format!("{} {}", found.0, found.1)),
        );
    }
}

/// Compares WHEEL with the file's name.
pub(crate) fn wheel(bytes: &[u8], path: &str, file: &WheelFilename, defects: &mut Defects) {
    let fields = match fields(bytes) {
        Ok(fields) => fields,
        Err(problem) => {
            defects.add(Defect::new(DefectKind::MetadataMalformed, problem).at(path));
            return;
        }
    };
    let values = |name: &str| -> Vec<&str> {
        let same = fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        same.map(|(_, value)| *value).collect()
    };
    let malformed = |problem: &str| Defect::new(DefectKind::MetadataMalformed, problem).at(path);
    match values("Wheel-Version").as_slice() {
        [version] if version.split('.').next() == Some(FORMAT) => {}
        [version] => {
            let unknown = Defect::new(DefectKind::FormatUnknown, "its wheel format is not known");
            defects.add(unknown.at(path).expected("1.0").found(version));
        }
        _ => defects.add(malformed("it has not exactly one Wheel-Version")),
    }
    match values("Root-Is-Purelib").as_slice() {
        [value] if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") => {}
        _ => defects.add(malformed(
            "it has not exactly one Root-Is-Purelib that is true or false",
        )),
    }
    let written = values("Tag");
    // The file's name can stand for no more than that.
    let few = written.len() <= MAX_TAGS;
    let tags = few.then_some(&written).and_then(|written| {
        written.iter().try_fold(BTreeSet::new(), |mut all, text| {
            all.append(&mut expand(text)?);
            (all.len() <= MAX_TAGS).then_some(all)
        })
    });
    let covered = tags.is_some_and(|tags| file.tags().iter().all(|tag| tags.iter().any(|own| covers(own, tag))));
    if !covered {
        let differ = Defect::new(DefectKind::TagsMismatch, "the file's name promises more than its tags").at(path);
        let expected: Vec<String> = file.tags().iter().map(ToString::to_string).collect();
        defects.add(differ.expected(expected.join(", ")).found(written.join(", ")));
    }
    let build = values("Build");
    // Whoever adds a build number to a name may leave it at that.
    if !build.is_empty() && build.as_slice() != file.build.as_deref().as_slice() {
        let differ = Defect::new(DefectKind::TagsMismatch, "its build is not that of the file's name").at(path);
        let expected = file.build.as_deref().unwrap_or("none");
        defects.add(differ.expected(expected).found(build.join(", ")));
    }
}

/// Whether a wheel with one tag of its own can be what a tag of its file's name says: the same, or for fewer systems. Wheels
/// that hold a program for one system are named after that, and say `any` inside.
fn covers(own: &Tag, named: &Tag) -> bool {
    own.python == named.python
        && (own.abi == named.abi || own.abi == "none")
        && (own.platform == named.platform || own.platform == "any")
}

/// The tags that a compressed tag stands for; the file's name has the same budget.
fn expand(text: &str) -> Option<BTreeSet<Tag>> {
    let name = format!("x-1-{text}.whl");
    let parsed: WheelFilename = name.parse().ok()?;
    (parsed.build.is_none()).then(|| parsed.tags())
}

/// Lines of `Name: value` up to the first empty one.
fn fields(bytes: &[u8]) -> Result<Vec<(&str, &str)>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    text.lines()
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let field = line.split_once(':').filter(|(name, _)| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) && !line.contains(char::is_control)
            });
            field
                .map(|(name, value)| (name, value.trim()))
                .ok_or("it is no list of fields")
        })
        .collect()
}
