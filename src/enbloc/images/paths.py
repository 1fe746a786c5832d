"""File names of a case to files on disk, never outside of the case folder; and their hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from enbloc.core.errors import ImageError

_CHUNK = 1 << 20


def resolve(folder: Path, name: str, field: str) -> Path:
    """The file or folder that `name` (as the case wrote it) stands for.

    Raises ImageError for absolute names, `..`, links that lead out of `folder`, and names of nothing.
    """
    if not name or "\0" in name:
        raise ImageError("no usable file name", file=name or None, field=field)
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root:
        raise ImageError("must be relative to the case file", file=name, field=field)
    if ".." in PurePosixPath(name).parts or ".." in PureWindowsPath(name).parts:
        raise ImageError("may not lead out of the case folder", file=name, field=field)
    home = folder.resolve()
    try:
        path = (home / name).resolve(strict=True)
    except FileNotFoundError:
        raise ImageError("no such file in the case folder", file=name, field=field) from None
    except (OSError, RuntimeError) as error:
        raise ImageError(f"cannot be opened: {_reason(error)}", file=name, field=field) from None
    if not path.is_relative_to(home):
        raise ImageError("is a link that leads out of the case folder", file=name, field=field)
    if not path.is_dir() and not path.is_file():
        raise ImageError("is neither a file nor a folder", file=name, field=field)
    return path


def beside(path: Path, name: str, file: str, field: str) -> Path:
    """A data file that the header `path` names: a plain name in the same folder, and no link out of it."""
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise ImageError("the data file must lie beside its header", file=file, field=field)
    data = path.parent / name
    if not data.is_file():
        raise ImageError(f"the data file {name!r} is missing", file=file, field=field)
    if data.resolve().parent != path.parent.resolve():
        raise ImageError("the data file is a link that leads elsewhere", file=file, field=field)
    return data


def sha256_of(path: Path) -> str:
    """Of a file: the hash of its bytes. Of a folder: that over the sorted names and hashes of all files below it."""
    if path.is_dir():
        below = {entry.relative_to(path).as_posix(): entry for entry in path.rglob("*") if entry.is_file()}
        rows = [f"{name}\0{sha256_of(below[name])}\n" for name in sorted(below)]
        return hashlib.sha256("".join(rows).encode("utf-8", "surrogateescape")).hexdigest()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
