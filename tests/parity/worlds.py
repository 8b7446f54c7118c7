#!/usr/bin/env python3
"""Resolves requirements of made-up package worlds with slsa-pip and with the newest pip; but for that pip, which is fetched
once, no network but 127.0.0.1.

    python3 tests/parity/worlds.py --ours target/release/slsa-pip --seeds 1-300
    python3 tests/parity/worlds.py --seeds 17 --show

A seed decides a world, served by an index of this script, and what is required of it: versions of every kind, pre-releases,
yanked files, `Requires-Python`, extras, markers, constraints, conflicts. The answers must be equal, or both must find that
there is none. Where several sets are possible the resolvers may go back differently: a difference counts as a choice if each
answer holds (every requirement and constraint is met, nothing is superfluous, no file is for another interpreter or yanked
without a pin), checked here against the world by pip's own library, and as a fault otherwise. Where pip's resolver ends with a
RecursionError, as on some cycles, only our answer is checked. Exit code 0: no fault. Python's standard library alone.
"""

import argparse
import base64
import concurrent.futures
import hashlib
import html
import http.server
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import zipfile

from run import WORK, environment

NAMES = ["apple", "birch", "cedar", "daisy", "elder", "fern", "grape", "hazel", "iris"]
EXTRAS = ["fast", "safe"]
VERSIONS = ["0.1", "0.9", "1.0", "1.0.post1", "1.1", "1.2", "1.2.1", "2.0", "2.1", "2.10", "3.0", "1!0.5", "1.1+local.1"]
PRES = ["1.2a1", "2.0b2", "2.0rc1", "2.2.dev3", "3.1a1", "3.0.post1.dev2"]
# The ones that most versions pass more often, so that there is an answer in most worlds.
OPERATORS = [">=", ">=", ">=", "<", "<", "<=", "!=", "!=", ">", "~=", "=="]
MARKERS_TRUE = ['python_version >= "3.6"', 'sys_platform != "win32"', 'os_name == "posix" or extra == "never"']
MARKERS_FALSE = ['python_version < "3"', 'sys_platform == "win32"', 'extra == "never"']
PYTHONS = [">=3.8", ">=3.6,<4", "<3", ">=3.99", "!=3.0.*"]


