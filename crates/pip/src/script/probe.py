# Asks this interpreter and its pip everything that is needed before packages can be resolved. pip parses its own options,
# configuration, variables and requirements files, with its own modules; nothing of that is repeated elsewhere.
# The modules of pip are private: each name used here exists in pip 22.2 to 26.3.
import contextlib
import copy
import datetime
import io
import json
import logging
import sysconfig
import traceback
import urllib.parse

MARKER = "\n=====slsa-pip-probe=====\n"
OLDEST_PIP = (22, 2)
OLDEST_PYTHON = (3, 7)


class Problem(Exception):
    def __init__(self, kind, message, option=""):
        super().__init__(message)
        self.document = {"kind": kind, "message": message, "option": option}


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
        # All parsers share the lists that some options begin with, and would go on with what is added to them here.
        command.parser.defaults = copy.deepcopy(command.parser.defaults)
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


class LateSession:
    """pip's session, made when it is first used: that takes a while, and only remote files need one."""

    def __init__(self, command, options):
        self.__dict__.update(command=command, options=options, made=None)

    def is_made(self):
        return self.__dict__["made"] is not None

    def __getattr__(self, name):
        if not self.is_made():
            ask_no_program()
            session = self.__dict__["command"]._build_session(self.__dict__["options"])
            session.auth.prompting = False
            if os.environ.get("SLSA_PIP_PROBE_OFFLINE"):
                forbid_requests(session)
            self.__dict__["made"] = session
        return getattr(self.__dict__["made"], name)


def refuse_unsupported(options):
    """Options that change what is installed and that nobody honours yet: better refused than ignored."""
    for name, option in (
        ("editables", "--editable"),
        ("only_dependencies", "--only-dependencies"),
        ("no_proxy_env", "--no-proxy-env"),
    ):
        value = getattr(options, name, None)
        if value:
            raise Problem("unsupported", str(value), option)


def release_control(options, finder):
    """Whose pre-releases are taken, and whose not: since pip 26; requirements files may say it too."""
    control = getattr(finder, "release_control", None) or getattr(options, "release_control", None)
    if control is None:
        return [], []
    return sorted(control.all_releases), sorted(control.only_final)


def uploaded_prior_to(options):
    """Since pip 26; the time has a zone."""
    time = getattr(options, "uploaded_prior_to", None)
    return time.astimezone(datetime.timezone.utc).isoformat() if time else None


def ignores_indexes(options, finder):
    no_index = getattr(finder.search_scope, "no_index", None)  # since pip 22.3
    return bool(options.no_index or not finder.index_urls) if no_index is None else bool(no_index)


def requirement(parsed):
    """A requirement in the words of PEP 508, whatever pip has read it from: a line, an argument, a path, a URL."""
    hashes = parsed.hash_options or {}
    link = parsed.link.url if parsed.link else None
    name = parsed.req.name if parsed.req else None
    if name is None:
        words = link or ""
    else:
        extras = sorted(set(parsed.extras) | set(parsed.req.extras))
        words = name + ("[{}]".format(",".join(extras)) if extras else "")
        words += " @ " + link if link else str(parsed.req.specifier)
        if parsed.markers:
            words += " ; " + str(parsed.markers)
    return {
        "requirement": words,
        "name": name,
        "link": link,
        "hashes": [kind + ":" + digest for kind in sorted(hashes) for digest in hashes[kind]],
        "constraint": bool(parsed.constraint),
        "editable": bool(parsed.editable),
        "origin": parsed.comes_from if isinstance(parsed.comes_from, str) else "the command line",
    }


def explain(error):
    """pip's words, and what they leave out: its own functions know which requirement they were reading, and where."""
    from pip._internal.exceptions import PipError

    said, written, place = str(error) or type(error).__name__, None, ""
    trace = error.__traceback__
    while trace is not None:
        known = trace.tb_frame.f_locals
        if trace.tb_frame.f_code.co_name == "install_req_from_line":
            written = known.get("name")
        if isinstance(known.get("line_number"), int) and isinstance(known.get("filename"), str):
            place = " (from line {} of {})".format(known["line_number"], known["filename"])
        elif getattr(known.get("parsed_req"), "line_source", None):
            place = " (from {})".format(known["parsed_req"].line_source)
        trace = trace.tb_next
    if written and not isinstance(error, PipError):
        # Not meant to be shown by pip, which would end with a trace.
        said = "Invalid requirement: {!r}: {}".format(written, said)
    return said if "(from line " in said else said + place


