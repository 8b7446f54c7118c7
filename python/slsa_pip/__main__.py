"""`python -m slsa_pip` works for the interpreter that runs it, as `python -m pip` does."""

from __future__ import annotations

import os
import subprocess
import sys

from . import find_program


def main() -> int:
    """Starts the program in place of this process, or, where the platform has no such call, waits for it."""
    try:
        program = find_program()
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    environment = dict(os.environ, SLSA_PIP_PYTHON=sys.executable)
    arguments = [program, *sys.argv[1:]]
    if os.name == "nt":
        return subprocess.run(arguments, env=environment, check=False).returncode
    os.execve(program, arguments, environment)


if __name__ == "__main__":
    sys.exit(main())
