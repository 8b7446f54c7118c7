# Asks this interpreter and its pip everything that is needed before packages can be resolved. pip parses its own options,
# configuration, variables and requirements files, with its own modules; nothing of that is repeated elsewhere.
#
# The answer is one JSON document on standard output, after the marker; anything printed before it is ignored.
# The modules of pip are private: each name used here exists in pip 22.2 to 26.3.
import io
import json
import logging
import sysconfig
import traceback

MARKER = "\n=====slsa-pip-probe=====\n"
OLDEST_PIP = (22, 2)
OLDEST_PYTHON = (3, 7)


class Problem(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind
        self.message = message


class Warnings(logging.Handler):
    """Keeps what pip would have warned about."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def text(value):
    """A path as text that JSON can hold."""
    return os.fsencode(value).decode("utf-8", "replace")


def check_versions():
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise Problem("python-too-old", "{}.{}".format(*sys.version_info[:2]))
    try:
        import pip
    except ImportError:
        raise Problem("no-pip", "")
    release = []
    for part in pip.__version__.split(".")[:2]:
        digits = "".join(c for c in part if c.isdigit())
        release.append(int(digits or 0))
    if tuple(release) < OLDEST_PIP:
        raise Problem("pip-too-old", pip.__version__)
    return pip.__version__


def parse_options(arguments, warnings):
    """What pip's own `install` command makes of the arguments, its configuration and its variables."""
    from pip._internal.commands import create_command

    streams, said = (sys.stdout, sys.stderr), io.StringIO()
    sys.stdout = sys.stderr = said
    try:
        command = create_command("install", isolated="--isolated" in arguments)
        options, positional = command.parse_args(arguments)
    except SystemExit:
        lines = [line.strip() for line in said.getvalue().splitlines() if line.strip()]
        # What comes before the last line is a page on usage. pip since 26 logs some of its errors instead.
        raise Problem("usage", (warnings.messages or lines or [""])[-1])
    finally:
        sys.stdout, sys.stderr = streams
    if options.require_venv and sys.prefix == sys.base_prefix:
        raise Problem("virtualenv-required", "")
    options.no_cache_dir = not options.cache_dir  # `--no-cache-dir` leaves it False
    options.asks_nobody = bool(options.no_input)
    options.no_input = True  # nobody could answer: standard input is closed
    options.cache_dir = False  # the probe leaves nothing behind
    return command, options, positional


def unsupported(options, finder):
    """Options that change what is installed and that nobody honours yet: better refused than ignored."""
    found = []
    for name, option in (
        ("editables", "--editable"),
        ("dependency_groups", "--group"),
        ("requirements_from_scripts", "--requirements-from-script"),
        ("only_dependencies", "--only-dependencies"),
        ("uploaded_prior_to", "--uploaded-prior-to"),
        ("no_proxy_env", "--no-proxy-env"),
        ("dry_run", "--dry-run"),
    ):
        value = getattr(options, name, None)
        if value:
            found.append([option, str(value)])
    # Since pip 26; requirements files may set it too.
    for control in (getattr(options, "release_control", None), getattr(finder, "release_control", None)):
        if control is not None and set(control.only_final):
            found.append(["--only-final", ",".join(sorted(control.only_final))])
        if control is not None and set(control.all_releases) - {":all:"}:
            found.append(["--all-releases", ",".join(sorted(control.all_releases))])
    return found


def allows_prereleases(options, finder):
    controls = (getattr(options, "release_control", None), getattr(finder, "release_control", None))
    return bool(
        options.pre
        or getattr(finder, "allow_all_prereleases", False)
        or any(control is not None and ":all:" in control.all_releases for control in controls)
    )


def ignores_indexes(options, finder):
    no_index = getattr(finder.search_scope, "no_index", None)  # since pip 22.3
    return bool(options.no_index or not finder.index_urls) if no_index is None else bool(no_index)


def requirement(parsed):
    hashes = (parsed.options or {}).get("hashes") or {}
    return {
        "requirement": parsed.requirement.strip(),
        "hashes": [name + ":" + digest for name in sorted(hashes) for digest in hashes[name]],
        "constraint": bool(parsed.constraint),
        "editable": bool(parsed.is_editable),
        "origin": parsed.comes_from,
    }


def read_files(options, finder, session):
    """The requirements of all files, in pip's order: constraints first."""
    from pip._internal.exceptions import PipError
    from pip._internal.req.req_file import parse_requirements

    read = []
    files = [(name, True) for name in options.constraints] + [(name, False) for name in options.requirements]
    for name, constraint in files:
        try:
            found = parse_requirements(name, session, finder=finder, options=options, constraint=constraint)
            read.extend(requirement(parsed) for parsed in found)
        except (PipError, OSError, UnicodeError, RecursionError) as error:
            raise Problem("requirements", "{}: {}".format(name, error or type(error).__name__))
    return read


def supported_tags(target):
    from pip._internal.utils.compatibility_tags import get_supported

    if target.platforms or target.abis or target.implementation or target._given_py_version_info:
        sort = getattr(target, "get_sorted_tags", None) or target.get_tags
        return [str(tag) for tag in sort()]
    return [str(tag) for tag in get_supported()]


def externally_managed():
    """PEP 668: the distributor's message if the environment is not to be changed."""
    import configparser

    if sys.prefix != sys.base_prefix:
        return None
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if not os.path.isfile(marker):
        return None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(marker, encoding="utf-8")
        return parser["externally-managed"]["Error"]
    except (configparser.Error, KeyError, UnicodeDecodeError):
        return "This environment is managed by the operating system's packages."


def installed():
    from pip._internal.metadata import get_default_environment

    found = []
    for dist in get_default_environment().iter_installed_distributions(local_only=False):
        found.append(
            {
                "name": dist.raw_name,
                "version": str(dist.version),
                "location": text(dist.location) if dist.location else None,
                "requires_dist": [str(line) for line in dist.metadata.get_all("Requires-Dist") or ()],
            }
        )
    return found


def installs_for_user(options):
    """Whether pip would choose the user site: asked for, or nothing else is writable."""
    from pip._internal.commands.install import decide_user_install
    from pip._internal.exceptions import PipError

    try:
        return decide_user_install(
            options.use_user_site,
            prefix_path=options.prefix_path,
            target_dir=options.target_dir,
            root_path=options.root_path,
            isolated_mode=options.isolated_mode,
        )
    except PipError as error:
        raise Problem("usage", str(error))


def answer(arguments):
    pip_version = check_versions()
    warnings = Warnings()
    logging.getLogger().addHandler(warnings)

    from pip._internal.cli.cmdoptions import make_target_python
    from pip._vendor.packaging.markers import default_environment

    command, options, positional = parse_options(arguments, warnings)
    session = command._build_session(options)
    session.auth.prompting = False
    target = make_target_python(options)
    finder = command._build_package_finder(options=options, session=session, target_python=target)
    requirements = read_files(options, finder, session)
    formats = options.format_control
    certificates = options.cert or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return {
        "executable": text(sys.executable or ""),
        "prefix": text(sys.prefix),
        "in_virtualenv": sys.prefix != sys.base_prefix,
        "python_version": ".".join(str(part) for part in target.py_version_info[:3]),
        "markers": default_environment(),
        "tags": supported_tags(target),
        "pip_version": pip_version,
        "index_urls": list(finder.index_urls),
        "find_links": [text(link) for link in finder.find_links],
        "no_index": ignores_indexes(options, finder),
        "no_cache_dir": options.no_cache_dir,
        "trusted_hosts": list(finder.trusted_hosts),
        "cert": text(certificates) if certificates else None,
        "client_cert": text(options.client_cert) if options.client_cert else None,
        "proxy": options.proxy or None,
        "keyring_provider": getattr(options, "keyring_provider", None),  # since pip 23.1
        "no_input": options.asks_nobody,
        "timeout": float(options.timeout),
        "retries": int(options.retries),
        "pre": allows_prereleases(options, finder),
        "require_hashes": bool(options.require_hashes or any(read["hashes"] for read in requirements)),
        "no_deps": bool(options.ignore_dependencies),
        "ignore_requires_python": bool(options.ignore_requires_python),
        "prefer_binary": bool(options.prefer_binary),
        "no_binary": sorted(formats.no_binary),
        "only_binary": sorted(formats.only_binary),
        "positional": positional,
        "requirements": requirements,
        "install": {
            "target": text(options.target_dir) if options.target_dir else None,
            "prefix": text(options.prefix_path) if options.prefix_path else None,
            "root": text(options.root_path) if options.root_path else None,
            "user": installs_for_user(options),
            "upgrade": bool(options.upgrade),
            "force_reinstall": bool(options.force_reinstall),
            "ignore_installed": bool(options.ignore_installed),
            "no_compile": not options.compile,
            "break_system_packages": bool(getattr(options, "override_externally_managed", False)),
            "no_warn_script_location": not options.warn_script_location,
            "ignore_root_user": options.root_user_action == "ignore",
            "platforms": options.platforms or [],
            "python_version": (
                ".".join(str(part) for part in options.python_version) if options.python_version else None
            ),
            "implementation": options.implementation or None,
            "abis": options.abis or [],
        },
        "unsupported": unsupported(options, finder),
        "installed": installed(),
        "user_site": text(USER_SITE) if USER_SITE else None,
        "externally_managed": externally_managed(),
        "warnings": warnings.messages,
    }


def main():
    # Whatever pip or a site hook prints must not end up beside the answer.
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        document = answer(sys.argv[1:])
    except Problem as problem:
        document = {"error": {"kind": problem.kind, "message": problem.message}}
    except Exception as error:
        traceback.print_exc()
        document = {"error": {"kind": "broken", "message": "{}: {}".format(type(error).__name__, error)}}
    out.write(MARKER + json.dumps(document) + "\n")
    out.flush()


main()