def forbid_requests(session):
    """Offline: files of requirements may name others by URL, and may stand in variables and configuration files."""
    from pip._internal.exceptions import InstallationError
    from pip._vendor.requests.adapters import BaseAdapter

    class NoNetwork(BaseAdapter):
        def send(self, request, *args, **kwargs):
            parts = urllib.parse.urlsplit(request.url)
            raise InstallationError(
                "{}://{}{} cannot be read offline".format(parts.scheme, parts.netloc.rpartition("@")[2], parts.path)
            )

        def close(self):
            pass

    for prefix in list(session.adapters):
        if not prefix.startswith("file:"):
            session.adapters[prefix] = NoNetwork()


def read_requirements(command, options, arguments, finder, session):
    """All requirements, in pip's order: constraints, arguments, groups, files."""
    from pip._internal.exceptions import PipError

    names = ("requirements", "dependency_groups", "requirements_from_scripts")
    some = bool(arguments) or any(getattr(options, name, None) for name in names)
    try:
        # pip wants at least one; constraints are read all the same.
        found = command.get_requirements(arguments if some else ["pip"], options, finder, session)
    except (PipError, OSError, ValueError, RecursionError) as error:
        raise Problem("requirements", explain(error))
    if getattr(finder, "_locked_links", None):
        raise Problem("unsupported", " ".join(options.requirements), "-r pylock.toml")
    return [requirement(parsed) for parsed in found if some or parsed.constraint]


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


def direct_url(dist):
    """PEP 610: where it was installed from, if by URL or path."""
    try:
        found = dist.direct_url
    except Exception:  # an unreadable file is none, as for pip
        return None
    if found is None:
        return None
    document = found.to_dict()
    archive = document.get("archive_info") or {}
    hashes = dict(archive.get("hashes") or {})
    if "=" in archive.get("hash", ""):
        hashes.setdefault(*archive["hash"].split("=", 1))
    return {
        "url": document["url"],
        "hashes": [kind + ":" + hashes[kind] for kind in sorted(hashes)],
        "commit": (document.get("vcs_info") or {}).get("commit_id"),
    }


def unfinished(dist):
    """Whether a pip that was ended half-way has left it: it writes the list of files last. Distributors may leave that list out;
    then they say that it was they who installed."""
    place = dist.info_location
    if not place or not place.endswith(".dist-info") or dist.is_file("RECORD"):
        return False
    return dist.installer in ("", "pip")


