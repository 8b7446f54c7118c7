# While a question is answered, stand-ins are imported for pip's modules of the network and of the terminal: the real ones take
# a third of the time of pip's own start, and hardly any question needs them. pip's modules may name what is in a stand-in, and
# inherit from it. Whatever does more with it raises `Needed`; the question is then asked once more, with the real modules.
import importlib.machinery
import os
import sys
import types
import warnings

ABSENT = ("cachecontrol", "requests", "rich", "urllib3")


class Needed(BaseException):
    """No `Exception`, so that nobody in between takes it for an error of its own."""


def use(*_, **__):
    raise Needed


class Kind(type):
    """A class that can be inherited from, and nothing else."""

    __call__ = __instancecheck__ = __bool__ = __repr__ = use

    def __getattr__(cls, name):
        return kind(name)

    def __getitem__(cls, _):
        return cls


def kind(name):
    if name.startswith("__"):
        raise AttributeError(name)
    # Filters are set for some of them, which have to be categories of warnings for that.
    return Kind(name, (Warning,), {})


class StandIn(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        setattr(self, name, kind(name))
        return vars(self)[name]


class StandIns:
    """Takes the place of the real modules. At the end pip is forgotten, so that its next import is a real one."""

    def __enter__(self):
        self.warnings = warnings.catch_warnings()
        self.warnings.__enter__()
        sys.meta_path.insert(0, self)

    def __exit__(self, *error):
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        self.warnings.__exit__(*error)
        # What pip has vendored besides uses none of them.
        for name in list(sys.modules):
            if absent(name) or name.startswith("pip._internal"):
                parent, _, child = name.rpartition(".")
                vars(sys.modules.get(parent, self)).pop(child, None)
                del sys.modules[name]

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if absent(name) else None

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


def absent(name):
    return name.startswith("pip._vendor.") and name.split(".")[2] in ABSENT


def may_ask_twice():
    """Whether a question can be asked once more, should stand-ins not do."""
    if any(name.partition(".")[0] == "pip" for name in sys.modules):
        return False  # a hook of this environment has imported it, and may have changed it
    try:
        import pip._vendor
    except ImportError:
        return False
    # Distributors may leave out what is vendored: other modules then stand in for it.
    if getattr(pip._vendor, "DEBUNDLED", False):
        return False
    configuration = os.environ.get("PIP_CONFIG_FILE") or os.devnull
    # A pipe can be read only once.
    return configuration == os.devnull or os.path.isfile(configuration) or not os.path.exists(configuration)
