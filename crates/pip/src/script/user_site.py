# Shared by the probe and the hand-off. Both run under `python -I`, so that nothing in the working directory is imported;
# that also hides the user site, which a plain start would have. It is added again here, as `site` would add it.
import os
import site
import sys


def user_site():
    """The user site directory that a plain start of this interpreter has, else None."""
    if os.environ.get("PYTHONNOUSERSITE"):
        return None
    if hasattr(os, "getuid") and (os.getuid() != os.geteuid() or os.getgid() != os.getegid()):
        return None
    if sys.prefix != sys.base_prefix:
        try:
            with open(os.path.join(sys.prefix, "pyvenv.cfg"), encoding="utf-8") as config:
                settings = [line.partition("=") for line in config]
        except OSError:
            return None
        shared = [value for key, _, value in settings if key.strip().lower() == "include-system-site-packages"]
        if not shared or shared[-1].strip().lower() != "true":
            return None
    return site.getusersitepackages()


def add_user_site():
    """Makes the user site importable, before the interpreter's own site-packages."""
    directory = user_site()
    if directory is None:
        return None
    site.ENABLE_USER_SITE = True
    if os.path.isdir(directory) and directory not in sys.path:
        before = list(sys.path)
        site.addsitedir(directory)
        added = [entry for entry in sys.path if entry not in before]
        own = site.getsitepackages()
        at = next((index for index, entry in enumerate(before) if entry in own), len(before))
        sys.path[:] = before[:at] + added + before[at:]
    return directory


def ask_no_program():
    """Before pip's session is made: it would run `rustc` and others to name their versions to servers, and which `rustc` that
    is may be said by a file in the working directory or above it, such as another user's in the folder for temporary files."""
    import pip
    from pip._internal.network import session

    session.user_agent = lambda: "pip/" + pip.__version__


USER_SITE = add_user_site()
