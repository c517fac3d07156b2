"""Hold the names and values of a parameter file to their model, and say all that is wrong with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from csrkit.errors import ParameterError
from csrkit.parameters.yaml_files import short

MOST_FAULTS = 20  # that a message shows
_Model = TypeVar("_Model", bound=BaseModel)


def validate(model: type[_Model], tree: dict[str, Any], path: Path) -> _Model:
    """Return the model of a file's names and values, or raise ParameterError with its faults."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        found = [f"  {_fault(fault, model)}" for fault in error.errors()]
        more = [f"  … and {len(found) - MOST_FAULTS} more."] if len(found) > MOST_FAULTS else []
        raise ParameterError("\n".join([f"{path}:", *found[:MOST_FAULTS], *more])) from error


def _fault(fault: Any, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "file"
    if fault["type"] == "extra_forbidden":
        parent = _model_at(model, fault["loc"][:-1])
        allowed = f" Known names: {', '.join(parent.model_fields)}." if parent else ""
        return f"{key}: unknown name.{allowed}"
    if fault["type"] == "missing":
        return f"{key}: is missing; add it."
    text = re.sub(r"^(Value error, |Input )", "", fault["msg"])
    return f"{key}: {text} (found {short(fault['input'])})."


def _model_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the model that names and values belong to: the whole one, or the section of it that is named."""
    if not loc:
        return model
    named = model.model_fields.get(str(loc[0]))
    kinds = (named.annotation, *get_args(named.annotation)) if named is not None and len(loc) == 1 else ()
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
