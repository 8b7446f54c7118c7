//! The table.

use super::PipOption;
use super::Treatment::{self, HandedOver, Honoured, Refused, WithoutEffect};

const NO_BUILD: &str = "it says how source distributions are built, and none is built";
const BUILT: &str = "it asks for a build of its own, and nothing is built: what a build makes is proven by nobody";
const WHEELS: &str = "leave it out: wheels with provenance are installed";

const ONLY_DEPENDENCIES: Treatment = Refused(
    "a project's dependencies are not installed without it",
    "name them: `slsa-pip resolve PROJECT` lists them",
);

const fn flag(long: &'static str, treatment: Treatment) -> PipOption {
    PipOption {
        short: None,
        long,
        takes_value: false,
        treatment,
    }
}

const fn value(long: &'static str, treatment: Treatment) -> PipOption {
    PipOption {
        takes_value: true,
        ..flag(long, treatment)
    }
}

const fn short(short: char, option: PipOption) -> PipOption {
    PipOption {
        short: Some(short),
        ..option
    }
}

/// Every option of `pip install` and `pip download` from pip 22.2 to 26.3, in the order of pip's help.
pub(crate) const TABLE: &[PipOption] = &[
    // What to install.
    short('r', value("requirement", Honoured("a `pylock.toml` too"))),
    short('c', value("constraint", Honoured(""))),
    value("build-constraint", WithoutEffect(NO_BUILD)),
    value("requirements-from-script", Honoured("needs pip 26.0 or newer")),
    flag("no-deps", Honoured("")),
    flag("only-deps", ONLY_DEPENDENCIES),
    flag("only-dependencies", ONLY_DEPENDENCIES),
    short(
        'e',
        value(
            "editable",
            Refused(
                "what is in a folder, or in a repository, has no provenance",
                "install it apart, after everything else: python -m pip install --no-deps -e PATH",
            ),
        ),
    ),
    value("group", Honoured("needs pip 25.1 or newer")),
    flag("dry-run", Honoured("everything is verified, and nothing installed")),
    // Where to.
    short('t', value("target", HandedOver)),
    value("platform", Honoured("")),
    value("python-version", Honoured("")),
    value("implementation", Honoured("")),
    value("abi", Honoured("")),
    flag("user", HandedOver),
    value("root", HandedOver),
    value("prefix", HandedOver),
    value("src", WithoutEffect("nothing is checked out")),
    short('d', value("dest", Honoured("provenance is kept beside the files"))),
    // What becomes of what is there.
    short('U', flag("upgrade", Honoured(""))),
    value("upgrade-strategy", Honoured("")),
    flag("force-reinstall", HandedOver),
    short('I', flag("ignore-installed", HandedOver)),
    flag("ignore-requires-python", Honoured("")),
    // How it is built.
    flag("no-build-isolation", WithoutEffect(NO_BUILD)),
    flag("use-pep517", WithoutEffect(NO_BUILD)),
    flag("no-use-pep517", WithoutEffect(NO_BUILD)),
    flag("check-build-dependencies", WithoutEffect(NO_BUILD)),
    flag("break-system-packages", HandedOver),
    short('C', value("config-settings", Refused(BUILT, WHEELS))),
    value("global-option", Refused(BUILT, WHEELS)),
    value("build-option", Refused(BUILT, WHEELS)),
    value("install-option", Refused(BUILT, WHEELS)),
    flag(
        "compile",
        WithoutEffect("bytecode is compiled unless `--no-compile` is given"),
    ),
    flag("no-compile", HandedOver),
    flag("no-warn-script-location", HandedOver),
    flag("no-warn-conflicts", Honoured("")),
    // Which versions and files.
    flag("pre", Honoured("")),
    value("all-releases", Honoured("needs pip 26.0 or newer")),
    value("only-final", Honoured("needs pip 26.0 or newer")),
    value("no-binary", Honoured("what has no other file cannot be installed")),
    value("only-binary", Honoured("always so")),
    flag("prefer-binary", Honoured("")),
    flag("require-hashes", Honoured("")),
    flag(
        "no-require-hashes",
        Refused(
            "where one requirement has a hash, all must have one",
            "write the hash of each: `slsa-pip resolve -o FILE` does",
        ),
    ),
    value(
        "uploaded-prior-to",
        Honoured("needs pip 26.0 or newer; policy's `minimum-age` besides"),
    ),
    // How it is told.
    value(
        "progress-bar",
        WithoutEffect("progress is shown by slsa-pip, on a terminal"),
    ),
    value("root-user-action", HandedOver),
    value("report", Honoured("with the verdicts added (docs/report.md)")),
    flag("no-clean", WithoutEffect(NO_BUILD)),
    // The index.
    short('i', value("index-url", Honoured(""))),
    value(
        "extra-index-url",
        Honoured("asked in order, for what those before do not have (docs/indexes.md)"),
    ),
    flag("no-index", Honoured("")),
    short(
        'f',
        value("find-links", Honoured("folders are asked for provenance as well")),
    ),
    value(
        "refresh-package",
        Refused(
            "answers of servers are kept for all packages or none",
            "slsa-pip install --no-cache-dir …",
        ),
    ),
    // For every command.
    short('h', flag("help", Honoured("slsa-pip's own help"))),
    flag("debug", WithoutEffect("errors are told with all their causes")),
    flag("isolated", Honoured("")),
    flag("require-virtualenv", Honoured("")),
    value("python", Honoured("")),
    short('v', flag("verbose", Honoured(""))),
    short('V', flag("version", Honoured("slsa-pip's own version"))),
    short('q', flag("quiet", Honoured(""))),
    value(
        "log",
        Refused(
            "no log is written",
            "redirect standard error: slsa-pip -v install … 2>>FILE",
        ),
    ),
    flag("no-input", Honoured("")),
    value("keyring-provider", Honoured("")),
    value("proxy", Honoured("")),
    flag(
        "no-proxy-env",
        Refused(
            "the environment's proxies are used",
            "unset HTTPS_PROXY, HTTP_PROXY and ALL_PROXY for this command",
        ),
    ),
    value("retries", Honoured("")),
    value("timeout", Honoured("")),
    value("exists-action", WithoutEffect("nothing is checked out")),
    value(
        "trusted-host",
        Refused(
            "what a server says counts only if its certificate is checked",
            "name the authority that has signed it: `--cert FILE`",
        ),
    ),
    value("cert", Honoured("")),
    value("client-cert", Honoured("")),
    value("cache-dir", Honoured("slsa-pip's own cache (docs/environment.md)")),
    flag("no-cache-dir", Honoured("slsa-pip's own cache")),
    flag("disable-pip-version-check", WithoutEffect("pip is given no network")),
    flag(
        "no-color",
        WithoutEffect("see `--color never`; the variable `NO_COLOR` is respected"),
    ),
    flag("no-python-version-warning", WithoutEffect("there is none")),
    value(
        "use-feature",
        Refused("it changes how pip works, and slsa-pip does that part", "leave it out"),
    ),
    value(
        "use-deprecated",
        Refused("it changes how pip works, and slsa-pip does that part", "leave it out"),
    ),
    value("resume-retries", WithoutEffect("broken downloads go on by themselves")),
];
