"""The kinds of value a case file holds. Each refuses in words, with a hint where spelling is the likely cause."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from enbloc.core.errors import nearest
from enbloc.core.levels import Level, is_level


class Section(BaseModel):
    """A table of the case file: unknown keys refused, no value coerced, NaN and infinity refused, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def refuse(message: str, hint: str | None = None) -> PydanticCustomError:
    """The error a validator raises; `problems.py` takes message and hint out of it again."""
    return PydanticCustomError("case", "{message}", {"message": message, "hint": hint})


def level_from_text(value: object) -> Level:
    if isinstance(value, str) and is_level(value):
        return Level(value)
    raise refuse(f"{value!r} is not a vertebral level", level_hint(value))


def level_hint(value: object) -> str:
    """What a wrongly written level probably means."""
    if isinstance(value, str):
        text = value.strip().upper().replace(" ", "")
        written = re.fullmatch(r"(C|TH|T|D|L|S)0*(\d{1,3})", text)
        if written is None:
            return nearest(value, list(Level)) or "levels are written like T12, L1, S1, sacrum"
        region = "T" if written[1] in ("TH", "D") else written[1]
        if is_level(region + written[2]):
            return f"did you mean {region + written[2]!r}?"
        numbers = [int(level[1:]) for level in Level if level[0] == region and level[1:].isdigit()]
        return f"{region} levels run from {region}{min(numbers)} to {region}{max(numbers)}"
    return "levels are written like T12, L1, S1, sacrum"


def sided_level(value: str) -> str:
    level, dash, side = value.rpartition("-")
    if dash and is_level(level) and side in ("left", "right"):
        return value
    raise refuse(f"{value!r} is not a level with a side", "written like T9-left")


def case_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise refuse("must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
    if not value.strip("."):
        raise refuse("must not consist of dots only")
    return value


def plain_text(value: str) -> str:
    if not value.strip() or len(value) > 200 or not value.isprintable():
        raise refuse("must be one line of 1 to 200 printable characters")
    return value


def relative_path(value: str) -> str:
    """Only the text is judged here; `images` resolves links and refuses what leads out of the folder."""
    if not value.strip() or len(value) > 1024 or not value.isprintable():
        raise refuse("must be a file name of 1 to 1024 printable characters")
    if "\\" in value or PureWindowsPath(value).drive or PureWindowsPath(value).is_absolute():
        raise refuse("must be relative to the case file, written with forward slashes")
    if PurePosixPath(value).is_absolute() or value.startswith("~"):
        raise refuse("must be relative to the case file", "copy the file beside the case file")
    if ".." in PurePosixPath(value).parts:
        raise refuse("leaves the folder of the case file", "copy the file beside the case file")
    return value


def without_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    repeated = sorted({str(v) for v in values if values.count(v) > 1})
    if repeated:
        raise refuse(f"{repeated[0]} is named twice")
    return values


LevelName = Annotated[
    Level, BeforeValidator(level_from_text), WithJsonSchema({"enum": [str(level) for level in Level]})
]
Levels = Annotated[tuple[LevelName, ...], Field(strict=False), AfterValidator(without_repeats)]
SidedLevel = Annotated[
    str, AfterValidator(sided_level), Field(json_schema_extra={"pattern": "^[A-Za-z0-9]+-(left|right)$"})
]
SidedLevels = Annotated[tuple[SidedLevel, ...], Field(strict=False), AfterValidator(without_repeats)]
CaseId = Annotated[str, AfterValidator(case_id), Field(json_schema_extra={"pattern": "^[A-Za-z0-9._-]{1,64}$"})]
Text = Annotated[str, AfterValidator(plain_text), Field(json_schema_extra={"minLength": 1, "maxLength": 200})]
RelativePath = Annotated[
    str, AfterValidator(relative_path), Field(json_schema_extra={"minLength": 1, "maxLength": 1024})
]
