"""Which Patchclamp this is."""

from importlib.metadata import PackageNotFoundError, version


def version_text() -> str:
    try:
        return f"patchclamp {version('patchclamp')}"
    except PackageNotFoundError:
        return "patchclamp (from source)"
