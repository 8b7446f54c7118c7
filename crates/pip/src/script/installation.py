# What is done beside pip's own installation of the files: bytecode is compiled on all cores, which pip does one file after the
# other; files that nobody has asked for by name are not marked as such; and what was asked for by URL
# has that URL written down (PEP 610). RECORD is then what pip itself would have written.
import _thread
import base64
import compileall
import contextlib
import csv
import email.parser
import functools
import hashlib
import importlib.util
import logging
import marshal
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zipfile

# Below this many bytes of wheels, starting an interpreter costs more than it gains.
WORTH_A_PROCESS = 256 * 1024
# Bytes of source that are compiled at a time: a twentieth of a second.
BATCH = 64 * 1024
MOST_PROCESSES = 16
# Files that are brought to the disk side by side, and those that may wait for it: each is an open file.
WRITERS = 8
MOST_WAITING = 64
# Seconds that an interrupted run waits for what is being compiled, which takes a twentieth of one.
PATIENCE = 10
RECORD = re.compile(r"[^/]+\.dist-info/RECORD\Z")

# `-S`: a plain start would run the .pth files of what was just installed.
# An interrupt from the terminal reaches all processes; this one ends when nothing more is asked of it.
COMPILER = """
import _signal, compileall, marshal, sys, warnings
_signal.signal(_signal.SIGINT, _signal.SIG_IGN)
warnings.filterwarnings("ignore")
results, sys.stdout = sys.stdout.buffer, None
while True:
    try:
        paths = marshal.load(sys.stdin.buffer)
    except EOFError:
        break
    done = []
    for path in paths:
        try:
            done.append(bool(compileall.compile_file(path, force=True, quiet=2)))
        except Exception:
            done.append(False)
    marshal.dump(done, results)
    results.flush()
"""


def cores():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class Writers:
    """Does what waits for the disk while pip goes on; `finish` waits for all of it. The first error is kept, and raised there."""

    def __init__(self):
        # An interrupt can come while something is put: only the simple queue's lock is never left behind by that.
        self.tasks = queue.SimpleQueue()
        self.error = None
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def work(self):
        while True:
            task = self.tasks.get()
            if task is None:
                break
            try:
                task()
            except Exception as error:
                self.error = self.error or error

    def add(self, task):
        if self.tasks.qsize() < MOST_WAITING:
            self.tasks.put(task)
        else:
            task()

    def finish(self):
        for _ in self.threads:
            self.tasks.put(None)
        for thread in self.threads:
            thread.join()
        if self.error is not None:
            raise self.error

    @contextlib.contextmanager
    def flushing(self):
        """pip brings RECORD and INSTALLER of each wheel to the disk, and waits each time. Here it does not wait; that
        everything has arrived is still known before it reports success."""
        flush = os.fsync

        def later(file):
            # pip closes its own at once.
            copy = os.dup(file if isinstance(file, int) else file.fileno())

            def flush_copy():
                try:
                    flush(copy)
                finally:
                    os.close(copy)

            self.add(flush_copy)

        os.fsync = later
        try:
            yield
        finally:
            os.fsync = flush


