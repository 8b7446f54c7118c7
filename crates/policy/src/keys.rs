//! Every table and key of the format, in one place: the reader refuses what is not listed here, and the JSON Schema and the
//! reference are made of it.

/// The tables of a policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// The file itself, or `[tool.slsa-pip]`.
    Root,
    /// `[defaults]`
    Defaults,
    /// `[packages.NAME]`, `[packages."PREFIX*"]`
    Package,
    /// `[exemptions.NAME]`
    Exemption,
    /// `[[imports]]`
    Import,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The format's version, always 1.
    Version,
    /// A table of this kind.
    Table(TableKind),
    /// A table of tables of this kind, by name.
    Tables(TableKind),
    /// A list of tables of this kind.
    ListOfTables(TableKind),
    /// A string.
    Text,
    /// A string, or a list of different ones.
    TextOrList,
    /// A list of different strings.
    List,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Different ones of these words.
    Words(&'static [&'static str]),
    /// An integer from 1 to 3.
    Level,
    /// A decimal number, as an integer or a string.
    Id,
    /// `true` or `false`.
    Flag,
    /// A date.
    Date,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// The tables in which it may stand.
    pub tables: &'static [TableKind],
    /// What its value looks like.
    pub shape: Shape,
    /// Whether a table without it is refused.
    pub required: bool,
    /// What it means, in Markdown, without a full stop at the end.
    pub meaning: &'static str,
    /// What an importing file may make of it; empty where there is nothing to say.
    pub stricter: &'static str,
    /// A value that is accepted, as TOML.
    pub example: &'static str,
}

use TableKind::{Defaults, Exemption, Import, Package, Root};

const EQUAL: &str = "the same value";
const WITHIN: &str = "some of its values";

const fn key(name: &'static str, tables: &'static [TableKind], shape: Shape, example: &'static str) -> Key {
    Key {
        name,
        tables,
        shape,
        required: false,
        meaning: "",
        stricter: "",
        example,
    }
}