def installed():
    from pip._internal.metadata import get_default_environment

    found = []
    for dist in get_default_environment().iter_installed_distributions(local_only=False):
        metadata = dist.metadata
        requires_python = metadata.get("Requires-Python")
        found.append(
            {
                "name": dist.raw_name,
                "version": str(dist.version),
                "location": text(dist.location) if dist.location else None,
                "requires_dist": [str(line) for line in metadata.get_all("Requires-Dist") or ()],
                "provides_extra": [str(line) for line in metadata.get_all("Provides-Extra") or ()],
                "requires_python": None if requires_python is None else str(requires_python),
                "direct_url": direct_url(dist),
                "editable": bool(dist.editable),
                "unfinished": unfinished(dist),
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


def answer(arguments, warnings, files):
    pip_version = check_versions()
    from pip._internal.cli.cmdoptions import make_target_python
    from pip._vendor.packaging.markers import default_environment

    command, options, positional = parse_options(arguments, warnings)
    refuse_unsupported(options)
    session = LateSession(command, options)
    target = make_target_python(options)
    finder = command._build_package_finder(options=options, session=session, target_python=target)
    read_once(files)
    requirements = read_requirements(command, options, positional, finder, session)
    all_releases, only_final = release_control(options, finder)
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
        "trusted_hosts": list(finder.trusted_hosts) if session.is_made() else options.trusted_hosts,
        "cert": text(certificates) if certificates else None,
        "client_cert": text(options.client_cert) if options.client_cert else None,
        "proxy": options.proxy or None,
        "keyring_provider": getattr(options, "keyring_provider", None),  # since pip 23.1
        "no_input": options.asks_nobody,
        "timeout": float(options.timeout),
        "retries": int(options.retries),
        "pre": bool(options.pre or getattr(finder, "allow_all_prereleases", False) or ":all:" in all_releases),
        "all_releases": all_releases,
        "only_final": only_final,
        "uploaded_prior_to": uploaded_prior_to(options),
        "require_hashes": bool(options.require_hashes),
        "no_deps": bool(options.ignore_dependencies),
        "ignore_requires_python": bool(options.ignore_requires_python),
        "prefer_binary": bool(options.prefer_binary or finder.prefer_binary),
        "no_binary": sorted(formats.no_binary),
        "only_binary": sorted(formats.only_binary),
        "positional": positional,
        "requirements": requirements,
        "install": {
            "target": text(options.target_dir) if options.target_dir else None,
            "prefix": text(options.prefix_path) if options.prefix_path else None,
            "root": text(options.root_path) if options.root_path else None,
            "user": installs_for_user(options),
            "dry_run": bool(options.dry_run),
            "report": text(options.json_report_file) if options.json_report_file else None,
            "upgrade": bool(options.upgrade),
            "upgrade_strategy": options.upgrade_strategy,
            "force_reinstall": bool(options.force_reinstall),
            "ignore_installed": bool(options.ignore_installed),
            "no_compile": not options.compile,
            "break_system_packages": bool(getattr(options, "override_externally_managed", False)),
            "no_warn_script_location": not options.warn_script_location,
            "no_warn_conflicts": not options.warn_about_conflicts,
            "ignore_root_user": options.root_user_action == "ignore",
            "platforms": options.platforms or [],
            "python_version": (
                ".".join(str(part) for part in options.python_version) if options.python_version else None
            ),
            "implementation": options.implementation or None,
            "abis": options.abis or [],
        },
        "installed": installed(),
        "user_site": text(USER_SITE) if USER_SITE else None,
        "externally_managed": externally_managed(),
        "warnings": warnings.messages,
    }


def read_once(files):
    """A requirements file may be a pipe; the next question gets what was read by this one."""
    from pip._internal.req import req_file

    read = req_file.get_file_content

    def get_file_content(url, *args, **kwargs):
        if url not in files:
            files[url] = read(url, *args, **kwargs)
        return files[url]

    req_file.get_file_content = get_file_content


def ask(arguments, files):
    """The answer, or what is wrong with the question."""
    warnings = Warnings()
    logging.getLogger().addHandler(warnings)
    try:
        return answer(arguments, warnings, files)
    except Problem as problem:
        return {"error": problem.document}
    finally:
        logging.getLogger().removeHandler(warnings)


def probe(arguments):
    """The answer to the question, as a document."""
    # Whatever pip or a site hook prints must not end up beside the answer.
    streams, names = sys.stdout, sys.argv
    sys.stdout, sys.argv = sys.stderr, ["pip"]  # pip names itself by the latter
    files = {}
    try:
        if may_ask_twice():
            with contextlib.suppress(Needed, Exception), StandIns():
                return ask(arguments, files)
        return ask(arguments, files)
    except Exception as error:
        traceback.print_exc()
        message = "{}: {}".format(type(error).__name__, error)
        return {"error": {"kind": "broken", "message": message}}
    finally:
        sys.stdout, sys.argv = streams, names


def answer_probe(fields, start):
    count = int(fields[0])
    arguments, variables = fields[1 : 1 + count], fields[1 + count :]
    os.environ.clear()
    for variable in variables:
        # A name may begin with the sign, on Windows.
        at = variable.index("=", 1)
        os.environ[variable[:at]] = variable[at + 1 :]
    try:
        document = json.dumps(probe(arguments))
    finally:
        os.environ.clear()
        os.environ.update(start)
    sys.stdout.write(MARKER + document + "\n")
    sys.stdout.flush()
