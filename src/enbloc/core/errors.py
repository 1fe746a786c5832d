"""Errors that speak to the person who can mend them: one line, the file, the field, what is wrong, a hint."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import PurePath


class InputError(Exception):
    """The input is wrong. The command line prints it on one line and ends with exit code 2.

    `file` is shown as given (the name the user wrote, never an absolute path made by us); `field` is the key, voxel
    array or header entry at fault; `hint` is what to do about it.
    """

    def __init__(
        self, message: str, *, file: str | PurePath | None = None, field: str | None = None, hint: str | None = None
    ) -> None:
        self.message = message
        self.file = None if file is None else str(file)
        self.field = field
        self.hint = hint
        where = [part for part in (self.file, self.field) if part]
        tail = f" ({hint})" if hint else ""
        super().__init__(one_line(": ".join([*where, message]) + tail))


class CaseError(InputError):
    """A case file that cannot be read as one."""


class ImageError(InputError):
    """An image or mask file that is damaged, of the wrong kind, or says what cannot be."""


class SpaceMismatch(InputError):
    """Two files that should share a space do not; the message carries the largest corner shift in mm."""


class LabelError(InputError):
    """Labels that contradict their declared scheme or the anatomy of a spine."""


class KnowledgeError(InputError):
    """A knowledge table that is malformed or carries a row without its source."""


def one_line(text: str) -> str:
    """`text` with control characters and line breaks replaced, so that no file name can forge a second line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def nearest(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known word closest in spelling to `word`; None when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {str(close[0])!r}?" if close else None
