"""Where packages come from: the test world with some latency, or the index that pip is configured for."""

import json
import os
import subprocess

# Variables of the caller that would change what a contestant does.
PREFIXES = ("PIP_", "UV_", "SLSA_PIP_", "PYTHON")
NAMES = ("VIRTUAL_ENV", "CONDA_PREFIX", "GITHUB_TOKEN", "GH_TOKEN", "NETRC")


def clean_environment():
    """The caller's variables without those that name indexes, options or environments."""
    keep = lambda name: not name.startswith(PREFIXES) and name not in NAMES
    return {name: value for name, value in os.environ.items() if keep(name)}


class World:
    """The test world on 127.0.0.1. Every wheel has provenance, and everything that we install is verified."""

    def __init__(self, binary, kind, milliseconds):
        self.title = f"test world, {milliseconds} ms of latency"
        self.key = f"world-{milliseconds}"
        self.process = subprocess.Popen(
            [binary, kind, str(milliseconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        known = json.loads(self.process.stdout.readline())
        self.index = known["index_url"]
        self.sets = {count: name for name, count in known["sets"].items()}
        self.environment = dict(clean_environment(), NO_PROXY="127.0.0.1", PIP_CONFIG_FILE=os.devnull)
        self.environment.update(known["environment"], PIP_INDEX_URL=self.index)

    def counts(self):
        """How many requests were made since the last call, by kind."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Configured:
    """The index that pip is configured for. Files without provenance that can be reached pass by an exemption for their digest."""

    title = "configured index"
    key = "configured"
    # What a small library, an HTTP client and a server application bring along today.
    sets = {1: "idna", 5: "requests", 59: "jupyter-server"}

    def __init__(self, trusted_root):
        self.environment = clean_environment()
        kept = ("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_PROXY")
        self.environment.update({name: os.environ[name] for name in kept if name in os.environ})
        self.environment["SLSA_PIP_EVIDENCE"] = "index"
        if trusted_root:
            self.environment["SLSA_PIP_TRUSTED_ROOT"] = trusted_root
        self.index = os.environ.get("PIP_INDEX_URL")
        if cert := os.environ.get("PIP_CERT"):
            self.environment["SSL_CERT_FILE"] = cert

    def counts(self):
        return None

    def close(self):
        pass
