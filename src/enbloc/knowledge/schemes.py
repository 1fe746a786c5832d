"""Label schemes: which number, or which file name, means which structure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from enbloc.core.errors import KnowledgeError, nearest
from enbloc.core.levels import Level, is_level
from enbloc.knowledge.loader import CHECKED

FORMS = ("values", "files")
HOLDS = ("vertebrae", "bodies", "parts", "instances")
RISES = ("cranial", "caudal", "none")
LARGEST_VALUE = 65535
LARGEST_FILE_BYTES = 1 << 20

_STRUCTURE = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_LEVEL_LIKE = re.compile(r"(?:body-|disc-|endplate-)?([CTL]\d+)")
_KEYS = ("id", "title", "source", "checked", "form", "holds", "ids_rise", "note")


@dataclass(frozen=True, slots=True, eq=False)
class LabelScheme:
    """One numbering of structures.

    `values` maps a label value to a structure (form `values`), `files` a file's stem to a structure (form `files`);
    the other is empty. Several values may carry one structure. `ids_rise`: the direction along the body in which the
    vertebrae's numbers grow. `holds`: whole `vertebrae`, their `bodies`, `parts` over all levels, or `instances` that
    are not levels.
    """

    id: str
    title: str
    source: str
    checked: str
    form: str
    holds: str
    ids_rise: str
    note: str
    values: Mapping[int, str]
    files: Mapping[str, str]
    traps: tuple[str, ...]

    def value_of(self, structure: str) -> int | None:
        """The first value that carries `structure`; None when the scheme cannot say it."""
        return next((value for value, name in self.values.items() if name == structure), None)

    @property
    def structures(self) -> tuple[str, ...]:
        """Every structure the scheme can name, in the table's order, each once."""
        return tuple(dict.fromkeys([*self.values.values(), *self.files.values()]))


def level_of(structure: str) -> Level | None:
    """The vertebra that `structure` is, whole or its body (`T12`, `body-T12`); None for everything else."""
    name = structure.removeprefix("body-")
    return Level(name) if is_level(name) else None


def scheme_names() -> tuple[str, ...]:
    """Ids of the shipped schemes, sorted."""
    folder = files("enbloc.knowledge") / "label_schemes"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@cache
def load_scheme(name: str) -> LabelScheme:
    """A shipped scheme by its id; raises KnowledgeError with the nearest id as a hint."""
    if name not in scheme_names():
        hint = nearest(name, scheme_names()) or "a TOML file of the same form may be named instead"
        raise KnowledgeError(f"no label scheme is called {name!r}", field="scheme", hint=hint)
    text = (files("enbloc.knowledge") / "label_schemes" / f"{name}.toml").read_text(encoding="utf-8")
    return parse_scheme(text, f"{name}.toml")


def read_scheme(path: Path, shown_as: str) -> LabelScheme:
    """A scheme from the user's own TOML file; `shown_as` names it in errors."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise KnowledgeError("larger than 1 MiB, so it is no label scheme", file=shown_as)
        return parse_scheme(path.read_text(encoding="utf-8"), shown_as)
    except UnicodeDecodeError:
        raise KnowledgeError("not UTF-8 text", file=shown_as) from None
    except OSError as error:
        raise KnowledgeError(f"cannot be read: {error.strerror}", file=shown_as) from None


def parse_scheme(text: str, file: str) -> LabelScheme:
    """A scheme from TOML text; raises KnowledgeError naming `file` and the field."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"not TOML: {error}", file=file) from None
    _refuse_unknown(table, ("scheme", "structures", "trap"), file, "")
    head = table.get("scheme")
    if not isinstance(head, dict):
        raise KnowledgeError("the table [scheme] is missing", file=file, field="scheme")
    _refuse_unknown(head, _KEYS, file, "scheme.")
    words = {key: _word(head, key, file) for key in _KEYS}
    for key, allowed in (("form", FORMS), ("holds", HOLDS), ("ids_rise", RISES), ("checked", CHECKED)):
        if words[key] not in allowed:
            raise KnowledgeError(f"{words[key]!r} is none of {', '.join(allowed)}", file=file, field=f"scheme.{key}")
    rows = table.get("structures")
    if not isinstance(rows, dict) or not rows:
        raise KnowledgeError("the table [structures] is missing or empty", file=file, field="structures")
    values = _values(rows, file) if words["form"] == "values" else {}
    stems = _stems(rows, file) if words["form"] == "files" else {}
    return LabelScheme(
        **words,
        values=MappingProxyType(values),
        files=MappingProxyType(stems),
        traps=_traps(table.get("trap", []), file),
    )


def _refuse_unknown(table: Mapping[str, object], known: tuple[str, ...], file: str, prefix: str) -> None:
    for key in table:
        if key not in known:
            raise KnowledgeError("unknown key", file=file, field=f"{prefix}{key}", hint=nearest(key, known))


def _word(head: Mapping[str, object], key: str, file: str) -> str:
    value = head.get(key, "" if key in ("note", "title") else None)
    if not isinstance(value, str):
        raise KnowledgeError("missing, or not text", file=file, field=f"scheme.{key}")
    return value


def _checked_name(name: str, file: str) -> str:
    field = f"structures.{name}"
    if not _STRUCTURE.fullmatch(name):
        raise KnowledgeError("structure names are words joined by hyphens", file=file, field=field)
    level = _LEVEL_LIKE.fullmatch(name)
    if level and not is_level(level[1]):
        hint = nearest(level[1], [known.value for known in Level])
        raise KnowledgeError(f"{level[1]} is not a vertebral level", file=file, field=field, hint=hint)
    return name


def _values(rows: Mapping[str, object], file: str) -> dict[int, str]:
    values: dict[int, str] = {}
    for name, given in rows.items():
        field = f"structures.{_checked_name(name, file)}"
        for value in given if isinstance(given, list) else [given]:
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_VALUE:
                raise KnowledgeError(f"{value!r} is no whole number from 1 to {LARGEST_VALUE}", file=file, field=field)
            if value in values:
                raise KnowledgeError(f"{value} already means {values[value]}", file=file, field=field)
            values[value] = name
    return values


def _stems(rows: Mapping[str, object], file: str) -> dict[str, str]:
    stems: dict[str, str] = {}
    for name, stem in rows.items():
        field = f"structures.{_checked_name(name, file)}"
        if not isinstance(stem, str) or not stem or "/" in stem or "\\" in stem:
            raise KnowledgeError("must be a file name without folder and ending", file=file, field=field)
        if stem in stems:
            raise KnowledgeError(f"{stem} already means {stems[stem]}", file=file, field=field)
        stems[stem] = name
    return stems


def _traps(rows: object, file: str) -> tuple[str, ...]:
    texts = [row.get("text") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise KnowledgeError('each [[trap]] needs text = "..."', file=file, field="trap")
    return tuple(str(text) for text in texts)