class Case:
    """A world and what is required of it, all of it decided by the seed."""

    def __init__(self, seed):
        self.seed = seed
        dice = random.Random(seed)
        self.names = NAMES[: dice.randint(3, len(NAMES))]
        self.extras = dice.random() < 0.5
        self.pre = dice.random() < 0.35
        self.yanks = dice.random() < 0.3
        self.pythons = dice.random() < 0.3
        self.odd = dice.random() < 0.3
        # Few requirements in most worlds, so that there is an answer.
        self.density = dice.choice([0.6, 1.0, 1.0, 1.5, 2.2])
        self.files = {name: self.project(dice, name) for name in self.names}
        self.requirements = [self.requirement(dice, name) for name in dice.sample(self.names, dice.randint(1, 3))]
        self.constraints = []
        if dice.random() < 0.3:
            self.constraints = [self.requirement(dice, name, plain=True) for name in dice.sample(self.names, dice.randint(1, 2))]
        self.options = ["--pre"] if self.pre and dice.random() < 0.2 else []

    def project(self, dice, name):
        pool = [version for version in VERSIONS if self.odd or not set(version) & set("!+p")]
        chosen = dice.sample(pool, dice.randint(2, min(8, len(pool))))
        if self.pre:
            chosen += dice.sample(PRES, dice.randint(0, 3))
            if dice.random() < 0.15:
                chosen = dice.sample(PRES, dice.randint(1, 3))
        files = []
        for version in dict.fromkeys(chosen):
            requires = []
            for _ in range(sum(dice.random() < self.density / 3 for _ in range(3))):
                other = dice.choice([other for other in self.names if other != name])
                requires.append(self.requirement(dice, other, marker=True))
            provides = []
            if self.extras and dice.random() < 0.6:
                provides = dice.sample(EXTRAS, dice.randint(1, 2))
                for extra in provides:
                    other = dice.choice(self.names)
                    if other == name:
                        requires.append(f'{name}[{dice.choice(EXTRAS)}] ; extra == "{extra}"')
                    else:
                        requires.append(f'{self.requirement(dice, other)} ; extra == "{extra}"')
            files.append(Wheel(
                name, version, requires, provides,
                python=dice.choice(PYTHONS) if self.pythons and dice.random() < 0.4 else None,
                yanked=dice.choice(["", "broken"]) if self.yanks and dice.random() < 0.3 else None,
                tag=dice.choice(["py3-none-any", "py2.py3-none-any", "py2-none-any", "cp310-cp310-win_amd64"])
                if dice.random() < 0.15 else "py3-none-any",
            ))
        dice.shuffle(files)
        return files

    def requirement(self, dice, name, plain=False, marker=False):
        text = name
        if self.extras and not plain and dice.random() < 0.3:
            text += f"[{','.join(dice.sample(EXTRAS, dice.randint(1, 2)))}]"
        specifiers = []
        if dice.random() < 0.45:
            versions = VERSIONS if self.odd else [version for version in VERSIONS if not set(version) & set("!+p")]
            if self.pre and dice.random() < 0.25:
                versions = PRES
            for _ in range(dice.choice([1, 1, 1, 1, 2])):
                operator, version = dice.choice(OPERATORS), dice.choice(versions)
                if dice.random() < 0.1 and operator in ("==", "!=") and "+" not in version and version not in PRES:
                    version = version.split(".post")[0] + ".*"
                if operator == "~=" and ("+" in version or "." not in version.split("!")[-1]):
                    operator = ">="
                if "+" in version and operator not in ("==", "!="):
                    version = version.split("+")[0]
                specifiers.append(operator + version)
        if self.yanks and dice.random() < 0.15 and not specifiers:
            specifiers = ["==" + dice.choice(VERSIONS[:11])]
        text += ",".join(specifiers)
        if marker and dice.random() < 0.15:
            text += " ; " + dice.choice(MARKERS_TRUE + MARKERS_FALSE)
        return text

    def required(self):
        return f"required: {self.requirements}  constraints: {self.constraints}  options: {self.options}"

    def show(self):
        lines = [self.required()]
        for files in self.files.values():
            for wheel in files:
                about = [f"python {wheel.python}"] * bool(wheel.python) + ["yanked"] * (wheel.yanked is not None)
                lines.append(f"  {wheel.filename} {' '.join(about)}  {wheel.requires}")
        return "\n".join(lines)


class Wheel:
    """One file, with its bytes."""

    def __init__(self, name, version, requires, provides, python, yanked, tag):
        self.name, self.version, self.requires = name, version, requires
        self.python, self.yanked, self.tag = python, yanked, tag
        self.filename = f"{name}-{version}-{tag}.whl"
        self.metadata = "".join([
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            *(f"Requires-Python: {python}\n" for python in [python] if python),
            *(f"Provides-Extra: {extra}\n" for extra in provides),
            *(f"Requires-Dist: {requirement}\n" for requirement in requires),
        ]).encode()
        info = f"{name}-{version}.dist-info"
        members = {
            f"{info}/METADATA": self.metadata,
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: worlds\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        }
        record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content in members.items())
        members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as written:
            for path, content in members.items():
                written.writestr(zipfile.ZipInfo(path), content)
        self.bytes = archive.getvalue()

    def about(self):
        return self.filename, self.version, self.requires, self.python, self.yanked, self.tag


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


class Index(http.server.BaseHTTPRequestHandler):
    """`/SEED/simple/NAME/` and `/SEED/files/FILE`."""

    protocol_version = "HTTP/1.1"
    worlds = {}

    def do_GET(self):
        parts = [urllib.parse.unquote(part) for part in self.path.strip("/").split("/")]
        case = self.worlds.get(int(parts[0])) if parts[0].isdigit() else None
        if case and parts[1:2] == ["simple"] and len(parts) == 3 and parts[2] in case.files:
            return self.answer(page(case, parts[2]).encode(), "text/html")
        if case and parts[1:2] == ["files"] and len(parts) == 3:
            for wheel in case.files.get(parts[2].split("-")[0], ()):
                if parts[2] == wheel.filename:
                    return self.answer(wheel.bytes, "application/octet-stream")
                if parts[2] == wheel.filename + ".metadata":
                    return self.answer(wheel.metadata, "text/plain")
        self.send_error(404)

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        try:
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            # What was fetched ahead of need is not waited for.
            self.close_connection = True

    def log_message(self, *_):
        pass


