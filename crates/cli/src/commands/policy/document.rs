//! A policy file that is edited: whatever is not touched keeps its bytes, comments and order.
//!
//! `toml_edit` writes, and escapes what it writes; what holds is only what the policy's own reader makes of the result.

use std::collections::BTreeMap;

use slsa_pip_distribution::{PackageName, Version};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::failure::{Failure, Result};

/// The table of `pyproject.toml` that holds a policy.
const PYPROJECT_TABLE: [&str; 2] = ["tool", "slsa-pip"];

/// The two sections that have one entry a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// `[packages.NAME]`
    Packages,
    /// `[exemptions.NAME]`
    Exemptions,
}

impl Section {
    /// The section's key.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Exemptions => "exemptions",
        }
    }
}

/// A value that an entry is written with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// A string.
    Text(String),
    /// Strings in one line.
    Words(Vec<String>),
    /// Strings, one a line, each with a remark.
    Lines(Vec<(String, String)>),
    /// A date, as TOML writes it.
    Date(jiff::civil::Date),
}

/// A policy file as text that can be edited.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    toml: DocumentMut,
    /// Whether the policy is a table of `pyproject.toml`.
    in_pyproject: bool,
    crlf: bool,
}

impl Document {
    /// Reads a text that the policy's reader has accepted.
    ///
    /// # Errors
    /// If it is no TOML, or if the tables that hold the policy are something else.
    pub(crate) fn parse(text: &str, in_pyproject: bool) -> Result<Self> {
        let toml = text
            .parse::<DocumentMut>()
            .map_err(|error| Failure::new("The policy file is no TOML").caused_by(&error))?;
        let document = Self {
            toml,
            in_pyproject,
            crlf: text.contains("\r\n"),
        };
        for section in [Section::Packages, Section::Exemptions] {
            let root = document.root();
            if root.is_some_and(|root| root.get(section.key()).is_some_and(|item| !item.is_table_like())) {
                return Err(not_a_table(section.key()));
            }
        }
        Ok(document)
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        let text = self.toml.to_string();
        if self.crlf {
            return text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        text
    }

    /// The name under which an entry for this project is written; names are compared as the policy's reader does it.
    pub(crate) fn written_name(&self, section: Section, name: &PackageName) -> Option<String> {
        let table = self.root()?.get(section.key())?.as_table_like()?;
        let mut keys = table.iter().map(|(key, _)| key);
        keys.find(|key| key.parse::<PackageName>().as_ref() == Ok(name))
            .map(str::to_owned)
    }

    /// The keys of an entry; empty if there is no such entry.
    pub(crate) fn keys(&self, section: Section, name: &PackageName) -> Vec<String> {
        let keys = || {
            let written = self.written_name(section, name)?;
            let entry = self.root()?.get(section.key())?.as_table_like()?.get(&written)?;
            Some(entry.as_table_like()?.iter().map(|(key, _)| key.to_owned()).collect())
        };
        keys().unwrap_or_default()
    }

    /// The digests that an exemption names.
    pub(crate) fn digests(&self, name: &PackageName) -> Vec<String> {
        let list = self
            .value(Section::Exemptions, name, "sha256")
            .and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// The version that an exemption is for, where it is for one: `==1.2`.
    pub(crate) fn single_version(&self, name: &PackageName) -> Option<Version> {
        let versions = self.value(Section::Exemptions, name, "versions")?.as_str()?;
        versions.trim().strip_prefix("==")?.trim().parse().ok()
    }

    fn value(&self, section: Section, name: &PackageName, key: &str) -> Option<&Value> {
        let written = self.written_name(section, name)?;
        let entry = self.root()?.get(section.key())?.as_table_like()?.get(&written)?;
        entry.as_table_like()?.get(key)?.as_value()
    }

    /// Adds an entry after those that are there, or further keys to the entry that is there: keys that it has stay as they are.
    /// `remark` is written above a new entry.
    ///
    /// # Errors
    /// If what is there is no table.
    pub(crate) fn add(
        &mut self,
        section: Section,
        name: &PackageName,
        values: &[(&'static str, Written)],
        remark: &[String],
    ) -> Result<()> {
        let written = self.written_name(section, name);
        let item = self.section_mut(section)?;
        let under_headers = item.as_table().is_some_and(|table| !table.is_dotted());
        let table = item.as_table_like_mut().ok_or_else(|| not_a_table(section.key()))?;
        if let Some(written) = written {
            let entry = table.get_mut(&written).and_then(Item::as_table_like_mut);
            let entry = entry.ok_or_else(|| not_a_table(&written))?;
            for (key, value) in values {
                if !entry.contains_key(key) {
                    entry.insert(key, Item::Value(value.in_one_line()));
                }
            }
            return Ok(());
        }
        if under_headers {
            let mut entry = Table::new();
            for (key, value) in values {
                entry.insert(key, Item::Value(value.in_lines()));
            }
            let mut prefix = String::from("\n");
            for line in remark {
                prefix.push_str("# ");
                prefix.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
                prefix.push('\n');
            }
            entry.decor_mut().set_prefix(prefix);
            table.insert(name.as_str(), Item::Table(entry));
        } else {
            let mut entry = InlineTable::new();
            for (key, value) in values {
                entry.insert(*key, value.in_one_line());
            }
            table.insert(name.as_str(), Item::Value(Value::InlineTable(entry)));
        }
        Ok(())
    }

    /// Adds digests to the list of an exemption, each with its remark where the list has lines; those that are there stay as they
    /// are, with theirs.
    ///
    /// # Errors
    /// If there is no such list.
    pub(crate) fn add_digests(&mut self, name: &PackageName, digests: &[(String, String)]) -> Result<()> {
        let written = self.written_name(Section::Exemptions, name);
        let list = written.and_then(|written| {
            let section = self.section_mut(Section::Exemptions).ok()?.as_table_like_mut()?;
            let entry = section.get_mut(&written)?;
            entry.as_table_like_mut()?.get_mut("sha256")?.as_array_mut()
        });
        let list = list.ok_or_else(|| not_a_table(name.as_str()))?;
        for (digest, remark) in digests {
            if list.iter().any(|known| known.as_str() == Some(digest)) {
                continue;
            }
            let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
            if !list.trailing_comma() || !trailing.contains('\n') {
                list.push(digest.as_str());
                continue;
            }
            // What follows the last comma is the remark on the digest before it.
            let mut value = Value::from(digest.as_str());
            value.decor_mut().set_prefix(format!("{}\n    ", trailing.trim_end()));
            list.push_formatted(value);
            list.set_trailing(format!("{}\n", remark_of(remark)));
        }
        Ok(())
    }

    /// Removes an entry with the remark that stands right above it; whatever stands above a blank line stays.
    pub(crate) fn remove(&mut self, section: Section, name: &PackageName) {
        let Some(written) = self.written_name(section, name) else {
            return;
        };
        let section_item = self.section_mut(section).ok().and_then(Item::as_table_like_mut);
        let Some(table) = section_item else { return };
        let Some(item) = table.remove(&written) else { return };
        let is_empty = table.is_empty();
        let prefix = match &item {
            Item::Table(entry) => entry
                .decor()
                .prefix()
                .and_then(|prefix| prefix.as_str())
                .map(str::to_owned),
            _ => None,
        };
        let position = item.as_table().and_then(Table::position);
        if is_empty
            && let Some(root) = self.root_mut().and_then(Item::as_table_like_mut)
            && root
                .get(section.key())
                .and_then(Item::as_table)
                .is_some_and(Table::is_implicit)
        {
            root.remove(section.key());
        }
        // What is set off by a blank line speaks of more than this entry.
        let kept = prefix
            .as_deref()
            .and_then(|prefix| prefix.rfind("\n\n").map(|at| prefix.split_at(at + 1).0.to_owned()));
        if let Some(kept) = kept.filter(|kept| kept.contains('#')) {
            self.prepend_to_next(position, &kept);
        }
    }

    /// Puts comments above whatever follows a table that stood at `position`.
    fn prepend_to_next(&mut self, position: Option<isize>, comments: &str) {
        let mut next: Option<(isize, &mut Table)> = None;
        let mut tables = Vec::new();
        collect_tables(self.toml.as_table_mut(), &mut tables);
        for table in tables {
            let Some(at) = table.position() else { continue };
            let follows = position.is_none_or(|position| at > position);
            if follows && next.as_ref().is_none_or(|(best, _)| at < *best) {
                next = Some((at, table));
            }
        }
        if let Some((_, table)) = next {
            let own = table
                .decor()
                .prefix()
                .and_then(|prefix| prefix.as_str())
                .unwrap_or_default();
            let joined = format!("{comments}{own}");
            table.decor_mut().set_prefix(joined);
        } else {
            let joined = format!("{comments}{}", self.toml.trailing().as_str().unwrap_or_default());
            self.toml.set_trailing(joined);
        }
    }

    /// Every value with its path, as it is meant: what an edit may not change can be compared.
    pub(crate) fn values(&self) -> BTreeMap<Vec<String>, String> {
        let mut values = BTreeMap::new();
        flatten(self.toml.as_table(), &mut Vec::new(), &mut values);
        values
    }

    /// Whether a path of [`Document::values`] lies in an entry.
    pub(crate) fn lies_in(&self, path: &[String], section: Section, name: &PackageName) -> bool {
        let prefix: &[&str] = if self.in_pyproject { &PYPROJECT_TABLE } else { &[] };
        let rest = path.get(prefix.len()..).unwrap_or_default();
        path.iter().zip(prefix).all(|(part, wanted)| part == wanted)
            && rest.first().is_some_and(|part| part == section.key())
            && rest
                .get(1)
                .is_some_and(|part| part.parse::<PackageName>().as_ref() == Ok(name))
    }

    fn root(&self) -> Option<&dyn TableLike> {
        let mut table: &dyn TableLike = self.toml.as_table();
        if self.in_pyproject {
            for key in PYPROJECT_TABLE {
                table = table.get(key)?.as_table_like()?;
            }
        }
        Some(table)
    }

    fn root_mut(&mut self) -> Option<&mut Item> {
        let mut item = self.toml.as_item_mut();
        if self.in_pyproject {
            for key in PYPROJECT_TABLE {
                item = below(item, key)?;
            }
        }
        Some(item)
    }

    fn section_mut(&mut self, section: Section) -> Result<&mut Item> {
        let found = self.root_mut().and_then(|root| below(root, section.key()));
        found.ok_or_else(|| not_a_table(section.key()))
    }
}

/// The table under a key, which is made if there is none.
fn below<'i>(item: &'i mut Item, key: &str) -> Option<&'i mut Item> {
    let is_table = item.is_table();
    let table = item.as_table_like_mut()?;
    if !table.contains_key(key) {
        let empty = if is_table {
            Item::Table(implicit())
        } else {
            Item::Value(Value::InlineTable(InlineTable::new()))
        };
        table.insert(key, empty);
    }
    table.get_mut(key)
}

fn implicit() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}

fn not_a_table(name: &str) -> Failure {
    Failure::new(format!("`{name}` of the policy file is no table"))
}

fn collect_tables<'t>(table: &'t mut Table, found: &mut Vec<&'t mut Table>) {
    for (_, item) in table.iter_mut() {
        let Item::Table(below) = item else { continue };
        if below.is_implicit() {
            collect_tables(below, found);
        } else {
            // Nested headers would need two borrows at once; the outermost is near enough for a comment.
            found.push(below);
        }
    }
}

