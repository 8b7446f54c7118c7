"""Who is measured: the commands, and what is put back before each of their runs."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess


class Contestant:
    """One program with an environment and a cache of its own, so that none gains from another's files."""

    def __init__(self, name, folder, place, template):
        self.name = name
        self.folder = pathlib.Path(folder) / name.replace(" ", "-")
        self.place = place
        self.template = template
        self.venv = self.folder / "venv"
        self.cache = self.folder / "cache"
        self.work = self.folder / "work"
        for path in (self.cache, self.work):
            path.mkdir(parents=True, exist_ok=True)

    def words(self, requirement):
        raise NotImplementedError

    def stages(self):
        """Seconds by stage of the last run, as the program itself says; empty if it does not."""
        return {}

    def script(self, name, lines):
        path = self.folder / name
        path.write_text("#!/bin/sh\nset -e\n" + "\n".join(lines) + "\n")
        path.chmod(0o755)
        return str(path)

    def run_script(self, requirement):
        words = shlex.join(str(word) for word in self.words(requirement))
        work = shlex.quote(str(self.work))
        return self.script("run", [f"cd {work}", f"exec {words} >{work}/out 2>{work}/err"])

    def prepare_script(self, state):
        """`cold`: nothing cached, nothing installed; `warm`: nothing installed; `no-op`: everything is there."""
        venv, cache = (shlex.quote(str(path)) for path in (self.venv, self.cache))
        lines = []
        if state in ("cold", "warm"):
            lines += [f"rm -rf {venv}", f"cp -a {shlex.quote(str(self.template))} {venv}"]
        if state == "cold":
            lines += [f"rm -rf {cache}", f"mkdir {cache}"]
        return self.script("prepare", lines)

    def once(self, requirement, state):
        """One run that is not measured: fills the cache, and shows that it works at all."""
        for script in (self.prepare_script(state), self.run_script(requirement)):
            done = subprocess.run([script], env=self.place.environment)
            if done.returncode:
                error = (self.work / "err").read_text(errors="replace")
                raise SystemExit(f"error: {self.name}, {requirement}: exit code {done.returncode}\n{error}")

    def python(self):
        return self.venv / "bin" / "python"


class Pip(Contestant):
    def words(self, requirement):
        pip = [self.python(), "-m", "pip", "--disable-pip-version-check", "--no-input", "--cache-dir", self.cache]
        return pip + ["install", "--only-binary=:all:", requirement]


class PipDownload(Pip):
    """The share of pip's time in which it resolves and downloads."""

    def words(self, requirement):
        words = super().words(requirement)
        return words[: words.index("install")] + ["download", "-q", "-d", self.work, "--only-binary=:all:", requirement]


class Uv(Contestant):
    program = None
    extra = []

    def words(self, requirement):
        words = [self.program, "pip", "install", "--no-config", "--python", self.python(), "--cache-dir", self.cache]
        index = ["--default-index", self.place.index] if self.place.index else []
        return words + index + ["--only-binary", ":all:", *self.extra, requirement]

    def stages(self):
        found = {}
        for line in (self.work / "err").read_text().splitlines():
            said = re.match(r"(Resolved|Prepared|Installed|Audited|Bytecode compiled) .* in ([\d.]+)(ms|s)", line)
            if said:
                found[said[1].lower()] = float(said[2]) / (1000 if said[3] == "ms" else 1)
        return found


class UvCompiling(Uv):
    extra = ["--compile-bytecode"]


class Ours(Contestant):
    program = None
    policy = None

    def words(self, requirement):
        words = [self.program, "install", "--python", self.python(), "--cache-dir", self.cache, "--format", "json"]
        policy = ["--policy", self.policy] if self.policy else []
        return words + policy + [requirement]

    def report(self):
        return json.loads((self.work / "out").read_text())

    def stages(self):
        timings = self.report().get("timings", {})
        return {name: milliseconds / 1000 for name, milliseconds in timings.items()}

    def exempt_what_is_refused(self, requirement):
        """Where provenance cannot be reached, lets each refused file pass by its digest; says how many there are."""
        run, prepare = self.run_script(requirement), self.prepare_script("cold")
        subprocess.run([prepare], check=True, env=self.place.environment)
        if subprocess.run([run], env=self.place.environment).returncode == 0:
            return 0
        refused = [file for file in self.report()["files"] if file["verdict"] != "verified"]
        lines = ["version = 1"]
        for file in refused:
            lines.append(f"[exemptions.{file['package']}]\nversions = \"=={file['version']}\"")
            lines.append(f"sha256 = [\"{file['sha256']}\"]\nreason = \"measured without provenance\"")
        self.policy = self.folder / "policy.toml"
        self.policy.write_text("\n".join(lines) + "\n")
        return len(refused)


def template(folder, python):
    """An environment with the newest pip that can be had, to copy from."""
    path = pathlib.Path(folder) / "template"
    if not path.exists():
        made = [python, "-I", "-m", "venv", str(path)]
        subprocess.run(made, check=True, env=clean(), stdout=subprocess.DEVNULL)
        upgrade = [str(path / "bin" / "python"), "-m", "pip", "install", "--quiet", "--upgrade", "pip", "setuptools"]
        if subprocess.run(upgrade).returncode:
            print("note: pip could not be upgraded; the interpreter's own copy is measured")
    return path


def clean():
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def forget(folder):
    shutil.rmtree(folder, ignore_errors=True)
