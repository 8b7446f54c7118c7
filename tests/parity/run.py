#!/usr/bin/env python3
"""Resolves real requirement sets with slsa-pip and with pip, and compares name, version and file of every package.

    cargo build --release && python3 tests/parity/run.py            # all sets
    python3 tests/parity/run.py flask dask --ours target/debug/slsa-pip
    python3 tests/parity/run.py --write                             # the table of docs/parity.md as well

Both ask the index that pip is configured for, for the same interpreter: that of a virtual environment with the newest pip,
which is made on the first run. pip's answers are kept in the work folder, so that later runs ask only slsa-pip; where the
two differ, pip is asked again first, since the index may have changed meanwhile. Exit code 0: every set agrees, or its
difference is explained in sets.toml, and enough of them agree. Python's standard library alone, 3.11 or newer.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "parity.md"
BEGIN, END = "<!-- table: tests/parity/run.py --write -->", "<!-- end of table -->"
WORK = pathlib.Path(tempfile.gettempdir()) / "slsa-pip-parity"
# Of all sets, those that must agree.
TARGET = 0.95
# Seconds after which a run counts as without an answer.
PATIENCE = 900
# pip's words for "there is no such set", as opposed to a network or a server that has failed.
PIP_HAS_NONE = (
    "ResolutionImpossible",
    "No matching distribution found",
    "conflicting dependencies",
    "Constraints cannot have extras",
    "Hashes are required in --require-hashes mode",
)
OURS_HAS_NONE = (
    "No set of versions satisfies",
    "only source distributions",
    "was not found",
    "constraints may only name",
    "Hashes are required for every package",
)


def main():
    arguments = parsed()
    sets = tomllib.loads((HERE / "sets.toml").read_text())["set"]
    names = [one["name"] for one in sets]
    if len(set(names)) != len(names):
        sys.exit("error: two sets of one name in sets.toml")
    unknown = set(arguments.names) - set(names)
    if unknown:
        sys.exit(f"error: no such set: {', '.join(sorted(unknown))}")
    wanted = [one for one in sets if chosen(one, arguments)]
    world = World(arguments)
    print(f"{len(wanted)} sets, {world.about}", file=sys.stderr)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        compared = list(pool.map(lambda one: world.compare(one), wanted))
    table = render(compared, world)
    print(table)
    if arguments.write:
        if len(wanted) != len(sets):
            sys.exit("error: --write needs all sets")
        text = PAGE.read_text()
        before, rest = text.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n{END}{rest.split(END)[1]}")
    bad = [one["name"] for one in compared if one["result"] == "DIFFERENT"]
    agreed = sum(one["result"] == "same" for one in compared)
    if bad:
        sys.exit(f"not explained in sets.toml: {', '.join(bad)}")
    if agreed < TARGET * len(compared):
        sys.exit(f"only {agreed} of {len(compared)} sets agree")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="sets to compare; all where none is named")
    parser.add_argument("--quick", action="store_true", help="only the few sets that the tests run")
    parser.add_argument("--jobs", type=int, default=2, help="sets at a time (2)")
    parser.add_argument("--ours", type=pathlib.Path, default=ROOT / "target" / "release" / "slsa-pip", help="the binary")
    parser.add_argument("--work", type=pathlib.Path, default=WORK,
                        help="folder for the environment, caches and pip's answers")
    parser.add_argument("--refresh", action="store_true", help="ask pip again for every set")
    parser.add_argument("--cold", action="store_true", help="no caches: ask both for every set, as if for the first time")
    parser.add_argument("--write", action="store_true", help="write the table into docs/parity.md")
    return parser.parse_args()


def chosen(one, arguments):
    if arguments.names:
        return one["name"] in arguments.names
    return one.get("quick", False) or not arguments.quick


def environment(work):
    """The interpreter of an environment with the newest pip; made where there is none."""
    python = work / "venv" / "bin" / "python"
    done = work / "venv" / "has-newest-pip"
    if not done.exists():
        print("making an environment with the newest pip", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", work / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"], check=True)
        done.touch()
    return python


class World:
    """The environment, the caches, and the two programs."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.work = arguments.work.resolve()
        self.ours = arguments.ours.resolve()
        if not self.ours.is_file():
            sys.exit(f"error: there is no {self.ours}: cargo build --release, or --ours FILE")
        (self.work / "pip").mkdir(parents=True, exist_ok=True)
        self.python = environment(self.work)
        said = subprocess.run([self.python, "-m", "pip", "--version"], check=True, capture_output=True, text=True)
        version = sys.version.split()[0]
        self.about = f"pip {said.stdout.split()[1]}, Python {version}, {sys.platform} {os.uname().machine}"
        self.lock = threading.Lock()

    def compare(self, one):
        with tempfile.TemporaryDirectory() as folder:
            words = written(one, pathlib.Path(folder))
            pip, fresh = self.pip(one, words, folder, self.arguments.refresh or self.arguments.cold)
            ours = self.resolve(words, folder)
            if verdict(one, pip, ours) == "DIFFERENT" and not fresh:
                pip, _ = self.pip(one, words, folder, True)
        result = verdict(one, pip, ours)
        with self.lock:
            print(f"{result:9}  {one['name']}  pip {pip['seconds']:.1f} s, ours {ours['seconds']:.1f} s", file=sys.stderr)
            if result == "DIFFERENT":
                print(difference(pip, ours), file=sys.stderr)
        return {"set": one, "name": one["name"], "result": result, "pip": pip, "ours": ours}

    def pip(self, one, words, folder, again):
        """pip's answer, and whether it is of this run."""
        key = json.dumps([self.about, one["args"], one.get("requirements"), one.get("constraints")])
        kept = self.work / "pip" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
        if kept.exists() and not again:
            return json.loads(kept.read_text()), False
        report = pathlib.Path(folder) / "report.json"
        report.unlink(missing_ok=True)
        command = [self.python, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--only-binary=:all:",
                   "--report", report, "--quiet", "--disable-pip-version-check", "--no-input",
                   "--cache-dir", self.cache("pip", folder), *words]
        code, seconds, said, error = run(command, folder)
        answer = {"seconds": seconds, "error": None}
        if code == 0:
            answer["packages"] = sorted(packages_of_report(json.loads(report.read_text())))
        else:
            lines = [line for line in error.splitlines() if line.startswith("ERROR")] or error.splitlines()[-3:]
            answer["error"] = "\n".join(lines)
            answer["none"] = any(text in error for text in PIP_HAS_NONE)
        partial = kept.with_suffix(".partial")
        partial.write_text(json.dumps(answer, indent=1))
        partial.rename(kept)
        return answer, True

    def resolve(self, words, folder):
        command = [self.ours, "resolve", "--format", "json", "--python", self.python,
                   "--cache-dir", self.cache("ours", folder), *words]
        code, seconds, said, error = run(command, folder)
        answer = {"seconds": seconds, "error": None}
        try:
            document = json.loads(said)
        except ValueError:
            answer.update(error=f"no document, exit code {code}: {error.strip()[-300:]}", none=False)
            return answer
        answer["requests"] = document.get("requests")
        if code == 0:
            answer["packages"] = sorted([one["name"], one["version"], one["file"]] for one in document["packages"])
        else:
            failure = document.get("error") or document.get("refusal")
            text = json.dumps(failure, ensure_ascii=False)
            answer["error"] = "\n".join(str(failure.get(key)) for key in ("message", "summary", "causes", "detail") if failure.get(key))
            answer["none"] = any(words in text for words in OURS_HAS_NONE)
        return answer

    def cache(self, name, folder):
        return pathlib.Path(folder) / name if self.arguments.cold else self.work / "cache" / name


