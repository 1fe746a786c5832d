"""The tables of case.toml. `None` means unknown; `imaging` is None when the case has no images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from enbloc.case.fields import (
    CaseId,
    LevelName,
    Levels,
    RelativePath,
    Section,
    SidedLevel,
    SidedLevels,
    Text,
    refuse,
    without_repeats,
)
from enbloc.case.status import Status

SCHEMA = "enbloc.case/1"
Zones = Annotated[
    tuple[Literal["body", "pedicle-left", "pedicle-right", "arch", "canal", "paravertebral"], ...],
    Field(strict=False),
    AfterValidator(without_repeats),
]
Kind = Literal["metastasis", "primary-malignant", "primary-benign"]
Growth = Literal["slow", "moderate", "rapid"]
EnnekingStage = Literal["S1", "S2", "S3", "IA", "IB", "IIA", "IIB", "III"]


class Patient(Section):
    age_years: Annotated[int, Field(ge=0, le=130)] | None = None
    sex: Literal["female", "male", "other"] | None = None


class LabelFile(Section):
    """`scheme` is the name of a shipped label scheme, or a TOML file of the same form beside the case file."""

    file: RelativePath
    scheme: RelativePath


class Anchor(Section):
    """Which label value is which level, for label maps whose numbers count instances."""

    label: Annotated[int, Field(ge=1, le=65535)]
    level: LevelName


class TumourFile(Section):
    """`segment` names one segment of a file that holds several."""

    file: RelativePath
    segment: Text | None = None


class ImagingFiles(Section):
    """`series` is the series number to take where a folder of DICOM holds several."""

    labels: Annotated[tuple[LabelFile, ...], Field(strict=False, min_length=1)]
    image: RelativePath | None = None
    series: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None
    modality: Literal["ct", "mr"] | None = None
    anchor: Anchor | None = None
    tumour: TumourFile | None = None


class StatedExtent(Section):
    """What was read from the films. `zones = ()` says that no zone holds tumour; None says that nobody looked."""

    levels: Levels | None = None
    zones: Zones | None = None
    adjacent_vertebra: bool | None = None
    skip_lesion: bool | None = None
    encapsulated: bool | None = None
    healthy_cut: bool | None = None
    major_vessel_involved: bool | None = None
    segmental_artery_involved: bool | None = None
    tomita_type: Annotated[int, Field(ge=1, le=7)] | None = None

    @model_validator(mode="after")
    def type_or_zones(self) -> Self:
        if self.tomita_type is not None and self.zones is not None:
            raise refuse("tomita_type and zones are both given", "give the zones; the type follows from them")
        return self

    @property
    def says_where(self) -> bool:
        """Whether it can stand in for a tumour mask."""
        return any((self.levels, self.zones is not None, self.tomita_type, self.adjacent_vertebra, self.skip_lesion))


class TumourFacts(Section):
    """`histology` is a key of the histology table or free text; free text pre-fills nothing."""

    kind: Kind | None = None
    histology: Text | None = None
    growth: Growth | None = None
    enneking_stage: EnnekingStage | None = None


class FurtherLesion(Section):
    """`mass_sized` is the reader's judgement: the paper gives no size from which a lesion counts as a mass."""

    level: LevelName
    size_mm: Annotated[float, Field(gt=0, le=500)] | None = None
    symptomatic: bool | None = None
    mass_sized: bool | None = None


class History(Section):
    prior_radiotherapy: bool | None = None
    prior_surgery: bool | None = None


class VesselFacts(Section):
    """Arteries as on angiography, written `T9-left`."""

    cord_feeders: SidedLevels | None = None
    adamkiewicz: SidedLevel | None = None


class Planned(Section):
    """What the surgeon already decided. `shortening_mm = 0` is a decision too."""

    levels: Levels | None = None
    shortening_mm: Annotated[float, Field(ge=0, le=200)] | None = None
    systolic_mmhg: Annotated[float, Field(gt=0, le=300)] | None = None


class Case(Section):
    """One patient. Paths inside are relative to `folder`, the folder that the case file was read from."""

    schema_id: Literal["enbloc.case/1"] = Field(alias="schema")
    id: CaseId
    patient: Patient = Patient()
    imaging: ImagingFiles | None = None
    extent: StatedExtent = StatedExtent()
    tumour: TumourFacts = TumourFacts()
    lesions: Annotated[tuple[FurtherLesion, ...], Field(strict=False)] = ()
    status: Status = Status()
    history: History = History()
    vessels: VesselFacts = VesselFacts()
    planned: Planned = Planned()
    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def tumour_is_somewhere(self) -> Self:
        if self.imaging is None and not self.extent.says_where:
            raise refuse(
                "a case without [imaging] must say in [extent] where the tumour is",
                "give levels and zones, or tomita_type",
            )
        return self

    @property
    def folder(self) -> Path:
        return self._folder

    def in_folder(self, folder: Path) -> Case:
        """The same case with its paths read from `folder`."""
        moved = self.model_copy()
        moved._folder = folder  # noqa: SLF001 - a new object of this very class
        return moved


def facts(case: Case) -> dict[str, Any]:
    """What the case states, as plain values in the order of the contract; unknowns and empty tables are left out."""
    stated: dict[str, Any] = case.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in stated.items() if value not in ({}, [])}


def case_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of case.toml read as plain values."""
    schema: dict[str, Any] = Case.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": SCHEMA}
