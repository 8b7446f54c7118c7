"""slsa-pip: pip install, with the provenance of every file verified first.

The program is a native executable; this package only finds and starts it (`python -m slsa_pip`).
"""

from __future__ import annotations

import os
import sys
import sysconfig

__all__ = ["find_program"]


def find_program() -> str:
    """The path of the executable that was installed with this package.

    It is looked for where installers put the scripts of this very installation, and nowhere else: whatever else of its name
    lies on the PATH may be anybody's.
    """
    name = "slsa-pip" + (sysconfig.get_config_var("EXE") or "")
    package = os.path.dirname(os.path.abspath(__file__))
    folders = [sysconfig.get_path("scripts")]
    if sys.version_info >= (3, 10):
        user_scheme = sysconfig.get_preferred_scheme("user")
    else:
        user_scheme = "nt_user" if os.name == "nt" else "posix_user"
    folders.append(sysconfig.get_path("scripts", scheme=user_scheme))
    # `pip install --target DIR` puts scripts into `DIR/bin`, beside the package.
    folders.append(os.path.join(os.path.dirname(package), "bin"))
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    looked = ", ".join(folders)
    raise FileNotFoundError(f"{name} was not found in {looked}; install slsa-pip again")
