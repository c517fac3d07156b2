"""Non-compartmental analysis (NCA) of concentrations over time, for many subjects at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from csrkit.nca.areas import Terminal, fit_terminal, make_areas
from csrkit.nca.parameters import Exposure, Parameter, parameters_of
from csrkit.nca.samples import (
    METHODS,
    ROUTES,
    Floats,
    Profiles,
    make_profiles,
    parameter_units,
    read_rules,
    read_samples,
    read_units,
)

__all__ = ["nca"]


# The analysis itself: samples and doses in, one row per subject and parameter out.

COLUMNS = ["subject", "parameter", "value", "unit", "reason"]


# what is too large to compute with is undefined for its own subject, which the parameters say
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def nca(
    concentrations: pd.DataFrame,
    doses: pd.DataFrame,
    *,
    route: str,
    method: str,
    lloq: float | None = None,
    blq: str | Mapping[str, str] = "customary",
    terminal: tuple[float, float] | pd.DataFrame | None = None,
    partial: Sequence[tuple[float, float]] = ((0.0, 24.0),),
) -> pd.DataFrame:
    """Compute the non-compartmental parameters of single doses, for all subjects at once.

    The definitions are those of Phoenix WinNonlin, whose results the tests compare (see
    ``tests/csrkit/nca``); the names are CDISC PPTESTCD.

    Parameters
    ----------
    concentrations
        ``subject``, ``time`` (increasing within a subject), ``concentration`` (NaN: not measured, left out).
        Optional: ``lloq`` by row, ``unit``, ``time_unit``.
    doses
        ``subject``, ``time``, ``dose``, one row per subject; ``duration`` for infusions. Optional: ``unit``,
        ``time_unit``. Times of samples are counted from the time of the dose; without a dose they are taken
        as they are, and what needs the dose has a reason.
    route
        ``"bolus"`` (C0 is back-extrapolated), ``"infusion"`` (mean residence times less half the duration)
        or ``"extravascular"`` (clearance and volume over the fraction absorbed).
    method
        ``"linear"``, ``"linear-up log-down"`` (logarithmic where concentrations fall) or ``"linear-log"``
        (logarithmic after the maximum).
    lloq
        Lower limit of quantification: values below it, and 0, are below quantification. A column ``lloq``
        goes before it.
    blq
        What values below quantification become ``before`` the first quantified one, ``between`` and
        ``after`` the last: ``zero``, ``half`` or ``limit`` (of the limit; without one left out), ``missing``
        (left out). A mapping
        of these places, one rule for all, or ``"customary"``: zero before, missing between, zero after.
        Whatever the rule, such a value is never CMAX or CLST and takes no part in λz; the ones after the
        last quantified one concern AUCALL and partial areas alone.
    terminal
        None: λz by the largest adjusted R² over at least 3 points after CMAX (for a bolus CMAX included, for
        an infusion from its end on). Limits of time (lower, upper), or a frame with ``subject``, ``lower``,
        ``upper`` for some subjects: all quantified points within them.
    partial
        Areas between two times since the dose, named ``AUCINT 0-24``. Beyond the last point the curve is
        continued with λz.

    Returns
    -------
    DataFrame
        ``subject, parameter, value, unit, reason``: one row per subject, in the order of the input, and
        parameter; ``value`` is NaN exactly where ``reason`` says why.

    Raises
    ------
    DataError
        Naming subject and row: times that don't increase, negative concentrations, two doses, mixed units.
    ValueError
        A route, method or rule that isn't known.
    """
    _known("route", route, ROUTES)
    _known("method", method, METHODS)
    rules = read_rules({} if blq == "customary" else blq)
    for begin, end in partial:
        if not 0 <= begin < end:
            raise ValueError(
                f"A partial area goes from a time of at least 0 to a later one, not {begin, end}."
            )
    samples = read_samples(concentrations, doses, lloq)
    units = parameter_units(read_units(concentrations, doses))
    profiles = make_profiles(samples, rules, route)
    line = _terminal(profiles, samples.duration, samples.subjects, route, terminal)
    areas = make_areas(profiles, method)
    exposure = Exposure(samples.dose, samples.duration, route)
    found = parameters_of(profiles, areas, line, exposure, partial)
    return _to_rows(samples.subjects, found, units)


def _known(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}.")


def _terminal(
    profiles: Profiles,
    duration: Floats,
    subjects: pd.Index,
    route: str,
    terminal: tuple[float, float] | pd.DataFrame | None,
) -> Terminal:
    value = np.where(profiles.measured, profiles.concentration, -np.inf)
    rows = np.arange(len(value))
    t_max = profiles.time[rows, np.argmax(value, axis=1)][:, None]
    after = (profiles.time >= t_max) if route == "bolus" else (profiles.time > t_max)
    if route == "infusion":
        after &= profiles.time >= np.nan_to_num(duration)[:, None]
    lower, upper = _given_limits(subjects, terminal)
    whole = ~np.isnan(lower)
    within = (profiles.time >= lower[:, None]) & (profiles.time <= upper[:, None])
    usable = profiles.measured & np.where(whole[:, None], within, after)
    t_last = np.where(profiles.measured, profiles.time, -np.inf).max(axis=1)
    return fit_terminal(profiles, usable, whole, t_last)


def _given_limits(
    subjects: pd.Index, terminal: tuple[float, float] | pd.DataFrame | None
) -> tuple[Floats, Floats]:
    """Return the limits of time for λz by subject, NaN where there are none."""
    lower, upper = np.full((2, len(subjects)), np.nan)
    if isinstance(terminal, pd.DataFrame):
        place = subjects.get_indexer(pd.Index(terminal["subject"]))
        known = place >= 0
        lower[place[known]] = terminal["lower"].to_numpy("float64")[known]
        upper[place[known]] = terminal["upper"].to_numpy("float64")[known]
    elif terminal is not None:
        lower[:], upper[:] = terminal
    if (lower >= upper).any():
        raise ValueError("The limits of time for λz go from a lower to an upper one.")
    return lower, upper


def _to_rows(subjects: pd.Index, found: Sequence[Parameter], units: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows by subject, and in the order of the parameters within a subject."""
    values = np.stack([parameter.value for parameter in found], axis=1).ravel()
    reasons = np.stack([parameter.reason for parameter in found], axis=1).ravel()
    names = [parameter.name for parameter in found]
    kinds = [units[parameter.kind] for parameter in found]
    count = len(subjects)
    return pd.DataFrame(
        {
            "subject": subjects.repeat(len(found)),
            "parameter": pd.Series(np.tile(np.array(names, dtype="object"), count), dtype="str"),
            "value": values,
            "unit": pd.Series(np.tile(np.array(kinds, dtype="object"), count), dtype="str"),
            "reason": pd.Series(reasons, dtype="str"),
        },
        columns=COLUMNS,
    )
