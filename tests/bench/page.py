"""What was measured as a page for the documentation: tables, charts, and the targets beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import altair as alt
import pandas as pd

from csrkit.charts import drawing

PLAIN, OURS = "plain", "itpcsr"
NAMES = {PLAIN: "plain papermill", OURS: "itpcsr"}
STEPS = {
    "notebooks-cold": "All notebooks, nothing there",
    "build-cold": "The whole report, nothing there",
    "no-change": "The whole report again, nothing changed",
    "one-sentence": "One sentence changed, HTML refreshed",
    "one-notebook": "One notebook changed, HTML refreshed",
}
PARTS = {
    "data-reading": "Data: read and check",
    "derivation": "Derive all analysis datasets",
    "ae-tables": "Count 1,000,000 adverse events of 20,000 subjects by class and term",
    "nca": "Non-compartmental analysis of 10,000 profiles",
    "design-simulation": "Simulate 100,000 trials by BOIN",
}
Steps = dict[str, dict[str, list[dict[str, float]]]]


@dataclass(frozen=True)
class Target:
    """A limit for one value of each run; ``of`` takes the runs of all steps and returns these values."""

    step: str
    words: str
    limit: float
    of: Callable[[Steps], list[float]]
    unit: str = ""


def seconds(runs: Sequence[dict[str, float]], name: str = "seconds") -> list[float]:
    """Return one value of each run."""
    return [run[name] for run in runs]


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Return the ratio within each run."""
    return [one / other for one, other in zip(over, under, strict=True)]


def _ours(step: str) -> Callable[[Steps], list[float]]:
    return lambda steps: seconds(steps[step][OURS])


TARGETS = (
    Target(
        "notebooks-cold", "all notebooks, as a share of the plain loop", 0.25,
        lambda steps: ratios(
            seconds(steps["notebooks-cold"][OURS]), seconds(steps["notebooks-cold"].get(PLAIN, []))
        ),
    ),
    Target("build-cold", "the whole report", 75, _ours("build-cold"), " s"),
    Target("no-change", "nothing changed", 1, _ours("no-change"), " s"),
    Target("one-sentence", "one sentence changed, HTML refreshed", 5, _ours("one-sentence"), " s"),
    Target(
        "one-notebook", "one notebook changed, HTML refreshed, as a share of the whole report", 0.2,
        lambda steps: ratios(_ours("one-notebook")(steps), _ours("build-cold")(steps)),
    ),
)  # fmt: skip


def write_page(measured: dict[str, Any], folder: Path) -> None:
    """Write ``index.md`` and its charts for what ``against_plain.measure`` returned."""
    steps: Steps = measured["steps"]
    charts = {"steps": _draw(steps, STEPS), "parts": _draw(steps, PARTS)}
    for name, chart in charts.items():
        path = folder / f"{name}.svg"
        path.unlink(missing_ok=True)
        if chart is not None:
            path.write_text(drawing.chart_svg(chart.to_dict()) + "\n", encoding="utf-8")
    text = "\n\n".join(block for block in _blocks(measured, charts) if block)
    (folder / "index.md").write_text(f"{text}\n", encoding="utf-8")


def _blocks(measured: dict[str, Any], charts: dict[str, alt.LayerChart | None]) -> list[str]:
    steps: Steps = measured["steps"]
    return [
        "# Benchmarks",
        "<!-- Written by `make bench` from measured.json. -->",
        _introduction(measured),
        _picture("steps", "Seconds of each step by pipeline, smaller is faster", charts),
        _step_table(steps),
        _target_table(steps),
        _picture("parts", "Seconds of each part by version, smaller is faster", charts),
        _part_table(steps, measured["subjects"]),
        _how(measured),
    ]


def _introduction(measured: dict[str, Any]) -> str:
    count = len(measured["load"])
    if measured["plain"] is None:
        compared = "There was no git history where this was measured, so the plain pipeline was not: itpcsr stands alone."
    else:
        compared = (
            "**Plain papermill** is a loop of the `papermill` command over the same notebooks, then one render, as this "
            f"project stood at commit `{measured['plain']['commit'][:7]}`; **itpcsr** is the project as it is now. "
            "Both work in turns on the demonstration, and who is first changes with each run."
        )
    rows = measured.get("rows")
    if rows and rows["same"]:
        compared += f" Both made the same {rows['itpcsr']} result rows."
    elif rows:
        compared += f" **Their result rows differ** ({rows['plain']} and {rows['itpcsr']} rows): the work is not the same."
    shown = "Numbers are the median and (smallest–largest)" if count > 1 else "Numbers are those"
    return f"{compared}\n\n{shown} of {count} run{'s' if count > 1 else ''}; a ratio is one within a run."


def _picture(name: str, words: str, charts: dict[str, alt.LayerChart | None]) -> str:
    return f"![{words}]({name}.svg)" if charts[name] is not None else ""


