"""Prints the version of the workspace, as Cargo.toml has it."""

import pathlib
import re
import sys

manifest = pathlib.Path(__file__).resolve().parent.parent / "Cargo.toml"
section = manifest.read_text().split("[workspace.package]", 1)[1].split("\n[", 1)[0]
found = re.search(r'^version = "([^"]+)"$', section, re.MULTILINE)
if found is None:
    sys.exit("error: Cargo.toml names no version")
print(found.group(1))
