//! Environment markers (PEP 508), read and evaluated as pip does.
//!
//! `pep508_rs` supplies the environment's type only. Its own marker parser panics on some texts, ignores comparisons
//! that pip carries out, and keeps each marker as a decision diagram that hostile metadata can make exponentially large.

use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerValueString, MarkerValueVersion};

use crate::requirement::ExtraName;
use crate::specifier;

/// Deepest nesting of parentheses; real markers stay below ten. It bounds recursion.
const MAX_DEPTH: usize = 64;

/// A parsed marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Compare {
        key: Key,
        op: Op,
        value: String,
        /// Whether the text was `"value" op key`.
        swapped: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Version(MarkerValueVersion),
    Text(MarkerValueString),
    Extra,
    /// The set of extras of a lock file (PEP 751).
    Extras,
    /// The set of dependency groups of a lock file (PEP 751).
    DependencyGroups,
}

/// What is asked for of a lock file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// The extras.
    pub extras: &'a [ExtraName],
    /// The dependency groups, those installed by default among them.
    pub groups: &'a [ExtraName],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    In,
    NotIn,
    Compare(&'static str),
}

/// Longest first, so that `===` is not read as `==`.
const OPERATORS: [&str; 8] = ["===", "==", "!=", "~=", "<=", ">=", "<", ">"];

impl Marker {
    /// Parses the text after `;`.
    ///
    /// # Errors
    /// A text naming what is wrong. Comparisons of two variables or of two strings mean nothing and are refused.
    pub fn parse(text: &str) -> Result<Self, String> {
        Parser {
            rest: text,
            of_lock: false,
        }
        .whole()
    }

    /// Parses the marker of a package in a lock file, which may also ask `'NAME' in extras` and `'NAME' in dependency_groups`.
    ///
    /// # Errors
    /// As [`Marker::parse`].
    pub fn parse_of_lock(text: &str) -> Result<Self, String> {
        Parser {
            rest: text,
            of_lock: true,
        }
        .whole()
    }

    /// Whether it holds in `env` with `extra` being asked for (`None`: no extra).
    #[must_use]
    pub fn evaluate(&self, env: &MarkerEnvironment, extra: Option<&ExtraName>) -> bool {
        self.0.evaluate(env, extra, Selection::default())
    }

    /// Whether it holds in `env` for what is asked for of a lock file.
    #[must_use]
    pub fn evaluate_of_lock(&self, env: &MarkerEnvironment, selection: Selection<'_>) -> bool {
        self.0.evaluate(env, None, selection)
    }
}

impl Node {
    fn evaluate(&self, env: &MarkerEnvironment, extra: Option<&ExtraName>, selection: Selection<'_>) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.evaluate(env, extra, selection)),
            Self::All(nodes) => nodes.iter().all(|node| node.evaluate(env, extra, selection)),
            Self::Compare {
                key: key @ (Key::Extras | Key::DependencyGroups),
                op,
                value,
                ..
            } => {
                let asked = if *key == Key::Extras {
                    selection.extras
                } else {
                    selection.groups
                };
                let named = value.parse::<ExtraName>().is_ok_and(|name| asked.contains(&name));
                named == (*op == Op::In)
            }
            Self::Compare {
                key,
                op,
                value,
                swapped,
            } => {
                let found = match key {
                    Key::Version(key) => version_text(env, key),
                    Key::Text(key) => env.get_string(key),
                    Key::Extra => extra.map_or("", ExtraName::as_str),
                    // Handled above.
                    Key::Extras | Key::DependencyGroups => "",
                };
                let normalised = (*key == Key::Extra)
                    .then(|| value.parse::<ExtraName>().ok())
                    .flatten()
                    .map(|name| name.to_string());
                let value = normalised.as_deref().unwrap_or(value);
                if *swapped {
                    compare(key, value, *op, found)
                } else {
                    compare(key, found, *op, value)
                }
            }
        }
    }
}

fn version_text<'a>(env: &'a MarkerEnvironment, key: &MarkerValueVersion) -> &'a str {
    match key {
        MarkerValueVersion::ImplementationVersion => &env.implementation_version().string,
        MarkerValueVersion::PythonFullVersion => &env.python_full_version().string,
        MarkerValueVersion::PythonVersion => &env.python_version().string,
    }
}

impl Key {
    /// Whether its values are compared as versions where they can be.
    fn is_version(&self) -> bool {
        matches!(self, Self::Version(_) | Self::Text(MarkerValueString::PlatformRelease))
    }
}

/// `left op right`, as pip does since 26: by version if the right side can be one; else only equality means anything.
fn compare(key: &Key, left: &str, op: Op, right: &str) -> bool {
    let op = match op {
        Op::In => return right.contains(left),
        Op::NotIn => return !right.contains(left),
        Op::Compare(op) => op,
    };
    if key.is_version()
        && let Ok(specifier) = specifier::parse_specifier(&format!("{op}{right}"))
    {
        // A Python built from a checkout calls itself `3.14.0+`.
        let version = left.trim_end_matches('+').parse::<Version>();
        return version.is_ok_and(|version| specifier::matches(&specifier, &version));
    }
    match op {
        "==" | "===" | "<=" | ">=" => left == right,
        "!=" => left != right,
        _ => false,
    }
}

