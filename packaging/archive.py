"""Makes the archive of one target out of its wheel, so that both hold the very same program.

Usage: archive.py WHEEL TARGET FOLDER. The archive is reproducible: names sorted, no times, no owners.
"""

import gzip
import io
import pathlib
import sys
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEXTS = ("CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "SECURITY.md")


def program(wheel: pathlib.Path) -> bytes:
    """The one script of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        scripts = [name for name in archive.namelist() if ".data/scripts/" in name]
        if len(scripts) != 1:
            sys.exit(f"error: {wheel.name} holds {len(scripts)} scripts, not one")
        return archive.read(scripts[0])


def main() -> None:
    wheel, target, folder = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    version = wheel.name.split("-")[1]
    name = f"slsa-pip-{version}-{target}"
    members = {"slsa-pip": (program(wheel), 0o755)}
    members.update({text: ((ROOT / text).read_bytes(), 0o644) for text in TEXTS})
    path = folder / f"{name}.tar.gz"
    with path.open("wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for member in sorted(members):
                content, mode = members[member]
                info = tarfile.TarInfo(f"{name}/{member}")
                info.size, info.mode = len(content), mode
                archive.addfile(info, io.BytesIO(content))
    print(path)


if __name__ == "__main__":
    main()