class Compilers:
    """Interpreters that compile files while pip goes on, and a thread of this one when pip is done. The main thread, which an
    interrupt can stop between any two steps, compiles nothing and holds no lock."""

    def __init__(self, count):
        self.batches = queue.SimpleQueue()
        self.compiled = set()
        self.processes = []
        self.started = 0
        self.over = []
        self.ended = queue.SimpleQueue()
        self.stopped = False
        for _ in range(count):
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", COMPILER],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                break
            self.processes.append(process)
            self.start(self.feed, process)

    def start(self, work, *args):
        def run():
            try:
                work(*args)
            finally:
                self.over.append(work)
                self.ended.put(None)

        self.started += 1
        _thread.start_new_thread(run, ())

    def feed(self, process):
        while True:
            paths = self.batches.get()
            if paths is None or self.stopped:
                break
            try:
                marshal.dump(paths, process.stdin)
                process.stdin.flush()
                done = marshal.load(process.stdout)
            except (OSError, EOFError, ValueError, TypeError):
                self.batches.put(paths)  # it has ended; another one may still be there
                break
            self.compiled.update(path for path, good in zip(paths, done) if good)
        with contextlib.suppress(OSError):
            process.stdin.close()

    def add(self, paths):
        batch, size = [], 0
        for path in paths:
            batch.append(path)
            size += os.path.getsize(path)
            if size >= BATCH:
                self.batches.put(batch)
                batch, size = [], 0
        if batch:
            self.batches.put(batch)

    def finish(self):
        """Compiles what is left, side by side with the processes, and waits for these; what one had when it ended comes back."""
        self.take_part()
        for _ in self.processes:
            self.batches.put(None)
        self.wait()
        self.take_part()
        for process in self.processes:
            process.wait()

    def take_part(self):
        if self.batches.empty():
            return
        before = len(self.over)
        self.start(self.compile_here)
        while self.compile_here not in self.over[before:]:
            self.ended.get()

    def compile_here(self):
        with warnings.catch_warnings(), contextlib.suppress(queue.Empty):
            warnings.filterwarnings("ignore")
            while not self.stopped:
                for path in self.batches.get_nowait() or ():
                    if self.stopped:
                        break
                    with contextlib.suppress(Exception):
                        if compileall.compile_file(path, force=True, quiet=2):
                            self.compiled.add(path)

    def wait(self):
        while len(self.over) < self.started:
            self.ended.get()

    def stop(self):
        """After an interrupt, which may have come at any moment: what is being compiled is finished, since a compiler that is
        killed leaves half a file under a name that nobody knows; and nothing else is begun."""
        self.stopped = True
        for _ in self.processes:
            self.batches.put(None)
        patience = time.monotonic() + PATIENCE
        while len(self.over) < self.started and time.monotonic() < patience:
            time.sleep(0.01)
        for process in self.processes:
            if len(self.over) < self.started:
                process.kill()
            process.wait()


class Installed:
    """A wheel that pip has installed: where its files are."""

    def __init__(self, requirement, places):
        from pip._internal.locations import get_scheme

        with zipfile.ZipFile(requirement.local_file_path) as wheel:
            names = [name for name in wheel.namelist() if not name.endswith("/")]
            info = next(name[: -len("/RECORD")] for name in names if RECORD.match(name))
            about = email.parser.Parser().parsestr(wheel.read(info + "/WHEEL").decode("utf-8", "replace"))
        scheme = get_scheme(
            requirement.name,
            user=places.get("use_user_site", False),
            home=places.get("home"),
            root=places.get("root"),
            isolated=requirement.isolated,
            prefix=places.get("prefix"),
        )
        pure = about.get("Root-Is-Purelib", "").strip().lower() == "true"
        self.root = scheme.purelib if pure else scheme.platlib
        self.info = os.path.join(self.root, info)
        self.sources = sorted(set(filter(None, (self.source(name, scheme) for name in names))))
        self.direct_url = None

    def source(self, name, scheme):
        """Where a file of the wheel lies that pip would compile; None if it is none."""
        name = os.path.normpath(name)
        if not name.endswith(".py"):
            return None
        parts = name.split(os.sep, 2)
        if parts[0].endswith(".data"):
            path = os.path.join(getattr(scheme, parts[1]), parts[2])
        else:
            path = os.path.join(self.root, name)
        return path if os.path.isfile(path) else None

    def recorded(self, path):
        """A path as RECORD has it."""
        if os.path.splitdrive(path)[0].lower() == os.path.splitdrive(self.root)[0].lower():
            path = os.path.relpath(path, self.root)
        return path.replace(os.path.sep, "/")

    def complete(self, compiled):
        """Writes what pip would have written besides, and lists it."""
        rows = [
            (self.recorded(importlib.util.cache_from_source(path)), "", "") for path in self.sources if path in compiled
        ]
        if self.direct_url:
            path = os.path.join(self.info, "direct_url.json")
            content = self.direct_url.encode("utf-8")
            record = os.path.join(self.info, "RECORD")
            write(path, record, lambda file: file.write(self.direct_url))
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode("ascii").rstrip("=")
            rows.append((self.recorded(path), "sha256=" + digest, str(len(content))))
        if not rows:
            return
        path = os.path.join(self.info, "RECORD")
        with open(path, newline="", encoding="utf-8") as file:
            listed = [tuple((row + ["", ""])[:3]) for row in csv.reader(file) if row]
        # After an interrupt this may be done once more.
        known = {row[0] for row in listed}
        rows = sorted(listed + [row for row in rows if row[0] not in known])
        write(path, path, lambda file: csv.writer(file).writerows(rows))


