//! What is worth knowing of a wheel that is not wrong: what runs without being imported, and what takes the names of others.

use std::collections::{BTreeMap, BTreeSet};

use slsa_pip_distribution::PackageName;

use crate::archive::Entry;
use crate::defect::printable;
use crate::place::Place;

/// A kind of thing that is told and decides nothing here. Policy may refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoteKind {
    /// A `.pth` file: Python reads it at every start, and runs its lines that begin with `import`.
    PthFile,
    /// `sitecustomize` or `usercustomize`: Python imports it at every start. Or `pyvenv.cfg`, by which it finds its own modules then.
    StartupModule,
    /// A module with the name of one of Python's own.
    ShadowsPython,
    /// A module with the name of one that installers consist of, in a wheel of another project.
    ShadowsInstaller,
    /// A program with the name of Python, pip, or what activates an environment, in a wheel of another project.
    ShadowsProgram,
    /// A file that is placed among the packages, past all that is known of packages: by its path in the environment's folder.
    IntoPackages,
    /// A compiled module without its source.
    Bytecode,
    /// A file in `.dist-info` that installers write: who installed the distribution, and from where.
    InstallerFile,
    /// A module or package that is not named after the project.
    OtherModule,
    /// A program, from a file or of `entry_points.txt`.
    Script,
    /// A file that is placed in the environment's own folder.
    DataFile,
    /// A header for C.
    Header,
}

impl NoteKind {
    /// The stable kebab-case text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PthFile => "pth-file",
            Self::StartupModule => "startup-module",
            Self::ShadowsPython => "shadows-python",
            Self::ShadowsInstaller => "shadows-installer",
            Self::ShadowsProgram => "shadows-program",
            Self::IntoPackages => "into-packages",
            Self::Bytecode => "bytecode",
            Self::InstallerFile => "installer-file",
            Self::OtherModule => "other-module",
            Self::Script => "script",
            Self::DataFile => "data-file",
            Self::Header => "header",
        }
    }

    /// Whether people should see it without having asked.
    #[must_use]
    pub const fn is_unusual(self) -> bool {
        !matches!(self, Self::OtherModule | Self::Script | Self::DataFile | Self::Header)
    }
}

/// One thing of a kind. Nothing in it can drive a terminal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What it is.
    pub kind: NoteKind,
    /// The path inside the wheel, the module or the program.
    pub name: String,
}

/// Most notes of one kind that are told; the number of all is not lost ([`Notes::counts`]).
const MAX_OF_A_KIND: usize = 20;

/// What is worth knowing, by kind and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    told: BTreeSet<Note>,
    counts: BTreeMap<NoteKind, usize>,
}

impl Notes {
    /// The notes, at most twenty of a kind.
    pub fn iter(&self) -> impl Iterator<Item = &Note> {
        self.told.iter()
    }

    /// How many there are of each kind, told or not.
    pub fn counts(&self) -> impl Iterator<Item = (NoteKind, usize)> {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    fn add(&mut self, kind: NoteKind, name: &str) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= MAX_OF_A_KIND {
            self.told.insert(Note {
                kind,
                name: printable(name),
            });
        }
    }
}

/// Python's own modules that other code imports by name (3.11 to 3.13).
const PYTHON: &str = "abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect \
builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall \
concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm \
decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput \
fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq \
hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 \
linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt \
multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib \
pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd \
py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy \
sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd \
sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau \
symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit \
tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata \
unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp \
zipfile zipimport zlib zoneinfo";

/// What installers consist of, or import before anything is installed.
const INSTALLERS: [&str; 6] = [
    "pip",
    "setuptools",
    "pkg_resources",
    "_distutils_hack",
    "wheel",
    "distutils",
];