def written(one, folder):
    """The set's words; its files are written below `folder`."""
    words = list(one["args"])
    for key, option in (("requirements", "-r"), ("constraints", "-c")):
        if key in one:
            (folder / f"{key}.txt").write_text(one[key])
            words += [option, f"{key}.txt"]
    return words


def run(command, folder):
    """Exit code, seconds, standard output and error; a run that does not end has no exit code."""
    began = time.monotonic()
    # A policy of the folder or the user's own variables would change what is compared.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SLSA_PIP_") and key != "VIRTUAL_ENV"}
    try:
        done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None, time.monotonic() - began, "", f"no answer after {PATIENCE} s"
    return done.returncode, time.monotonic() - began, done.stdout, done.stderr


def packages_of_report(report):
    for one in report["install"]:
        path = urllib.parse.urlsplit(one["download_info"]["url"]).path
        name = re.sub(r"[-_.]+", "-", one["metadata"]["name"]).lower()
        yield [name, one["metadata"]["version"], urllib.parse.unquote(path.rsplit("/", 1)[1])]


def verdict(one, pip, ours):
    same = pip["error"] is None and ours["error"] is None and files(pip) == files(ours)
    neither = pip.get("none", False) and ours.get("none", False)
    expected = neither if one.get("fails", False) else same
    if expected:
        return "same"
    return "explained" if "difference" in one else "DIFFERENT"


