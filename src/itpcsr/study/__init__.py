"""Parameters: what the protocol fixes (``study.yml``) and what one report version chooses (``<report>.yml``).

Both files are validated here and nowhere else. An unknown name, a wrong type or an impossible value
stops with file, key, value and what is allowed.
"""

from csrkit.design import Arm, Column, Design
from csrkit.parameters.report import Limits, Report, read_report
from csrkit.parameters.validation import read_yaml, validate
from itpcsr.study.files import (
    ORIGINS,
    RelatedStudy,
    read_markers,
    read_origins,
    read_related,
    read_scenarios,
    read_study,
    write_study,
)
from itpcsr.study.model import Study
from itpcsr.study.questionnaires import Questionnaire
from itpcsr.study.rules import (
    AntibodyTest,
    DoseFinding,
    Efficacy,
    Laboratory,
    ResponseDefinition,
    Sampling,
    Scenario,
)
from itpcsr.study.testing import ChosenTest, Testing

__all__ = [
    "ORIGINS",
    "AntibodyTest",
    "Arm",
    "ChosenTest",
    "Column",
    "Design",
    "DoseFinding",
    "Efficacy",
    "Laboratory",
    "Limits",
    "Questionnaire",
    "RelatedStudy",
    "Report",
    "ResponseDefinition",
    "Sampling",
    "Scenario",
    "Study",
    "Testing",
    "read_markers",
    "read_origins",
    "read_related",
    "read_report",
    "read_scenarios",
    "read_study",
    "read_yaml",
    "validate",
    "write_study",
]