def _step_table(steps: Steps) -> str:
    head = ["step", "plain papermill, s", "itpcsr, s", "ratio", "processor time of itpcsr, s"]
    body = [
        [title, *_sides(steps[step], "seconds"), spread(seconds(steps[step][OURS], "processor"))]
        for step, title in STEPS.items()
        if step in steps
    ]
    return _table(head, body) and f"## Steps\n\n{_table(head, body)}"


def _part_table(steps: Steps, subjects: int) -> str:
    head = ["part", "plain papermill, s", "itpcsr, s", "ratio", "first call of itpcsr, s"]
    body = [
        [title, *_sides(steps[step], "seconds"), spread(seconds(steps[step][OURS], "first"))]
        for step, title in PARTS.items()
        if step in steps
    ]
    words = (
        f"The code of both, in a process of its own and on the same inputs; data are those of {subjects:,} simulated "
        "subjects. The second call is compared; the first also imports and fills caches."
    )
    return _table(head, body) and f"## Parts\n\n{words}\n\n{_table(head, body)}"


def _sides(step: dict[str, list[dict[str, float]]], name: str) -> list[str]:
    """Return both pipelines' values of a step, and their ratio."""
    ours, plain = seconds(step[OURS], name), seconds(step.get(PLAIN, []), name)
    return [spread(plain), spread(ours), spread(ratios(ours, plain)) if plain else spread([])]


def _target_table(steps: Steps) -> str:
    head = ["target", "limit", "measured", "met"]
    body = []
    for target in TARGETS:
        values = _values_of(target, steps)
        met = "" if not values else "yes" if median(values) <= target.limit else "**no**"
        body.append([target.words, f"≤ {target.limit:g}{target.unit}", spread(values, target.unit), met])
    return f"## Targets\n\nThe median decides.\n\n{_table(head, body)}"


def _values_of(target: Target, steps: Steps) -> list[float]:
    """Return a target's value of each run; none where what it needs wasn't measured."""
    try:
        return target.of(steps)
    except (KeyError, ValueError):  # a step that wasn't chosen, a pipeline that isn't there
        return []


def _how(measured: dict[str, Any]) -> str:
    machine = measured["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    lines = [
        f"- Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB; {machine['system']}.",
        f"- Python {machine['python']}; {packages}. Both pipelines use the same.",
        f"- Load (processes wanting a core, last minute) at the start of each run: {', '.join(map(str, measured['load']))}.",
        "- *Nothing there* means no intermediate file and no compiled code of the project; what the system keeps of files "
        "in memory stays. What is not *nothing there* follows a whole build.",
        "- No formats can be chosen in the plain render: it makes HTML, PDF and Word each time. Its user is taken to know "
        "which notebook has changed, and runs that one alone.",
    ]
    commands = {"plain papermill": (measured["plain"] or {}).get("commands"), "itpcsr": measured["commands"]}
    shown = [
        f"What {side} runs ({name}):\n\n```sh\n" + "\n".join(command) + "\n```"
        for side, of in commands.items()
        for name, command in (of or {}).items()
    ]
    return "\n\n".join(["## How it was measured", "\n".join(lines), *shown])


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return median and range as text with three digits; nothing of no values."""
    if not values:
        return "–"
    middle, low, high = (_three_digits(value) for value in (median(values), min(values), max(values)))
    return f"{middle}{unit}" + (f" ({low}–{high})" if len(values) > 1 else "")


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: list[str], body: list[list[str]]) -> str:
    """Return a table in Markdown; nothing where it has no rows."""
    rows = [head, ["---"] + ["---:"] * (len(head) - 1), *body]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) if body else ""


def _draw(steps: Steps, titles: dict[str, str]) -> alt.LayerChart | None:
    """Return a chart of medians and ranges; none where nothing of this kind was measured."""
    frame = pd.DataFrame(
        [
            {
                "step": titles[step],
                "pipeline": NAMES[side],
                "median": median(seconds(runs)),
                "low": min(seconds(runs)),
                "high": max(seconds(runs)),
            }
            for step, sides in steps.items()
            if step in titles
            for side, runs in sides.items()
        ]
    )
    if frame.empty:
        return None
    order = [titles[step] for step in titles if step in steps]
    base = alt.Chart(frame).encode(
        y=alt.Y("step:N", sort=order, title=None, axis=alt.Axis(labelLimit=400)),
        yOffset=alt.YOffset("pipeline:N", sort=list(NAMES.values())),
        color=alt.Color("pipeline:N", sort=list(NAMES.values()), title=None),
    )
    time = alt.X("low:Q", scale=alt.Scale(type="log"), title="seconds (logarithmic; median and range)")
    ranges = base.mark_rule(strokeWidth=2).encode(x=time, x2="high:Q")
    medians = base.mark_point(filled=True, size=60, opacity=1).encode(x="median:Q")
    return alt.layer(ranges, medians).properties(width=420, height=alt.Step(18))