def page(case, name):
    links = []
    for wheel in case.files[name]:
        attributes = f' data-core-metadata="sha256={hashlib.sha256(wheel.metadata).hexdigest()}"' if case.seed % 2 else ""
        if wheel.python:
            attributes += f' data-requires-python="{html.escape(wheel.python)}"'
        if wheel.yanked is not None:
            attributes += f' data-yanked="{wheel.yanked}"'
        url = f"../../files/{urllib.parse.quote(wheel.filename)}#sha256={hashlib.sha256(wheel.bytes).hexdigest()}"
        links.append(f'<a href="{url}"{attributes}>{wheel.filename}</a><br>')
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"


# What holds is judged by pip's own library, inside the interpreter that pip runs in.
CHECK = """
import json, sys
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.version import Version
case, chosen = json.load(sys.stdin)
by_file = {wheel[0]: wheel for wheel in case["wheels"]}
versions = {name: Version(by_file[file][1]) for name, file in chosen.items()}
broken = []
def need(text, who, extra=""):
    requirement = Requirement(text)
    if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
        return None
    version = versions.get(requirement.name)
    if version is None or not requirement.specifier.contains(version, prereleases=True):
        broken.append(f"{who} requires {text}, chosen is {version}")
    return requirement
wanted, seen = [], set()
for text in case["requirements"]:
    requirement = need(text, "the user")
    wanted += [(requirement.name, extra) for extra in ["", *requirement.extras]] if requirement else []
while wanted:
    name, extra = wanted.pop()
    if (name, extra) in seen or name not in chosen:
        continue
    seen.add((name, extra))
    for text in by_file[chosen[name]][2]:
        marker = Requirement(text).marker
        if extra and not (marker and "extra" in str(marker)):
            continue
        requirement = need(text, f"{name}[{extra}]", extra)
        wanted += [(requirement.name, more) for more in ["", *requirement.extras]] if requirement else []
for text in case["constraints"]:
    requirement = Requirement(text)
    if requirement.name in versions and not requirement.specifier.contains(versions[requirement.name], prereleases=True):
        broken.append(f"constraint {text}, chosen is {versions[requirement.name]}")
for name, file in chosen.items():
    _, _, _, python, yanked, tag = by_file[file]
    if python and not SpecifierSet(python).contains(".".join(map(str, sys.version_info[:3]))):
        broken.append(f"{file} requires Python {python}")
    if "py3" not in tag:
        broken.append(f"{file} is for another interpreter")
    pins = [text for text in case["requirements"] + case["constraints"] + [text for one in chosen.values() for text in by_file[one][2]]
            if Requirement(text).name == name and "==" in text.partition(";")[0]]
    if yanked is not None and not pins:
        broken.append(f"{file} is yanked and not pinned")
broken += [f"{name} is not needed" for name in chosen if name not in {name for name, _ in seen}]
print(json.dumps(broken))
"""