def files(answer):
    """Name, version and file of each package. A version is compared as the file name spells it too, so its normal form does."""
    return {name: (normal(version), file) for name, version, file in answer["packages"]}


def normal(version):
    return re.sub(r"(^|\.)0+(?=\d)", r"\1", version.lower().removeprefix("v"))


def difference(pip, ours):
    if pip["error"] is not None or ours["error"] is not None:
        return "\n".join(f"    {who}: {first(answer)}" for who, answer in (("pip", pip), ("ours", ours)))
    theirs, mine = files(pip), files(ours)
    lines = []
    for name in sorted(theirs.keys() | mine.keys()):
        if theirs.get(name) != mine.get(name):
            lines.append(f"    {name}: pip {theirs.get(name)}, ours {mine.get(name)}")
    return "\n".join(lines)


def first(answer):
    if answer["error"] is None:
        return f"{len(answer['packages'])} packages"
    return answer["error"].replace("\n", " ")[:400]


def render(compared, world):
    agreed = sum(one["result"] == "same" for one in compared)
    packages = sum(len(one["pip"].get("packages", ())) for one in compared)
    # Seconds are compared only where both were asked in this run, and neither had a cache.
    timed = world.arguments.cold
    lines = [
        f"{world.about}: {agreed} of {len(compared)} sets agree ({packages} packages in pip's answers).",
        "",
        "| set | kind | requirements | packages | result |" + " pip (s) | ours (s) |" * timed,
        "|---|---|---|---|---|" + "---|---|" * timed,
    ]
    for one in compared:
        words = [f"`{word}`" if " " in word else word for word in one["set"]["args"]]
        words += [f"+ {key}" for key in ("requirements", "constraints") if key in one["set"]]
        text = " ".join(words).replace("|", "\\|")
        count = len(one["pip"]["packages"]) if one["pip"]["error"] is None else "none"
        result = "same" if one["result"] == "same" else one["result"]
        if one["result"] == "same" and one["set"].get("fails"):
            result = "same: both refuse"
        lines.append(
            f"| {one['name']} | {one['set']['kind']} | `{text.replace('`', '')}` | {count} | {result} |"
            + f" {one['pip']['seconds']:.1f} | {one['ours']['seconds']:.1f} |" * timed
        )
    explained = [one for one in compared if one["result"] == "explained"]
    if explained:
        lines += ["", "Differences:", ""]
        lines += [f"- **{one['name']}**: {one['set']['difference'].strip()}" for one in explained]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
