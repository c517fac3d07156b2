"""Read a parameter file within its bounds, hold it to its model, and say all that is wrong."""

from __future__ import annotations

import copy
import functools
import re
import reprlib
from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from csrkit.bounds import Bounds, chosen_bounds, exceeded, held_to, read_bytes
from csrkit.errors import ParameterError
from csrkit.plain_text import plain_tree

# What every part of a parameter file has in common.


class Strict(BaseModel):
    """No unknown name, no silent conversion ("7" is no number, true is no 1), no infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


# Read a YAML file within its bounds: no key twice, nothing deep, endless or larger than a parameter file.

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_MERGE = "tag:yaml.org,2002:merge"
# What PyYAML raises beside its own errors: an impossible date, a number without digits, a wrong tag.
_FAULTS = (ValueError, ArithmeticError, TypeError, LookupError, AttributeError)
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def short(value: object) -> str:
    """Return a value as a message shows it: never more than its beginning."""
    return _SHORT.repr(value)


def read_yaml(path: Path, bounds: Bounds | None = None) -> dict[str, Any]:
    """Return the names and values of a YAML file within the bounds; None takes those of the environment.

    Texts are plain text (``csrkit.plain_text``). A key that appears twice is an error. Messages name lines,
    and never show what a file holds that may be another one than was meant. Raises ParameterError.
    """
    bounds = bounds or chosen_bounds()
    try:
        with held_to(path, bounds, ParameterError):
            return _read(path, bounds)
    except FileNotFoundError:
        raise ParameterError(f"{path}: there is no such parameter file. Check the path.") from None
    except OSError as error:
        raise ParameterError(f"{path}: can't be read ({error.strerror}).") from error


def _read(path: Path, bounds: Bounds) -> dict[str, Any]:
    content = read_bytes(path, bounds, ParameterError, "parameter_size")
    return copy.deepcopy(_parse(content, path, bounds))


@functools.lru_cache(maxsize=32)  # one run reads a study file several times
def _parse(content: bytes, path: Path, bounds: Bounds) -> dict[str, Any]:
    try:
        loader = _BoundedLoader(content.decode(), path, bounds)
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path}: can't be read as UTF-8 text (byte {error.start}).") from error
    except yaml.YAMLError as error:
        raise ParameterError(f"{path}: is not valid YAML: {_problem(error)}.") from error
    try:
        tree = loader.get_single_data()
    except yaml.YAMLError as error:
        raise ParameterError(f"{path}: is not valid YAML: {_problem(error)}.") from error
    except _FAULTS as error:
        raise ParameterError(f"{path}: is not valid YAML: {str(error)[:100]}.") from error
    finally:
        loader.dispose()
    if not isinstance(tree, dict):
        kind = "a list" if isinstance(tree, list) else "nothing" if tree is None else "a single value"
        raise ParameterError(f"{path}: must hold names and values (key: value), but holds {kind}.")
    _hold_aliases(tree, path, bounds)
    plain: dict[str, Any] = plain_tree(tree)
    return plain


def _problem(error: yaml.YAMLError) -> str:
    """Return what is wrong and where, without the lines themselves."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    text = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can't be read"
    text = re.sub(r"\s+", " ", str(text)).strip()
    return f"{text} (line {mark.line + 1}, column {mark.column + 1})" if mark else text


class _BoundedLoader(yaml.SafeLoader):
    """YAML allows a key twice and keeps the last one silently; here that is an error, as is too much."""

    def __init__(self, text: str, path: Path, bounds: Bounds) -> None:
        super().__init__(text)
        self._path, self._bounds = path, bounds
        self._depth = self._entries = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        self._entries += 1
        self._refuse_beyond("nesting", self._depth, f"nests lists and objects {self._depth} deep or deeper")
        self._refuse_beyond("entries", self._entries, f"has {self._entries:,} names and values or more")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        if any(key.tag == _MERGE for key, _ in node.value):  # merges of merges double with every line
            raise yaml.constructor.ConstructorError(
                None, None, "merges (<<) aren't read; write the names out", node.start_mark
            )
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        counts = Counter(key for key in keys if isinstance(key, Hashable))
        twice = sorted(str(key) for key, times in counts.items() if times > 1)
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {', '.join(twice)[:200]} appears twice", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if node.tag in _NUMBERS:
            length = len(str(value))
            self._refuse_beyond("number_length", length, f"holds a number of {length:,} characters")
        elif isinstance(value, str):
            length = len(value)
            self._refuse_beyond("field_length", length, f"holds a text of {length:,} characters")
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise yaml.constructor.ConstructorError(
                    None, None, "half a character; write the character itself", node.start_mark
                )
        return value

    def _refuse_beyond(self, name: str, number: int, found: str) -> None:
        if number > getattr(self._bounds, name):
            raise exceeded(self._path, name, self._bounds, found, number, ParameterError)


def _hold_aliases(tree: object, path: Path, bounds: Bounds) -> None:
    """Hold to the bounds what aliases (*name) stand for: a few lines of them can stand for anything."""
    left: list[tuple[object, int]] = [(tree, 1)]
    entries = 0
    while left:
        value, depth = left.pop()
        entries += 1
        for name, number in (("entries", entries), ("nesting", depth)):
            if number > getattr(bounds, name):
                found = f"its aliases stand for {number:,} names and values or more"
                if name == "nesting":
                    found = f"its aliases nest lists and objects {depth} deep or deeper"
                raise exceeded(path, name, bounds, found, number, ParameterError)
        if isinstance(value, dict):
            left += [(part, depth + 1) for part in value.values()]
        elif isinstance(value, list | tuple | set):
            left += [(part, depth + 1) for part in value]


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a YAML file; the order of the keys is kept."""
    text = yaml.dump(
        dict(content), Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=10_000
    )
    path.write_text(text, encoding="utf-8")


# Hold the names and values of a parameter file to their model, and say all that is wrong with them.

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