/// Collects what is worth knowing of these files and programs.
pub(crate) fn collect(entries: &[Entry], dist_info: &str, scripts: &[String], project: &PackageName) -> Notes {
    let mut notes = Notes::default();
    let mut modules = BTreeSet::new();
    let files: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    for entry in entries.iter().filter(|entry| !entry.is_folder()) {
        let name = entry.name.as_str();
        if ends_with(name, ".pth") {
            notes.add(NoteKind::PthFile, name);
        }
        if ends_with(name, ".pyc") && !source_of(name).is_some_and(|source| files.contains(source.as_str())) {
            notes.add(NoteKind::Bytecode, name);
        }
        let place = Place::of(name);
        if let Place::Data(path) = place
            && (path.split('/').any(is_startup)
                || ends_with(path, "pyvenv.cfg")
                || ends_with(path, "._pth")
                || is_pythons_own(path))
        {
            // The folder of packages is below the environment's own, wherever that is; and so are the files that say where Python's
            // own modules are, and outside a virtual environment those modules themselves.
            notes.add(NoteKind::StartupModule, name);
        }
        match place {
            Place::Packages(path) => match path.split_once('/') {
                Some((folder, file)) if folder == dist_info => {
                    if ["direct_url.json", "INSTALLER", "REQUESTED"].contains(&file) {
                        notes.add(NoteKind::InstallerFile, name);
                    }
                }
                Some((package, _)) => {
                    modules.insert(package);
                }
                None => {
                    let known = [".py", ".pyc", ".so", ".pyd"]
                        .iter()
                        .any(|ending| ends_with(path, ending));
                    modules.extend(path.split('.').next().filter(|_| known));
                }
            },
            Place::Scripts(script) => notes.add(script_kind(script, project), script),
            Place::Data(path) if path.split('/').any(is_packages) => notes.add(NoteKind::IntoPackages, name),
            Place::Headers(_) => notes.add(NoteKind::Header, name),
            Place::Data(_) | Place::Unknown => notes.add(NoteKind::DataFile, name),
        }
    }
    for script in scripts {
        notes.add(script_kind(script, project), script);
    }
    let project = project.to_string();
    for module in modules {
        let lower = module.to_ascii_lowercase();
        if is_startup(module) {
            notes.add(NoteKind::StartupModule, module);
        } else if INSTALLERS.contains(&lower.as_str()) && !is_installer(&project) {
            notes.add(NoteKind::ShadowsInstaller, module);
        } else if PYTHON.split_ascii_whitespace().any(|own| own == module) {
            notes.add(NoteKind::ShadowsPython, module);
        } else if lower.replace(['_', '.'], "-") != project {
            notes.add(NoteKind::OtherModule, module);
        }
    }
    notes
}

/// A program, or one that people take for another.
fn script_kind(script: &str, project: &PackageName) -> NoteKind {
    let lower = script.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let known = [
        "python",
        "pythonw",
        "pip",
        "activate",
        "deactivate",
        "activate_this",
        "slsa-pip",
    ]
    .contains(&stem);
    if known && project.to_string() != stem {
        NoteKind::ShadowsProgram
    } else {
        NoteKind::Script
    }
}

/// Whether a folder is one that packages are imported from.
fn is_packages(folder: &str) -> bool {
    ["site-packages", "dist-packages"].contains(&folder.to_ascii_lowercase().as_str())
}

/// Whether a path below the environment's folder is one of Python's own modules: `lib/python3.12/os.py`, on Windows `Lib/os.py`.
fn is_pythons_own(path: &str) -> bool {
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !["lib", "lib64"].contains(&first.as_str()) || path.split('/').any(is_packages) {
        return false;
    }
    let second = parts.next().unwrap_or_default();
    let version = second.to_ascii_lowercase();
    let version = version.strip_prefix("python").or(version.strip_prefix("pypy"));
    if version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())) {
        return parts.next().is_some();
    }
    let stem = second.split('.').next().unwrap_or_default();
    PYTHON
        .split_ascii_whitespace()
        .any(|own| own.eq_ignore_ascii_case(stem))
}

/// Whether a file or folder is a module that Python imports at every start.
fn is_startup(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    ["sitecustomize", "usercustomize"].contains(&stem.as_str())
}

fn is_installer(project: &str) -> bool {
    ["pip", "setuptools", "wheel"].contains(&project)
}

fn ends_with(name: &str, ending: &str) -> bool {
    // Windows leaves dots and spaces at the end out.
    let name = name.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    name.strip_suffix(ending).is_some()
}

