"""What a study names for its analysis datasets: questionnaires, sets, characteristics, first events."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from csrkit.adam.windows import Window, refuse_overlaps
from csrkit.parameters.validation import Strict

_CODE = r"^[A-Z][A-Z0-9]{0,7}$"


class VisitWindow(Strict):
    """An analysis visit: its number (0 is baseline), the study days from ``low`` to ``high``, its target.

    A limit that is left out is open.
    """

    visit: str = Field(min_length=1, max_length=20)
    number: float = Field(ge=0)
    low: float | None = None
    high: float | None = None
    target: float


class Questionnaire(Strict):
    """One questionnaire of QS and the value that is analysed.

    ``category`` is its QSCAT, ``code`` and ``label`` are PARAMCD and PARAM of the value: the total of
    ``items`` (QSTESTCD to the largest score, see ``csrkit.adam.scores.sum_items`` for ``most_missing``), or
    the score of one ``item``. With ``windows`` it makes the dataset ADQS and ``key``: ``ties`` says which of
    two days equally near to the target counts; ``only_analysed`` and ``from_baseline`` say what is carried
    forward (``csrkit.adam.windows.carry_forward``). Without windows the last value up to the first dose is a
    variable of ADSL, ``code``.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9]{0,3}$")
    category: str = Field(min_length=1)
    code: str = Field(pattern=_CODE)
    label: str = Field(min_length=1, max_length=40)
    items: dict[str, float] = {}
    item: str = ""
    most_missing: int = Field(default=0, ge=0)
    windows: list[VisitWindow] = []
    ties: Literal["earlier", "later"] = "earlier"
    only_analysed: bool = False
    from_baseline: bool = False

    @model_validator(mode="after")
    def _has_one_value_and_visits_apart(self) -> Questionnaire:
        if bool(self.items) == bool(self.item):
            raise ValueError(f"questionnaire {self.key} needs either items or one item")
        if self.items and self.most_missing >= len(self.items):
            raise ValueError(f"of {len(self.items)} items of {self.key} not all may be missing")
        refuse_overlaps(self.visits)
        return self

    @property
    def visits(self) -> list[Window]:
        """Return the windows as the engine takes them."""
        return [Window(one.visit, one.number, one.low, one.high, one.target) for one in self.windows]

    @property
    def dataset(self) -> str:
        """Return the name of its analysis dataset, in small letters; "" without windows."""
        return f"adqs{self.key}" if self.windows else ""


class Questionnaires(Strict):
    """The questionnaires that are analysed."""

    questionnaire_list: list[Questionnaire] = []

    @model_validator(mode="after")
    def _differ(self) -> Questionnaires:
        for name in ("key", "code"):
            held = [getattr(one, name) for one in self.questionnaire_list]
            if twice := sorted({text for text in held if held.count(text) > 1}):
                raise ValueError(f"two questionnaires have the {name} {', '.join(twice)}")
        return self


class EfficacySet(Strict):
    """EFFFL: subjects of the safety set with a record of each questionnaire after a visit (VISITNUM)."""

    needs: list[str] = Field(min_length=1)
    after_visit: float


class PooledSites(Strict):
    """SITEGR1: sites with an arm of fewer than ``fewest_per_arm`` subjects are one, ``code``."""

    fewest_per_arm: int = Field(ge=1)
    code: str = Field(min_length=1)


class AnalysisSets(Strict):
    """Analysis sets beside those of all studies.

    ``completers``: flag of ADSL to the visit (VISITNUM of SV) that a subject of the safety set has to have.
    """

    efficacy_set: EfficacySet | None = None
    completers: dict[str, float] = {}
    pooled_sites: PooledSites | None = None

    @model_validator(mode="after")
    def _completers_are_flags(self) -> AnalysisSets:
        if wrong := [name for name in self.completers if not name.endswith("FL") or len(name) > 8]:
            raise ValueError(f"completers: {', '.join(wrong)} is no name of a flag (up to 8 characters, …FL)")
        return self


class Group(Strict):
    """A group of a characteristic at baseline: values below ``below`` that no group before it has."""

    label: str = Field(min_length=1, max_length=20)
    below: float | None = None


class DoseStep(Strict):
    """A daily dose and the visit (VISITNUM of SV) up to which it is planned; None: to the end."""

    dose: float = Field(ge=0)
    to_visit: float | None = None


class Characteristics(Strict):
    """Characteristics of subjects that the analysis datasets hold beside those of all studies.

    ``age_groups``, ``bmi_groups`` make AGEGR1 and BMIBLGR1. ``education_test`` is the SCTESTCD of EDUCLVL,
    ``diagnosis_category`` the MHCAT whose start counts the duration of disease (DURDIS) up to
    ``enrolment_visit`` (VISITNUM of SV). ``planned_doses``: code of an arm to its daily doses, for CUMDOSE
    and AVGDD; an arm that isn't named has its dose throughout.
    """

    age_groups: list[Group] = []
    bmi_groups: list[Group] = []
    education_test: str = ""
    diagnosis_category: str = ""
    enrolment_visit: float | None = None
    planned_doses: dict[str, list[DoseStep]] = {}


class FirstEvent(Strict):
    """The time to the first treatment-emergent adverse event of a kind: ``code`` and ``label`` in ADTTE.

    Of the kind are events whose preferred term contains one of ``terms``, and those of ``classes`` (system
    organ classes) whose term contains none of ``left_out``. Without an event the time ends on the day of
    ``censored_at``, a date of DM.
    """

    code: str = Field(pattern=_CODE)
    label: str = Field(min_length=1, max_length=100)
    terms: list[str] = []
    classes: list[str] = []
    left_out: list[str] = []
    censored_at: Literal["RFENDTC", "RFPENDTC"]

    @model_validator(mode="after")
    def _has_events(self) -> FirstEvent:
        if not self.terms and not self.classes:
            raise ValueError(f"the first event {self.code} names neither terms nor classes")
        return self


class Events(Strict):
    """Kinds of adverse events whose first one is analysed."""

    first_events: list[FirstEvent] = []
