"""Charts in a form for many subjects: the sentence on the form, its caption, and bands of quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from csrkit.carried import with_rows
from csrkit.charts.drawing import FORM
from csrkit.charts.theme import PALETTE, alt

Chart = TypeVar("Chart", bound=alt.TopLevelMixin)
_NAMES = {"p5": "5%", "q1": "Lower quartile", "median": "Median", "q3": "Upper quartile", "p95": "95%"}
_DARK = "#0b2545"
_PLACE = ["group", "level", "visit"]


def has_form(form: pd.DataFrame | None) -> bool:
    """Tell whether a chart has a form for many subjects, by the rows of it (``analysis.forms``)."""
    return form is not None and bool((form["analysis"] == "form").any())


def form_sentence(form: pd.DataFrame) -> str:
    """Return which form a chart has and why: ``Quantile bands stand in place of …: 1,000 subjects …``."""
    row = form[form["analysis"] == "form"].iloc[0]
    return f"{row['level']}: {row['method']}."


def in_form(chart: Chart, form: pd.DataFrame, caption: str, alternative: str) -> Chart:
    """Return the chart with the caption of its form, which ends with the sentence on the form.

    Caption and alternative text take the place of those of the notebook's cell.
    """
    texts = {"caption": f"{caption}. {form_sentence(form)}", "alternative": alternative}
    formed: Chart = chart.properties(usermeta={FORM: texts})
    return with_rows(formed, form)


def wide_bands(form: pd.DataFrame) -> pd.DataFrame:
    """Return the bands of a form, a record per group, level and visit: n, p5, q1, median, q3, p95."""
    bands = form[form["analysis"] == "band"]
    places = bands[_PLACE].drop_duplicates()
    wide = bands.pivot(index=_PLACE, columns="statistic", values="value").reset_index()
    return places.merge(wide, on=_PLACE, how="left")


def week_of(visits: pd.Series) -> pd.Series:
    """Return the week of visits called Baseline or ``Week w``; NaN for others."""
    weeks = visits.replace("Baseline", "Week 0").str.removeprefix("Week ")
    return pd.to_numeric(weeks, errors="coerce").astype("float64")


def band_layers(
    base: alt.Chart,
    x: alt.X,
    y: Mapping[str, Any],
    places: Sequence[alt.Tooltip],
    color: alt.Color | None = None,
) -> list[alt.Chart]:
    """Return two bands (5 to 95%, and between the quartiles) and the median as layers over ``base``.

    Its data have n, p5, q1, median, q3 and p95. ``y`` are the properties of that axis (title, scale);
    ``places`` name each place in the tooltip. All is of one colour without ``color``.
    """
    paint: dict[str, Any] = {} if color is None else {"color": color}
    area: dict[str, Any] = {"color": PALETTE[0]} if color is None else {}
    line: dict[str, Any] = {"color": _DARK} if color is None else {}
    outer, inner, middle = (alt.Y(f"{name}:Q", **y) for name in ("p5", "q1", "median"))
    tooltip = [*places, *number_tooltips()]
    return [
        base.mark_area(opacity=0.15, **area).encode(x=x, y=outer, y2="p95:Q", **paint),
        base.mark_area(opacity=0.3, **area).encode(x=x, y=inner, y2="q3:Q", **paint),
        base.mark_line(strokeWidth=2.5, **line).encode(x=x, y=middle, tooltip=tooltip, **paint),
        base.mark_point(filled=True, size=14, opacity=1, **line).encode(
            x=x, y=middle, tooltip=tooltip, **paint
        ),
    ]


def number_tooltips() -> list[alt.Tooltip]:
    """Return the tooltips of a band: the number of subjects and the quantiles."""
    numbers = [alt.Tooltip(f"{name}:Q", title=title, format=".4~g") for name, title in _NAMES.items()]
    return [alt.Tooltip("n:Q", title="Subjects"), *numbers]