/// Whether pip would call a comparison undefined in every environment.
fn undefined(key: &Key, op: Op, value: &str, swapped: bool) -> bool {
    match op {
        Op::Compare("===") => !key.is_version(),
        Op::Compare("~=") if key.is_version() => !swapped && specifier::parse_specifier(&format!("~={value}")).is_err(),
        Op::Compare("~=") => true,
        _ => false,
    }
}

enum Operand {
    Key(Key),
    Quoted(String),
}

struct Parser<'a> {
    rest: &'a str,
    /// Whether the variables of lock files are known.
    of_lock: bool,
}

impl<'a> Parser<'a> {
    fn whole(mut self) -> Result<Marker, String> {
        let node = self.any(0)?;
        if self.skip_space().is_empty() {
            Ok(Marker(node))
        } else {
            Err(self.unexpected("`and`, `or` or the end of the marker"))
        }
    }

    fn skip_space(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    fn unexpected(&self, wanted: &str) -> String {
        let found: String = self.rest.chars().take(20).collect();
        if found.is_empty() {
            format!("its marker ends where {wanted} should stand")
        } else {
            format!("its marker has `{found}` where {wanted} should stand")
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.skip_space();
        let Some(after) = rest.strip_prefix(word) else {
            return false;
        };
        if after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
            return false;
        }
        self.rest = after;
        true
    }

    fn any(&mut self, depth: usize) -> Result<Node, String> {
        let mut nodes = vec![self.all(depth)?];
        while self.word("or") {
            nodes.push(self.all(depth)?);
        }
        Ok(Node::Any(nodes))
    }

    fn all(&mut self, depth: usize) -> Result<Node, String> {
        let mut nodes = vec![self.atom(depth)?];
        while self.word("and") {
            nodes.push(self.atom(depth)?);
        }
        Ok(Node::All(nodes))
    }

    fn atom(&mut self, depth: usize) -> Result<Node, String> {
        if let Some(after) = self.skip_space().strip_prefix('(') {
            if depth == MAX_DEPTH {
                return Err("its marker is nested too deeply".to_owned());
            }
            self.rest = after;
            let node = self.any(depth + 1)?;
            self.rest = self
                .skip_space()
                .strip_prefix(')')
                .ok_or_else(|| self.unexpected("`)`"))?;
            return Ok(node);
        }
        let left = self.operand()?;
        let op = self.operator()?;
        let right = self.operand()?;
        let (key, value, swapped) = match (left, right) {
            (Operand::Key(key), Operand::Quoted(value)) => (key, value, false),
            (Operand::Quoted(value), Operand::Key(key)) => (key, value, true),
            _ => return Err("its marker compares two variables or two strings".to_owned()),
        };
        let is_set = matches!(key, Key::Extras | Key::DependencyGroups);
        if is_set && !(swapped && matches!(op, Op::In | Op::NotIn)) {
            return Err("its marker may only ask whether a quoted name is `in` or `not in` such a set".to_owned());
        }
        if undefined(&key, op, &value, swapped) {
            return Err("its marker compares what cannot be compared with `===` or `~=`".to_owned());
        }
        Ok(Node::Compare {
            key,
            op,
            value,
            swapped,
        })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let rest = self.skip_space();
        for quote in ['"', '\''] {
            if let Some(after) = rest.strip_prefix(quote) {
                let (value, after) = after
                    .split_once(quote)
                    .ok_or_else(|| "its marker has a quote that is not closed".to_owned())?;
                self.rest = after;
                return Ok(Operand::Quoted(value.to_owned()));
            }
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let of_lock = match word {
            "extras" if self.of_lock => Some(Key::Extras),
            "dependency_groups" if self.of_lock => Some(Key::DependencyGroups),
            _ => None,
        };
        let key = of_lock
            .or_else(|| variable(word))
            .ok_or_else(|| self.unexpected("a marker variable or a quoted string"))?;
        self.rest = after;
        Ok(Operand::Key(key))
    }

    fn operator(&mut self) -> Result<Op, String> {
        let rest = self.skip_space();
        for op in OPERATORS {
            if let Some(after) = rest.strip_prefix(op) {
                self.rest = after;
                return Ok(Op::Compare(op));
            }
        }
        if self.word("in") {
            return Ok(Op::In);
        }
        if self.word("not") && self.word("in") {
            return Ok(Op::NotIn);
        }
        Err(self.unexpected("an operator such as `==` or `in`"))
    }
}

fn variable(word: &str) -> Option<Key> {
    Some(match word {
        "python_version" => Key::Version(MarkerValueVersion::PythonVersion),
        "python_full_version" => Key::Version(MarkerValueVersion::PythonFullVersion),
        "implementation_version" => Key::Version(MarkerValueVersion::ImplementationVersion),
        "implementation_name" => Key::Text(MarkerValueString::ImplementationName),
        "os_name" | "os.name" => Key::Text(MarkerValueString::OsName),
        "sys_platform" | "sys.platform" => Key::Text(MarkerValueString::SysPlatform),
        "platform_machine" | "platform.machine" => Key::Text(MarkerValueString::PlatformMachine),
        "platform_release" => Key::Text(MarkerValueString::PlatformRelease),
        "platform_system" => Key::Text(MarkerValueString::PlatformSystem),
        "platform_version" | "platform.version" => Key::Text(MarkerValueString::PlatformVersion),
        "platform_python_implementation" | "platform.python_implementation" | "python_implementation" => {
            Key::Text(MarkerValueString::PlatformPythonImplementation)
        }
        "extra" => Key::Extra,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pep508_rs::MarkerEnvironmentBuilder;

    fn env() -> MarkerEnvironment {
        MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: "3.11.2",
            os_name: "posix",
            platform_machine: "x86_64",
            platform_python_implementation: "CPython",
            platform_release: "6.1.0-generic",
            platform_system: "Linux",
            platform_version: "#1 SMP",
            python_full_version: "3.11.2",
            python_version: "3.11",
            sys_platform: "linux",
        })
        .unwrap()
    }

    #[test]
    fn markers_hold_as_pip_says() {
        let extra: ExtraName = "Foo_Bar".parse().unwrap();
        for (text, expected) in [
            ("python_version >= '3.9'", true),
            ("python_version < '3.9'", false),
            ("python_version == '3.*'", true),
            ("'3.9' <= python_version", true),
            ("python_version in '3.10 3.11'", true),
            ("python_version not in '3.10, 3.12'", true),
            ("python_version not   in '3.10, 3.11'", false),
            ("python_full_version ~= '3.11.0'", true),
            ("python_full_version === '3.11.2'", true),
            ("sys_platform == 'linux' and os.name=='posix'", true),
            (
                "sys_platform == 'win32' or sys_platform == 'linux' and os_name == 'nt'",
                false,
            ),
            (
                "(sys_platform == 'win32' or sys_platform == 'linux') and os_name != 'nt'",
                true,
            ),
            ("'lin' in sys_platform", true),
            ("platform_release >= '5'", false),
            ("platform_release == '6.1.0-generic'", true),
            ("sys_platform >= 'a'", false),
            ("sys_platform >= 'linux'", true),
            ("'3.*' != python_version", false),
            ("python_version in '3.8,3.11'", true),
            ("python_version == '3.8,3.11'", false),
            ("python_implementation == \"CPython\"", true),
            ("extra == 'foo-bar'", true),
            ("extra == 'FOO.bar'", true),
            ("extra != 'foo-bar'", false),
            ("extra == 'other'", false),
            ("python_version >= 'abc'", false),
        ] {
            assert_eq!(
                Marker::parse(text).unwrap().evaluate(&env(), Some(&extra)),
                expected,
                "{text}"
            );
        }
        assert!(!Marker::parse("extra == 'x'").unwrap().evaluate(&env(), None));
    }

    #[test]
    fn markers_of_lock_files_ask_for_extras_and_groups() {
        let names: Vec<ExtraName> = ["dev-tools", "x"].iter().map(|name| name.parse().unwrap()).collect();
        let [dev, x] = [&names[..1], &names[1..]];
        let selection = Selection { extras: x, groups: dev };
        for (text, expected) in [
            ("'x' in extras", true),
            ("'y' in extras", false),
            ("'y' not in extras", true),
            ("'Dev_Tools' in dependency_groups", true),
            ("'x' in dependency_groups or sys_platform == 'win32'", false),
            ("'x' in extras and os_name == 'posix'", true),
        ] {
            let marker = Marker::parse_of_lock(text).unwrap();
            assert_eq!(marker.evaluate_of_lock(&env(), selection), expected, "{text}");
            assert!(Marker::parse(text).is_err(), "{text} is for lock files only");
        }
        for bad in [
            "extras == 'x'",
            "'x' == extras",
            "extras in 'x'",
            "'x' < dependency_groups",
        ] {
            assert!(Marker::parse_of_lock(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_marker_is_refused() {
        for bad in [
            "",
            "python_version",
            "python_version >=",
            "python_version >= 3",
            "python_version >= '3",
            "os_name == sys_platform",
            "'a' == 'a'",
            "os_name == 'a' and",
            "os_name == 'a' os_name == 'b'",
            "os_name == 'a' oré",
            "(os_name == 'a'",
            "os_name == 'a')",
            "nothing == 'a'",
            "os_name is 'a'",
            "é == 'a'",
            "sys_platform ~= '1.0'",
            "sys_platform === 'linux'",
            "extra === 'foo'",
            "python_version ~= '3'",
        ] {
            assert!(Marker::parse(bad).is_err(), "{bad:?}");
        }
        let deep = format!("{}os_name == 'a'{}", "(".repeat(5000), ")".repeat(5000));
        assert!(Marker::parse(&deep).unwrap_err().contains("deeply"));
    }
}
