# Run between the probe and the hand-off, when there is nothing else to do: frees the pip that had stand-ins, and imports what the
# latter needs.
gc.collect()
try:
    import pip
    from pip._internal.commands import install
    from pip._internal.operations.install import wheel  # noqa: F401
    from pip._internal.req import req_uninstall  # noqa: F401
    from pip._internal.resolution.resolvelib import resolver  # noqa: F401

    # Since pip 26.3, which imports nothing more once it has begun to install.
    install._eagerly_import_modules((*install._INTERNAL_EAGER_IMPORTS, *pip._EAGER_IMPORTS))
except Exception:  # it was only earlier than needed
    pass
gc.freeze()