fn flatten(table: &dyn TableLike, path: &mut Vec<String>, values: &mut BTreeMap<Vec<String>, String>) {
    for (key, item) in table.iter() {
        path.push(key.to_owned());
        if let Some(below) = item.as_table_like() {
            flatten(below, path, values);
        } else if let Item::ArrayOfTables(list) = item {
            for (index, below) in list.iter().enumerate() {
                path.push(index.to_string());
                flatten(below, path, values);
                path.pop();
            }
        } else if let Some(value) = item.as_value() {
            values.insert(path.clone(), plain(value));
        }
        path.pop();
    }
}

/// A value as it is meant, whatever it is written like.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.value()),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(plain).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => number.value().to_string(),
        Value::Boolean(flag) => flag.value().to_string(),
        Value::Datetime(time) => time.value().to_string(),
        Value::InlineTable(table) => {
            let mut values = BTreeMap::new();
            flatten(table, &mut Vec::new(), &mut values);
            format!("{values:?}")
        }
    }
}

impl Written {
    /// As in the file, in one line.
    pub(crate) fn shown(&self) -> String {
        self.in_one_line().to_string()
    }

    /// The value as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Words(words) => words.clone().into(),
            Self::Lines(lines) => lines.iter().map(|(text, _)| text.as_str()).collect(),
            Self::Date(date) => date.to_string().into(),
        }
    }

    fn in_one_line(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Words(words) => words.iter().map(String::as_str).collect::<Array>().into(),
            Self::Lines(lines) => lines.iter().map(|(text, _)| text.as_str()).collect::<Array>().into(),
            Self::Date(date) => date
                .to_string()
                .parse::<toml_edit::Datetime>()
                .map_or_else(|_| Value::from(date.to_string()), Value::from),
        }
    }

    fn in_lines(&self) -> Value {
        let Self::Lines(lines) = self else {
            return self.in_one_line();
        };
        let mut list = Array::new();
        let mut before = String::new();
        for (text, remark) in lines {
            let mut value = Value::from(text.as_str());
            value.decor_mut().set_prefix(format!("{before}\n    "));
            list.push_formatted(value);
            before = remark_of(remark);
        }
        list.set_trailing_comma(true);
        list.set_trailing(format!("{before}\n"));
        Value::Array(list)
    }
}