class Runner:
    def __init__(self, arguments, port):
        self.arguments, self.port = arguments, port
        keep = ("PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT")
        self.environment = {key: value for key, value in os.environ.items() if key in keep}
        self.environment["PIP_CONFIG_FILE"] = os.devnull

    def run(self, seed):
        case = Case(seed)
        Index.worlds[seed] = case
        url = f"http://127.0.0.1:{self.port}/{seed}/simple/"
        with tempfile.TemporaryDirectory() as folder:
            words = [*case.options, *case.requirements, "--index-url", url, "--no-cache-dir"]
            if case.constraints:
                (pathlib.Path(folder) / "constraints.txt").write_text("\n".join(case.constraints) + "\n")
                words += ["-c", "constraints.txt"]
            pip = self.pip(words, folder)
            ours = self.ours(words, folder)
        return case, pip, ours, self.verdict(case, pip, ours)

    def pip(self, words, folder):
        command = [self.arguments.python, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--only-binary=:all:",
                   "--report", "-", "--quiet", "--disable-pip-version-check", "--no-input", *words]
        code, said, error = self.call(command, folder)
        if code == 0:
            report = json.loads(said)
            files = [one["download_info"]["url"].rsplit("/", 1)[1] for one in report["install"]]
            return {file.split("-")[0]: urllib.parse.unquote(file) for file in files}
        if any(text in error for text in ("ResolutionImpossible", "No matching distribution", "conflicting dependencies")):
            return None
        return {"error": error[-600:]}

    def ours(self, words, folder):
        command = [self.arguments.ours, "resolve", "--format", "json", "--python", self.arguments.python, *words]
        code, said, error = self.call(command, folder)
        document = json.loads(said) if said else {}
        if code == 0:
            return {one["name"]: one["file"] for one in document["packages"]}
        message = document.get("error", {}).get("message", error[-600:])
        if any(text in message for text in ("No set of versions", "was not found", "only source distributions")):
            return None
        return {"error": message}

    def call(self, command, folder):
        done = subprocess.run([str(word) for word in command], cwd=folder, env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)
        return done.returncode, done.stdout, done.stderr

    def verdict(self, case, pip, ours):
        if pip == ours and (pip is None or "error" not in pip):
            return "same", []
        faults, crashed = [], False
        for who, answer in (("pip", pip), ("ours", ours)):
            if answer is None:
                faults.append(f"{who}: no answer")
            elif who == "pip" and "RecursionError" in answer.get("error", ""):
                crashed = True
            elif "error" in answer:
                faults.append(f"{who}: {answer['error']}")
            else:
                faults += [f"{who}: {text}" for text in self.broken(case, answer)]
        if faults:
            return "FAULT", faults
        return ("crash" if crashed else "choice"), []

    def broken(self, case, chosen):
        wheels = [wheel.about() for files in case.files.values() for wheel in files]
        about = {"wheels": wheels, "requirements": case.requirements, "constraints": case.constraints}
        done = subprocess.run([str(self.arguments.python), "-c", CHECK], input=json.dumps([about, chosen]), capture_output=True,
                              text=True, check=True)
        return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    parser.add_argument("--ours", type=pathlib.Path, default=root / "target" / "release" / "slsa-pip", help="the binary")
    parser.add_argument("--python", type=pathlib.Path, help="an interpreter with another pip than the newest, which differs more")
    parser.add_argument("--work", type=pathlib.Path, default=WORK, help="folder of the environment with the newest pip")
    parser.add_argument("--seeds", default="1-50", help="one, or a range: 1-50")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="show the worlds, whatever the verdict")
    arguments = parser.parse_args()
    arguments.ours = arguments.ours.resolve()
    # Not resolved: an environment's interpreter is a link.
    arguments.python = arguments.python.absolute() if arguments.python else environment(arguments.work.resolve())
    first, _, last = arguments.seeds.partition("-")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runner = Runner(arguments, server.server_address[1])
    counts = {"same": 0, "choice": 0, "crash": 0, "FAULT": 0}
    answers = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for case, pip, ours, (result, faults) in pool.map(runner.run, range(int(first), int(last or first) + 1)):
            counts[result] += 1
            answers += pip is not None
            if result in ("choice", "FAULT") or arguments.show:
                world = case.show() if result == "FAULT" or arguments.show else case.required()
                print(f"{result}  seed {case.seed}\n{world}\n  pip:  {pip}\n  ours: {ours}")
                print("".join(f"    {fault}\n" for fault in faults), flush=True)
    total = sum(counts.values())
    print(f"{total} worlds, {answers} with an answer: {counts['same']} same, {counts['choice']} other choices, "
          f"{counts['crash']} where pip's resolver crashed, {counts['FAULT']} faults")
    sys.exit(1 if counts["FAULT"] else 0)


if __name__ == "__main__":
    main()
