# Lets pip install the files of the private directory, as `python -I -m pip --isolated install …` would. In a process that has
# answered a probe before, nothing of that is left: the variables are those of the start, pip's command is a new one, and what it
# has parsed is compared with what it was given.
import json
import logging
import os
import runpy
import sys
import tempfile

PLACES = ("TMPDIR", "TEMP", "TMP")


def refuse_network():
    """pip is told to make no connection; this makes sure."""
    forbidden = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg")

    def guard(event, _):
        if event in forbidden:
            raise PermissionError("no connection is made while verified files are installed")

    if hasattr(sys, "addaudithook"):  # since Python 3.8
        sys.addaudithook(guard)


def isolate(directory, temporary, start):
    """What a fresh `python -I -m pip` in this directory would find."""
    kept = {name: value for name, value in start.items() if not name.upper().lstrip("_").startswith("PIP_")}
    # `--isolated` alone still reads the file that this names, and the environment's own `pip.conf`.
    kept["PIP_CONFIG_FILE"] = os.devnull
    # What pip leaves behind when a signal ends it goes with the directory.
    kept.update((name, temporary) for name in PLACES)
    os.environ.clear()
    os.environ.update(kept)
    tempfile.tempdir = None
    # Old Pythons read `setup.cfg` of the working directory for the places to install to.
    os.chdir(directory)
    for handler in list(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)


def check_options(options, positional, directory):
    """That pip has parsed what it was given, and nothing besides."""
    wanted = {
        "find_links": [os.path.join(directory, "wheels")],
        "requirements": [os.path.join(directory, "hashes.txt")],
        "constraints": [],
        "editables": [],
        "extra_index_urls": [],
        "no_index": True,
        "require_hashes": True,
        "ignore_dependencies": True,
        "isolated_mode": True,
        "cache_dir": False,
        "features_enabled": [],
    }
    # Since pip 25.1 and 26.0.
    wanted.update((name, []) for name in ("dependency_groups", "requirements_from_scripts") if hasattr(options, name))
    found = {name: getattr(options, name) for name in wanted}
    if positional or found != wanted:
        raise RuntimeError("pip was given {!r} and has parsed {!r} {!r}".format(wanted, found, positional))


def adapt(directory, wishes):
    """What pip's own command does otherwise than with these options: see each."""
    from pip._internal import cache
    from pip._internal.commands import install

    command, run = install.InstallCommand, install.InstallCommand.run

    def checked_run(self, options, positional):
        check_options(options, positional, directory)
        make_resolver = self.make_resolver

        def make_then_check(*args, **kwargs):
            resolver = make_resolver(*args, **kwargs)
            # Dependencies were resolved before, so that pip's resolver must not; its warning of conflicts with what is
            # installed is wanted all the same, and looks at this when the resolver has been made.
            options.ignore_dependencies = not wishes["warn_conflicts"]
            return resolver

        self.make_resolver = make_then_check
        return run(self, options, positional)

    command.run = checked_run
    # No wheel that pip has built before: there is no cache, but looking for each takes a while.
    cache.WheelCache.get_cache_entry = lambda *_, **__: None
    ask_no_program()
    for module in ("pip._internal.cli.index_command", "pip._internal.cli.req_command"):
        found = sys.modules.get(module)
        if hasattr(found, "_create_truststore_ssl_context"):
            # Reading the system's certificates takes a while, and there will be no connection.
            found._create_truststore_ssl_context = lambda: None
    install.install_given_reqs = Installation(install.install_given_reqs, wishes)


def list_once(wheels):
    """pip before 24.0 looks at every file of `--find-links` for each requirement. Here it sees those of that name; whether they
    are what is wanted is its own judgement still."""
    from pip._internal.index import sources
    from pip._internal.models.link import Link
    from pip._internal.utils.urls import path_to_url
    from pip._vendor.packaging.utils import canonicalize_name

    if hasattr(sources, "_FlatDirectoryToUrls"):
        return
    named = {}
    for file in os.listdir(wheels):
        named.setdefault(canonicalize_name(file.partition("-")[0]), []).append(path_to_url(os.path.join(wheels, file)))

    def file_links(self):
        wanted = self._candidates_from_page.keywords["link_evaluator"]._canonical_name
        return [Link(url) for url in named.get(wanted, ())]

    sources._FlatDirectorySource.file_links = file_links
    sources._FlatDirectorySource.page_candidates = lambda self: ()  # it holds no pages


def hand_off(fields, control, start):
    directory, temporary, wishes = fields[0], fields[1], json.loads(fields[2])
    os.close(control)
    isolate(directory, temporary, start)
    adapt(directory, wishes)
    list_once(os.path.join(directory, "wheels"))
    refuse_network()
    sys.argv = ["pip"] + fields[3:]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
