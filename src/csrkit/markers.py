"""The marker table: which measurements show immune function, and how each is analysed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Marker(BaseModel):
    """One marker of immune function.

    ``code`` is its PARAMCD and, for a measured marker, the test code in ``domain``; a marker with ``parts``
    (numerator and denominator, codes of this table) is their ratio in one sample and is derived. ``scale``:
    log for values that are compared by ratios, linear for those compared by differences. ``panel`` is the
    group that it stands in. ``expected``: the direction that is hypothesised where the disease improves.
    ``mechanism`` marks those that the question on mechanism is about.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,15}$")
    label: str = Field(min_length=1)
    unit: str = ""
    scale: Literal["linear", "log"]
    panel: str = Field(min_length=1)
    domain: Literal["", "CP", "LB", "IS"] = ""
    parts: list[str] = Field(default=[], max_length=2)
    expected: Literal["", "up", "down"] = ""
    mechanism: bool = False
    decimals: int = Field(default=1, ge=0, le=6)
    origin: Literal["registry", "publication", "assumption"]
    note: str = ""

    @model_validator(mode="after")
    def _is_measured_or_derived(self) -> Marker:
        if len(self.parts) == 1 or bool(self.parts) == bool(self.domain):
            raise ValueError(
                f"{self.code} needs either a domain (measured) or two parts (a ratio), and not both"
            )
        return self


class MarkerTable(BaseModel):
    """All markers, in the order of the displays; together they are the family of tests."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    markers: list[Marker] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_are_unique_and_parts_are_measured(self) -> MarkerTable:
        codes = [marker.code for marker in self.markers]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"marker {', '.join(twice)} appears twice")
        measured = {marker.code for marker in self.markers if marker.domain}
        for marker in self.markers:
            if unknown := sorted(set(marker.parts) - measured):
                raise ValueError(
                    f"marker {marker.code} is a ratio of {', '.join(unknown)}, which is not measured"
                )
        return self