def write(path, like, fill):
    """Replaces a file in one step; it gets the rights of another one."""
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix="~")
    try:
        with open(handle, "w", newline="", encoding="utf-8") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, os.stat(like).st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


class Installation:
    """Stands in for pip's `install_given_reqs`, which it calls."""

    def __init__(self, install, wishes):
        self.install, self.wishes = install, wishes
        self.installed, self.seen, self.again = [], set(), set()
        self.compilers = None

    def __call__(self, requirements, *args, **kwargs):
        from pip._internal.req.req_install import InstallRequirement

        requirements = list(requirements)
        requested = self.wishes["requested"]
        for requirement in requirements:
            # pip marks what the user has supplied; here that is every line of the list of hashes.
            if requested is not None:
                requirement.user_supplied = canonical(requirement) in requested
        if kwargs.get("pycompile"):
            size = sum(os.path.getsize(requirement.local_file_path) for requirement in requirements)
            # This process takes part when pip has unpacked the last file.
            compilers = Compilers(min(max(1, cores() - 1), size // WORTH_A_PROCESS, MOST_PROCESSES))
            if compilers.processes:
                self.compilers, kwargs["pycompile"] = compilers, False
        install_one, installation = InstallRequirement.install, self

        def install_and_note(self, *args, **kwargs):
            install_one(self, *args, **kwargs)
            installation.note(self, kwargs)

        InstallRequirement.install = install_and_note
        writers = Writers()
        try:
            try:
                with writers.flushing():
                    result = self.install(requirements, *args, **kwargs)
            except Exception:
                # What pip has installed before the failure stays; that failure is the one to be told.
                self.finish(writers)
                with contextlib.suppress(Exception):
                    writers.finish()
                raise
            self.finish(writers)
            writers.finish()
        except KeyboardInterrupt:
            with contextlib.suppress(Exception):
                writers.finish()
            self.interrupt()
            raise
        return result

    def note(self, requirement, places):
        """A file that pip has just installed."""
        direct = self.wishes["direct"].get(canonical(requirement))
        if not direct and self.compilers is None:
            return
        try:
            done = Installed(requirement, places)
            done.direct_url = direct_url_json(direct) if direct else None
        except Exception as error:
            warn(requirement.name, error)
            return
        self.installed.append(done)
        if self.compilers is not None:
            # What two files contain is compiled once more, when nobody writes it any more.
            self.again.update(self.seen.intersection(done.sources))
            self.compilers.add([path for path in done.sources if path not in self.seen])
            self.seen.update(done.sources)

    def finish(self, writers):
        compiled = set()
        if self.compilers is not None:
            self.compilers.finish()
            compiled = self.compilers.compiled - self.again
            if self.again:
                last = Compilers(0)
                last.add(sorted(self.again))
                last.finish()
                compiled |= last.compiled
        for done in self.installed:
            writers.add(functools.partial(self.complete, done, compiled))

    def interrupt(self):
        """Nothing more is compiled; what has been is listed, so that it can be removed."""
        if self.compilers is not None:
            self.compilers.stop()
        compiled = {path for path in self.seen if os.path.exists(importlib.util.cache_from_source(path))}
        for done in self.installed:
            self.complete(done, compiled)

    @staticmethod
    def complete(done, compiled):
        try:
            done.complete(compiled)
        except OSError as error:
            warn(os.path.basename(done.info), error)


def canonical(requirement):
    from pip._vendor.packaging.utils import canonicalize_name

    return canonicalize_name(requirement.name)


def direct_url_json(direct):
    from pip._internal.models.link import Link
    from pip._internal.req import req_install
    from pip._internal.utils.direct_url_helpers import direct_url_from_link

    link = Link(direct["url"])
    if not link.hash and direct["hash"] and not hasattr(req_install, "direct_url_from_link"):
        # Since pip 23.1 the hash is written down even if the URL has none.
        link = Link(direct["url"] + ("&" if "#" in direct["url"] else "#") + direct["hash"])
    return direct_url_from_link(link).to_json()


def warn(what, error):
    logging.getLogger("slsa-pip").warning("The list of installed files of %s is not complete: %s", what, error)
