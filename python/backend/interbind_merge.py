"""Puts built `_pickle` modules into a wheel of interbind: `python interbind_merge.py WHEEL MODULE_WHEEL...`.

`WHEEL` is what maturin built from `python/`, each `MODULE_WHEEL` what it built from `pickle/native`: maturin looks at the
libraries that each one needs, and at the systems that it may promise. The name of a module says which Python it is for, so one
`abi3` wheel has one for each version. The same modules give the same bytes, in which order they are named.
"""

import argparse
import base64
import csv
import hashlib
import io
import os
import re
import sys
import zipfile
from pathlib import Path

#: The module's file for CPython 3.13, and for the free-threaded one: `cpython-313-…so`, `cp313t-…pyd`.
MODULE = re.compile(r"(?:.*/)?(_pickle\.(?:cpython-|cp)3(\d+)(t?)-[\w-]+\.(?:so|pyd))")


class MergeError(Exception):
    """A module that can't lie in the wheel."""


def merge(wheel: Path, module_wheels: "list[Path]") -> None:
    """Replace the wheel by one with the modules of the others."""
    modules, bills = {}, {}
    for path in module_wheels:
        minor, threads, module, bill = _module(wheel, path)
        if (minor, threads) in modules:
            raise MergeError(f"{path.name}: another wheel has the module for the same Python; fix: leave one out")
        modules[minor, threads] = module
        bills.update(bill)
    with zipfile.ZipFile(wheel) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    records = [entry for entry, _ in entries if entry.filename.endswith(".dist-info/RECORD")]
    if len(records) != 1:
        raise MergeError(f"{wheel.name}: no RECORD; fix: build it with maturin")
    folder = records[0].filename[: -len("RECORD")]
    inserted = [(f"interbind/{name}", data, True) for _, (name, data) in sorted(modules.items())]
    inserted += [(f"{folder}sboms/{name}", data, False) for name, data in sorted(bills.items())]
    names = {name for name, _, _ in inserted}
    doubled = [entry.filename for entry, _ in entries if entry.filename in names or MODULE.fullmatch(entry.filename)]
    if doubled:
        raise MergeError(f"{wheel.name}: has {', '.join(doubled)} already; fix: start with a wheel that maturin built")
    fresh = wheel.with_suffix(".merging")
    with zipfile.ZipFile(fresh, "w") as out:
        for entry, data in entries:
            if entry is not records[0]:
                _write(out, entry.filename, data, entry)
        for name, data, executable in inserted:
            entry = zipfile.ZipInfo(name, records[0].date_time)
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            _write(out, name, data, entry)
        # The record is the last file, as the format recommends.
        record = dict(entries_of(next(data for entry, data in entries if entry is records[0])))
        record.update((name, (_hash(data), str(len(data)))) for name, data, _ in inserted)
        _write(out, records[0].filename, _record(record, records[0].filename), records[0])
    os.replace(fresh, wheel)


def entries_of(record: bytes) -> "list[tuple[str, tuple[str, str]]]":
    """Read a `RECORD`: each file's hash and size."""
    return [(name, (digest, size)) for name, digest, size in csv.reader(io.StringIO(record.decode("utf-8")))]


def _module(wheel: Path, path: Path) -> "tuple[int, str, tuple[str, bytes], dict[str, bytes]]":
    *_, python, abi, systems = wheel.stem.split("-")
    if path.stem.split("-")[-1] != systems:
        raise MergeError(
            f"{path.name} is for another system than {wheel.name}; "
            f"fix: build both with the same `--target` and `--compatibility`"
        )
    with zipfile.ZipFile(path) as archive:
        found = [(match, name) for name in archive.namelist() if (match := MODULE.fullmatch(name))]
        bills = [name for name in archive.namelist() if ".dist-info/sboms/" in name and not name.endswith("/")]
        libraries = [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dylib", ".dll"))]
        if len(found) != 1 or len(libraries) != 1:
            raise MergeError(
                f"{path.name}: one `_pickle` and no other library is expected, found {', '.join(libraries) or 'none'}; "
                f"fix: build it from pickle/native for CPython"
            )
        match, name = found[0]
        minor, threads = int(match[2]), match[3]
        if abi == "abi3":
            fits = not threads and minor >= int(python[3:])
        else:
            fits = abi == f"cp3{minor}{threads}"
        if not fits:
            raise MergeError(
                f"{path.name}: no Python that installs {wheel.name} loads {match[1]}; fix: name a wheel for {abi}"
            )
        return minor, threads, (match[1], archive.read(name)), {Path(bill).name: archive.read(bill) for bill in bills}


def _write(out: zipfile.ZipFile, name: str, data: bytes, like: zipfile.ZipInfo) -> None:
    entry = zipfile.ZipInfo(name, like.date_time)
    entry.external_attr = like.external_attr
    entry.create_system = 3
    entry.compress_type = zipfile.ZIP_DEFLATED
    out.writestr(entry, data)


def _hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode('ascii')}"


def _record(files: "dict[str, tuple[str, str]]", own: str) -> bytes:
    files[own] = files.pop(own)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows((name, *of) for name, of in files.items())
    return text.getvalue().encode("utf-8")


def main() -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description="Puts built `_pickle` modules into a wheel of interbind.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("module_wheels", type=Path, nargs="+")
    words = parser.parse_args()
    try:
        merge(words.wheel, words.module_wheels)
    except (MergeError, OSError, zipfile.BadZipFile) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