/// The source that a compiled module is of: `a/__pycache__/b.cpython-311.pyc` is of `a/b.py`, and Python compares its date with
/// that; without a source it is run as it is.
fn source_of(name: &str) -> Option<String> {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = file.split('.').next().filter(|stem| !stem.is_empty())?;
    let parent = folder.strip_suffix("__pycache__")?;
    Some(format!("{parent}{stem}.py"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(project: &str, names: &[&str], scripts: &[&str]) -> Vec<String> {
        let entries: Vec<Entry> = names.iter().map(|name| Entry::named(name)).collect();
        let scripts: Vec<String> = scripts.iter().map(|&script| script.to_owned()).collect();
        let notes = collect(&entries, "x-1.dist-info", &scripts, &project.parse().unwrap());
        notes
            .iter()
            .map(|note| format!("{} {}", note.kind.as_str(), note.name))
            .collect()
    }

    #[test]
    fn an_ordinary_wheel_has_nothing_unusual() {
        let names = [
            "x/__init__.py",
            "x/json.py",
            "x-1.dist-info/METADATA",
            "x/__pycache__/json.cpython-311.pyc",
        ];
        assert_eq!(notes("x", &names, &["x"]), ["script x"]);
        assert!(notes("My.X", &["my_x/a.py"], &[]).is_empty());
    }

    #[test]
    fn what_runs_or_shadows_is_told() {
        let names = [
            "x.pth",
            "x-1.data/purelib/y.PTH",
            "sitecustomize.py",
            "json/__init__.py",
            "pip/__init__.py",
            "_y.cpython-311-x86_64-linux-gnu.so",
            "x/gone.pyc",
            "x/__pycache__/gone.cpython-311.pyc",
            "x-1.dist-info/direct_url.json",
            "x-1.data/scripts/run",
            "x-1.data/scripts/Python3.11",
            "x-1.data/data/lib/python3/site-packages/other.py",
            "x-1.data/data/etc/x",
            "x-1.data/data/lib/python3/site-packages/usercustomize/__init__.py",
            "x-1.data/headers/x.h",
        ];
        assert_eq!(
            notes("x", &names, &[]),
            [
                "pth-file x-1.data/purelib/y.PTH",
                "pth-file x.pth",
                "startup-module sitecustomize",
                "startup-module x-1.data/data/lib/python3/site-packages/usercustomize/__init__.py",
                "shadows-python json",
                "shadows-installer pip",
                "shadows-program Python3.11",
                "into-packages x-1.data/data/lib/python3/site-packages/other.py",
                "into-packages x-1.data/data/lib/python3/site-packages/usercustomize/__init__.py",
                "bytecode x/__pycache__/gone.cpython-311.pyc",
                "bytecode x/gone.pyc",
                "installer-file x-1.dist-info/direct_url.json",
                "other-module _y",
                "script run",
                "data-file x-1.data/data/etc/x",
                "header x-1.data/headers/x.h",
            ]
        );
        assert!(notes("pip", &["pip/__init__.py"], &[]).is_empty());
    }

    #[test]
    fn what_replaces_pythons_own_modules_runs_at_its_start() {
        for (path, own) in [
            ("lib/python3.12/os.py", true),
            ("lib64/Python3.13/encodings/__init__.py", true),
            ("Lib/os.py", true),
            ("LIB/Encodings/aliases.py", true),
            ("lib/python3.12/site-packages/x.py", false),
            ("lib/libx.so", false),
            ("lib/cmake/x/x-config.cmake", false),
            ("lib/python3.12", false),
            ("share/os.py", false),
        ] {
            assert_eq!(is_pythons_own(path), own, "{path}");
        }
        let told = notes("x", &["x-1.data/data/lib/python3.12/os.py"], &[]);
        assert_eq!(
            told.first().map(String::as_str),
            Some("startup-module x-1.data/data/lib/python3.12/os.py")
        );
    }

    #[test]
    fn many_of_a_kind_are_counted() {
        let mut notes = Notes::default();
        for number in 0..30 {
            notes.add(NoteKind::Script, &number.to_string());
        }
        assert_eq!(notes.iter().count(), MAX_OF_A_KIND);
        assert_eq!(notes.counts().collect::<Vec<_>>(), [(NoteKind::Script, 30)]);
    }
}
