"""Every instrument filled from one case, or one instrument from answers typed in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from enbloc.case import Case, typed_case
from enbloc.core.errors import InputError, nearest
from enbloc.core.evidence import Skipped
from enbloc.knowledge.instrument_tables import instrument, instrument_keys
from enbloc.knowledge.instruments import Instrument, Item, Stated
from enbloc.scores.evaluate import evaluate
from enbloc.scores.facts import SCORE, Fact, Facts, facts_of
from enbloc.scores.items import Filled, filled
from enbloc.scores.read import FOLLOW, Options, fields_of, remarks
from enbloc.scores.score import Score

if TYPE_CHECKING:
    from enbloc.tumour import Extent

Answers = Mapping[str, Options]
"""By item, the options that stay possible."""


def evaluate_all(
    case: Case, extent: Extent | Skipped | None, measured: Mapping[str, Answers] | None = None
) -> dict[str, Score | Skipped]:
    """Every instrument by name. `measured` holds, by instrument, what the images say of its items.

    Skipped where an instrument does not speak of such a patient.
    """
    facts = facts_of(case, extent)
    scores: dict[str, Score | Skipped] = {}
    for key, fields in fields_read().items():
        known = tuple((name, facts[name]) for name in fields if name in facts)
        score = scores[key] = remembered(key, known, tuple((measured or {}).get(key, {}).items()))
        if isinstance(score, Score):
            facts[SCORE + key] = Fact(tuple(range(score.low, score.high + 1)), "derived")
    return dict(sorted(scores.items()))


@cache
def fields_read() -> dict[str, tuple[str, ...]]:
    """The facts that each instrument reads; instruments that read another's total come last."""
    fields = {key: instrument(key).fields for key in instrument_keys()}
    return dict(sorted(fields.items(), key=lambda entry: any(name.startswith(SCORE) for name in entry[1])))


@lru_cache(maxsize=4096)
def remembered(
    key: str, facts: tuple[tuple[str, Fact], ...], measured: tuple[tuple[str, Options], ...]
) -> Score | Skipped:
    """The score, remembered: asking what one change of a fact would do leaves most instruments as they were."""
    return score_facts(instrument(key), dict(facts), dict(measured), {})


def score_facts(found: Instrument, facts: Facts, measured: Answers, typed: Answers) -> Score | Skipped:
    """One instrument from facts, and from what was measured of its items or typed."""
    reason = unfit(found, facts)
    if reason is not None:
        return Skipped(reason)
    items: dict[str, Filled] = {}
    for name, item in found.items.items():
        known = tuple([(field, facts[field]) for field in fields_of(found, item) if field in facts])
        items[name] = filled(found, item, known, typed.get(name), measured.get(name))
    return evaluate(found, items, tuple(remarks(found, facts)))


def unfit(found: Instrument, facts: Facts) -> str | None:
    """Why the instrument does not speak of a patient with these facts; None where it does, or may."""
    for name, test in found.applies.items():
        if name in facts and not any(map(test.holds, facts[name].values)):
            return f"made for {found.applies_to}; {name} = {facts[name]}"
    for stated in found.stated.values():
        if stated.refuse and stated.field in facts and not stated.options(facts[stated.field].values):
            return f"{stated.refuse}; {stated.field} = {facts[stated.field]}"
    return None


def answered(found: Instrument, answers: Mapping[str, str]) -> Score:
    """One instrument from answers as they are typed: `general=good`, `general=80` or `kps=80`.

    A key is an item, or the last part of a case field that the instrument reads. Raises InputError, naming the key and
    the nearest one that is known, for what the instrument cannot read, and where it does not speak of such a patient.
    """
    typed: dict[str, Options] = {}
    fields: dict[str, str] = {}
    for key, answer in answers.items():
        item, path = place_of(found, key)
        if item is not None and (
            path is None or answer in item.options or not may_be_value(found.stated[item.id], answer)
        ):
            typed[item.id] = (checked_option(found, item, answer),)
        elif path is not None:
            fields[path] = answer
    totals = {path: fields.pop(path) for path in list(fields) if path.startswith(SCORE)}
    facts = facts_of(typed_case(fields, found.key), None)
    facts |= {path: Fact((total_of(path, text, found.key),), "stated") for path, text in totals.items()}
    score = score_facts(found, facts, {}, typed)
    if isinstance(score, Skipped):
        raise InputError(score.skipped, file=found.key)
    for caveat in score.caveats:
        if caveat.id == "outside-the-instrument":
            raise InputError(caveat.text, file=found.key)
    return score


def place_of(found: Instrument, key: str) -> tuple[Item | None, str | None]:
    """The item that `key` names and the field that states it, or the field alone."""
    name = key.replace("_", "-")
    stated = found.stated.get(name)
    if name in found.items:
        return found.items[name], stated.field if stated else None
    fields = {path.rpartition(".")[2]: path for path in found.fields if not path.startswith(FOLLOW)}
    if key.removesuffix("s") + "s" in fields:  # one level is written `level=T12`
        key += "" if key in fields else "s"
    if key in fields:
        return None, fields[key]
    known = dict.fromkeys((*found.items, *fields))
    hint = nearest(key, known) or f"known here: {', '.join(known)}"
    raise InputError("unknown key", file=found.key, field=key, hint=hint)


def may_be_value(stated: Stated, answer: str) -> bool:
    """Whether a typed text that is no option may be a value of the field: a number where the field holds numbers."""
    numbers = any(not isinstance(value, str | bool) for test in stated.reads.values() for value in test.values or (0,))
    return not numbers or answer.removeprefix("-").replace(".", "", 1).isdecimal()


def checked_option(found: Instrument, item: Item, answer: str) -> str:
    """`answer` where it is an option of the item. Raises InputError with the nearest one."""
    if answer in item.options:
        return answer
    hint = nearest(answer, item.options) or f"one of {', '.join(item.options)}"
    raise InputError(f"{answer!r} is not an answer", file=found.key, field=item.id, hint=hint)


def total_of(path: str, text: str, file: str) -> int:
    """A total of another instrument, typed in."""
    other = instrument(path.removeprefix(SCORE))
    if not text.isdecimal() or not other.lowest <= int(text) <= other.highest:
        hint = f"a whole number from {other.lowest} to {other.highest}"
        raise InputError(f"{text!r} is not a total of {other.key}", file=file, field=path, hint=hint)
    return int(text)
