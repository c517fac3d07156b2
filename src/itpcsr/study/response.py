"""Rules for platelet response: the definitions and how they are judged."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from csrkit.parameters.strict import Strict

BleedingRule = Literal["not considered", "adverse event", "bleeding scale", "adverse event or bleeding scale"]
RescueRule = Literal["counts from rescue on do not count", "any rescue is no response", "not considered"]


class ResponseDefinition(Strict):
    """One definition of platelet response, as a guideline or a trial words it.

    ``key`` is its PARAMCD in ADRS. A count (10^9/L) qualifies when it is at least ``count`` and ``ratio``
    times baseline, or at least ``complete_count``, which asks for no ratio (None: there is no complete
    response). ``kind`` says what makes qualifying counts a response:

    - confirmed: an unbroken run of them over at least ``confirmation_days``;
    - at a week: the count nearest to the planned day of ``week``, at most ``window_days`` away, qualifies;
    - held to a week: a confirmed response that isn't lost by ``week`` (see ``loss_days``), with a count
      from then on;
    - weeks of the last: at least ``weeks_needed`` of the last ``weeks_counted`` planned weeks qualify.

    A response is lost when counts that fail to qualify follow one another over at least ``loss_days``.
    """

    key: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")
    label: str = Field(min_length=1)
    source: str = Field(min_length=1)
    kind: Literal["confirmed", "at a week", "held to a week", "weeks of the last"]
    count: float = Field(gt=0)
    ratio: float = Field(default=0, ge=0)
    complete_count: float | None = Field(default=None, gt=0)
    confirmation_days: int = Field(default=0, ge=0)
    loss_days: int = Field(default=1, ge=0)
    week: int | None = Field(default=None, ge=1)
    window_days: int = Field(default=2, ge=0)
    weeks_needed: int | None = Field(default=None, ge=1)
    weeks_counted: int | None = Field(default=None, ge=1)
    bleeding: BleedingRule
    rescue: RescueRule

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> ResponseDefinition:
        if self.complete_count is not None and self.complete_count < self.count:
            raise ValueError(f"complete_count ({self.complete_count:g}) is below count ({self.count:g})")
        if self.kind in ("at a week", "held to a week") and self.week is None:
            raise ValueError(f"a response {self.kind} needs the week")
        if self.kind == "weeks of the last":
            if self.weeks_needed is None or self.weeks_counted is None:
                raise ValueError("weeks of the last needs weeks_needed and weeks_counted")
            if self.weeks_needed > self.weeks_counted:
                raise ValueError(f"weeks_needed ({self.weeks_needed}) is above weeks_counted")
        return self


class Efficacy(Strict):
    """The response rule (IWG 2009), definitions set beside it, and how responders are analysed.

    Counts are in 10^9/L; ``response_ratio`` is a multiple of baseline. ``bleeding_source`` says where the
    absence of bleeding is read. ``platelet_levels`` are counts whose reaching is shown by visit.
    ``rate_prior`` holds the two parameters of the beta prior of a response rate, ``rate_thresholds`` rates
    (percent) that it may exceed. ``subgroup_age`` (years) and ``subgroup_count`` part the subjects in two.
    ``itp_therapy_category`` is the CMCAT of therapy of the disease that goes on in the study,
    ``major_deviation`` the DVCAT that keeps a subject out of the per-protocol analysis; each is empty for
    none.
    """

    platelet_test: str
    response_count: float = Field(gt=0)
    response_ratio: float = Field(gt=0)
    complete_count: float = Field(gt=0)
    confirmation_days: int = Field(ge=0)
    loss_days: int = Field(default=1, ge=0)
    rescue_category: str
    bleeding_terms: list[str]
    bleeding_source: BleedingRule = "adverse event"
    response_definitions: list[ResponseDefinition] = []
    platelet_levels: list[float] = []
    rate_prior: list[float] = Field(default=[1.0, 1.0], min_length=2, max_length=2)
    rate_thresholds: list[float] = []
    subgroup_age: float = Field(default=45, gt=0)
    subgroup_count: float = Field(default=10, gt=0)
    itp_therapy_category: str = ""
    major_deviation: str = ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Efficacy:
        if self.complete_count < self.response_count:
            raise ValueError(
                f"complete_count ({self.complete_count:g}) is below response_count ({self.response_count:g})"
            )
        keys = ["CBOR", "BOR", "OVR", *(definition.key for definition in self.response_definitions)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"response definition {', '.join(twice)} stands twice")
        if min(self.rate_prior) <= 0:
            raise ValueError(f"rate_prior needs two values above 0; found {self.rate_prior}")
        if any(not 0 < rate < 100 for rate in self.rate_thresholds):
            raise ValueError(
                f"rate_thresholds are percentages between 0 and 100; found {self.rate_thresholds}"
            )
        return self

    @property
    def primary(self) -> ResponseDefinition:
        """The rule of the primary variable, as a definition like the others."""
        return ResponseDefinition(
            key="CBOR",
            label="IWG 2009, confirmed",
            source="Blood 2009;113:2386",
            kind="confirmed",
            count=self.response_count,
            ratio=self.response_ratio,
            complete_count=self.complete_count,
            confirmation_days=self.confirmation_days,
            loss_days=self.loss_days,
            bleeding=self.bleeding_source,
            rescue="counts from rescue on do not count",
        )