/// A remark at the end of a line; none where it would not end there.
fn remark_of(text: &str) -> String {
    if text.is_empty() || text.chars().any(char::is_control) {
        return String::new();
    }
    format!(" # {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str, name: &str, in_pyproject: bool) -> String {
        let mut document = Document::parse(text, in_pyproject).unwrap();
        let keys = [
            ("repository", Written::Text("github.com/o/a".to_owned())),
            ("evidence", Written::Words(vec!["build".to_owned()])),
        ];
        document
            .add(Section::Packages, &name.parse().unwrap(), &keys, &["by\nus".to_owned()])
            .unwrap();
        document.text()
    }

    #[test]
    fn entries_are_added_in_the_way_the_file_is_written() {
        const ENTRY: &str = "repository = \"github.com/o/a\"\nevidence = [\"build\"]\n";
        for (text, expected) in [
            ("", format!("\n# by us\n[packages.a]\n{ENTRY}")),
            ("# top\nversion = 1\n", format!("# top\nversion = 1\n\n# by us\n[packages.a]\n{ENTRY}")),
            (
                "[packages.b]\nowner = 'x' # y\n\n[exemptions]\n# end\n",
                format!("[packages.b]\nowner = 'x' # y\n\n# by us\n[packages.a]\n{ENTRY}\n[exemptions]\n# end\n"),
            ),
            // What is there stays, also under another spelling of its name.
            (
                "[packages.\"A\"]\nrepository = \"mine\"  # why\n",
                "[packages.\"A\"]\nrepository = \"mine\"  # why\nevidence = [\"build\"]\n".to_owned(),
            ),
            (
                "packages = { b = { owner = \"x\" } }\n",
                "packages = { b = { owner = \"x\" } , a = { repository = \"github.com/o/a\", evidence = [\"build\"] } }\n".to_owned(),
            ),
            (
                "packages.b.owner = \"x\"\nversion = 1\n",
                "packages.b.owner = \"x\"\npackages.a = { repository = \"github.com/o/a\", evidence = [\"build\"] }\nversion = 1\n"
                    .to_owned(),
            ),
        ] {
            let written = pin(text, "a", false);
            let (is, wanted) = (values(&written), values(&expected));
            assert_eq!(is, wanted, "{written}");
            for line in text.lines().filter(|line| !line.starts_with("packages = ")) {
                assert!(written.contains(line), "`{line}` is not in:\n{written}");
            }
            if !text.starts_with("packages") {
                assert_eq!(written, expected);
            }
            assert_eq!(pin(&written, "a", false), written, "once is enough");
        }
    }

    fn values(text: &str) -> BTreeMap<Vec<String>, String> {
        Document::parse(text, false).unwrap().values()
    }

    #[test]
    fn a_policy_in_pyproject_is_below_its_table() {
        let text = pin("[project]\nname = \"x\"\n", "a", true);
        assert!(text.contains("\n[tool.slsa-pip.packages.a]\n"), "{text}");
        let text = pin("[tool]\nslsa-pip = { version = 1 }\n", "a", true);
        let document = Document::parse(&text, true).unwrap();
        assert_eq!(
            document.keys(Section::Packages, &"a".parse().unwrap()),
            ["repository", "evidence"]
        );
    }

    #[test]
    fn what_an_edit_may_touch_is_its_entry() {
        let document = Document::parse("", false).unwrap();
        let path = |text: &str| -> Vec<String> { text.split('/').map(str::to_owned).collect() };
        let name = "a-b".parse().unwrap();
        assert!(document.lies_in(&path("packages/A.b/ref"), Section::Packages, &name));
        for other in [
            "packages/a/ref",
            "exemptions/a-b/reason",
            "packages",
            "tool/packages/a-b/ref",
        ] {
            assert!(!document.lies_in(&path(other), Section::Packages, &name), "{other}");
        }
    }

    #[test]
    fn a_removed_entry_takes_its_own_remark_with_it_and_no_other() {
        let text = "# file\n\n# section\n\n# of a\n[exemptions.a]\nreason = \"x\"\n\n# of b\n[exemptions.b]\nreason = \"y\"\n# end\n";
        let removed = |names: &[&str]| {
            let mut document = Document::parse(text, false).unwrap();
            for name in names {
                document.remove(Section::Exemptions, &name.parse().unwrap());
            }
            document.text()
        };
        assert_eq!(
            removed(&["a"]),
            "# file\n\n# section\n\n# of b\n[exemptions.b]\nreason = \"y\"\n# end\n"
        );
        assert_eq!(
            removed(&["b"]),
            text.replace("\n# of b\n[exemptions.b]\nreason = \"y\"\n", "")
        );
        let all = removed(&["a", "b"]);
        assert!(
            all.contains("# file") && all.contains("# section") && all.contains("# end"),
            "{all}"
        );
        assert!(!all.contains("exemptions"), "{all}");
        assert_eq!(removed(&["c"]), text);
    }

    #[test]
    fn digests_are_added_to_a_list_of_any_layout() {
        let name: PackageName = "a".parse().unwrap();
        let more = [
            ("1".to_owned(), "one".to_owned()),
            ("2".to_owned(), "two".to_owned()),
            ("3".to_owned(), "a\nb".to_owned()),
        ];
        let mut document = Document::parse("", false).unwrap();
        for (list, expected) in [
            (
                "[\n  \"1\", # first\n]",
                "[\n  \"1\", # first\n    \"2\", # two\n    \"3\",\n]",
            ),
            (
                "[\n  # before\n  \"1\",\n]",
                "[\n  # before\n  \"1\",\n    \"2\", # two\n    \"3\",\n]",
            ),
            ("[\"1\"]", "[\"1\", \"2\", \"3\"]"),
            ("[\"1\", ]", "[\"1\", \"2\", \"3\", ]"),
            ("[\n  \"1\" # first\n]", "[\n  \"1\" # first\n, \"2\", \"3\"]"),
        ] {
            let text = format!("[exemptions.a]\nsha256 = {list} # end\n");
            document = Document::parse(&text, false).unwrap();
            document.add_digests(&name, &more).unwrap();
            assert_eq!(document.digests(&name), ["1", "2", "3"]);
            assert_eq!(document.text(), format!("[exemptions.a]\nsha256 = {expected} # end\n"));
            document.add_digests(&name, &more).unwrap();
            assert_eq!(document.digests(&name).len(), 3);
        }
        assert!(document.add_digests(&"b".parse().unwrap(), &[]).is_err());
    }
}