impl Key {
    const fn means(self, meaning: &'static str) -> Self {
        Self { meaning, ..self }
    }
    const fn stricter(self, stricter: &'static str) -> Self {
        Self { stricter, ..self }
    }
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// All keys, in the order in which they are documented.
pub const KEYS: &[Key] = &[
    key("version", &[Root], Shape::Version, "1").means("version of the format"),
    key("imports", &[Root], Shape::ListOfTables(Import), "")
        .means("other policy files, which this one can only make stricter"),
    key("defaults", &[Root], Shape::Table(Defaults), "").means("what holds for every package"),
    key("packages", &[Root], Shape::Tables(Package), "")
        .means("what is pinned for one package, or for all whose names begin as the pattern `PREFIX*` does"),
    key("exemptions", &[Root], Shape::Tables(Exemption), "").means("files that need no provenance, by package"),
    // [defaults]
    key("mode", &[Defaults], Shape::Word(&["enforce", "warn"]), "\"enforce\"")
        .means("`enforce`: one refused file, and nothing is installed. `warn`: what policy and missing evidence refuse is reported and installed all the same; wrong bytes are refused in any mode. Default: `enforce`")
        .stricter("`enforce` for `warn`; a policy that says nothing means `enforce`"),
    key("unpinned", &[Defaults, Package], Shape::Word(&["claimed", "continuity", "deny"]), "\"deny\"")
        .means("what to do with a package for which no repository, owner or account is pinned. `claimed`: the repository that its attestation claims is accepted, if the package's metadata names no other. `continuity`: it must keep the identity that was accepted before (docs/continuity.md). `deny`: it is refused. Default: `claimed`")
        .stricter("`continuity` for `claimed`, `deny` for both"),
    key("evidence", &[Defaults, Package], Shape::Words(&["build", "publish"]), "[\"build\"]")
        .means("kinds of evidence that suffice. Default: both")
        .stricter(WITHIN),
    key("minimum-level", &[Defaults, Package], Shape::Level, "2")
        .means("least SLSA build level; publish attestations have none")
        .stricter("a higher one"),
    key(
        "builders",
        &[Defaults],
        Shape::List,
        "[\"https://github.com/acme/builders/.github/workflows/wheel.yml@>=v1.2.0\"]",
    )
    .means("reusable workflows that are trusted to write provenance, besides the SLSA generators: `OWNER/REPO/PATH` at any release, `…@v1.2.0` at this one, `…@>=v1.2.0` from this one on. A generator that is named here is trusted as it is written here")
    .stricter("builders that it trusts too, or later least versions"),
    key(
        "runner-environment",
        &[Defaults, Package],
        Shape::Word(&["github-hosted", "gitlab-hosted", "self-hosted"]),
        "\"github-hosted\"",
    )
    .means("where the build ran")
    .stricter(EQUAL),
    key("minimum-age", &[Defaults, Package], Shape::Text, "\"7 days\"")
        .means("cooldown: how long ago a file must have been uploaded, in whole minutes, hours, days or weeks. A file whose upload time the index does not tell is too young")
        .stricter("a longer one"),
    key("startup-files", &[Defaults, Package], Shape::Word(&["allow", "deny"]), "\"deny\"")
        .means("`deny`: a wheel that holds files which Python runs at every start (`.pth`, `sitecustomize`, `usercustomize`) is refused (docs/wheels.md). Default: `allow`, and they are told")
        .stricter("`deny` for `allow`"),
    key("indexes", &[Defaults], Shape::List, "[\"https://index.example/simple/\"]")
        .means("the only indexes that may be asked, without logins. Default: whichever are configured")
        .stricter(WITHIN),
    key("importers-may-exempt", &[Defaults], Shape::Flag, "true")
        .means("whether files that import this one may exempt packages for which it has no table or group. Default: `false`")
        .stricter("`false` for `true`"),
    // [packages.NAME]
    key("repository", &[Package], Shape::TextOrList, "\"github.com/acme/rocket\"")
        .means("the source repository, `github.com/OWNER/NAME` or `gitlab.com/GROUP/NAME`; of several any one is accepted, while a project moves")
        .stricter(WITHIN),
    key("owner", &[Package], Shape::TextOrList, "\"github.com/acme\"")
        .means("the owner of the source repository, any of whose repositories is accepted: `github.com/OWNER` or `gitlab.com/GROUP`")
        .stricter("owners and repositories within it"),
    key("google", &[Package], Shape::TextOrList, "\"release@acme.example\"")
        .means("a Google account, by the e-mail address of its certificate")
        .stricter(WITHIN),
    key(
        "circleci",
        &[Package],
        Shape::TextOrList,
        "\"00000000-1111-2222-3333-444444444444/55555555-6666-7777-8888-999999999999\"",
    )
    .means("a pipeline of CircleCI: `PROJECT-ID/PIPELINE-DEFINITION-ID`")
    .stricter(WITHIN),
    key("repository-id", &[Package], Shape::Id, "2410676")
        .means("the repository's numeric id: survives renames, and catches re-registered names")
        .stricter(EQUAL),
    key("owner-id", &[Package], Shape::Id, "\"24354865\"").means("the owner's numeric id").stricter(EQUAL),
    key("ref", &[Package], Shape::Text, "\"refs/tags/{version}\"")
        .means("the ref that was built; `{version}` stands for the normalised version and so binds each version to its own tag")
        .stricter(EQUAL),
    key("tag", &[Package], Shape::Text, "\"v{version}\"")
        .means("`tag = \"X\"` is short for `ref = \"refs/tags/X\"`")
        .stricter(EQUAL),
    key("workflow", &[Package], Shape::Text, "\"release.yml\"")
        .means("the workflow file: on GitHub below `.github/workflows/`, which may be left out, on GitLab the path of the pipeline file")
        .stricter(EQUAL),
    key("builder", &[Package], Shape::Text, "\"https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2.1.0\"")
        .means("the reusable workflow that must have built it, at any release or at one; it is trusted for this package")
        .stricter("the same one, or one release of it; never one that it does not trust"),
    key("trigger", &[Package], Shape::Text, "\"push\"")
        .means("the event that started the build")
        .stricter(EQUAL),
    key("environment", &[Package], Shape::Text, "\"release\"")
        .means("the deployment environment")
        .stricter(EQUAL),
    key("index", &[Package], Shape::Text, "\"https://packages.acme.example/simple/\"")
        .means("the one configured index that the package is taken from, without a login; no other index and no `--find-links` is asked for it")
        .stricter(EQUAL),
    // [exemptions.NAME]
    key("versions", &[Exemption], Shape::Text, "\"==0.6\"")
        .required()
        .means("the versions it is for (PEP 440)")
        .stricter(EQUAL),
    key(
        "sha256",
        &[Exemption],
        Shape::List,
        "[\"46125cad688a9cf3b08e463bcb797891ee73ece93602a8ea6f14e40d1042d454\"]",
    )
    .required()
    .means("digests of the files it is for")
    .stricter(WITHIN),
    key("reason", &[Exemption], Shape::Text, "\"no provenance published\"").required().means("why"),
    key("expires", &[Exemption], Shape::Date, "2027-06-30")
        .means("the last day on which it holds (UTC)")
        .stricter("an earlier one"),
    // [[imports]]
    key("path", &[Import], Shape::Text, "\"../policy/slsa-pip.toml\"")
        .means("a policy file, as a path from the folder of this one. Either this or `url`"),
    key("url", &[Import], Shape::Text, "\"https://policy.acme.example/slsa-pip.toml\"")
        .means("a policy file, by an https URL without a login. Kept in the cache once it was read"),
    key(
        "sha256",
        &[Import],
        Shape::Text,
        "\"46125cad688a9cf3b08e463bcb797891ee73ece93602a8ea6f14e40d1042d454\"",
    )
    .required()
    .means("the digest of that file: another file is refused"),
];

/// The keys of one kind of table, in order.
pub fn of_table(kind: TableKind) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.tables.contains(&kind))
}

/// The words that a key may be set to.
pub(crate) fn words(name: &str) -> &'static [&'static str] {
    let shape = KEYS.iter().find(|key| key.name == name).map(|key| key.shape);
    match shape {
        Some(Shape::Word(words) | Shape::Words(words)) => words,
        _ => &[],
    }
}
