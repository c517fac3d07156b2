"""Subjects' profiles as HTML pages beside the report, and where in the report each subject stands."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from csrkit.charts import drawing
from csrkit.made_files import Memo, mirror
from csrkit.publish.assemble import notice_block, running_title
from csrkit.tables import escape, writers
from csrkit.tables.formats import format_count
from csrkit.tables.provenance import data_panel, datasets_html
from csrkit.versions.page_reading import html_tables, report_pages
from csrkit.versions.published import notice_for

if TYPE_CHECKING:
    from csrkit.publish.version import Run
    from itpcsr.display.profile import Profile, Section

FOLDER = "subjects"
_LINK = re.compile(rf'href="\.\./{FOLDER}/([^"]+)"')
_CAPTION = re.compile(r"<figcaption[^>]*>(.*?)</figcaption>", re.DOTALL)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Subject {subject}: profile</title>
<link rel="stylesheet" href="{assets}/csr.css">
<script src="{assets}/vega.js"></script>
<script src="{assets}/csr.js"></script>
</head>
<body class="csr-notebook csr-subject">
<main>
<nav class="csr-ways" aria-label="Report">{ways}</nav>
{notice}<h1>Subject {subject}</h1>
<p class="csr-edition">{edition}</p>
{body}
<nav class="csr-neighbours" aria-label="Previous and next subject">{neighbours}</nav>
</main>
</body>
</html>
"""


def add_profiles(run: Run, book: Path) -> None:
    """Put the pages of the subjects beside those of the report, whoever rendered them."""
    if run.report.external:
        return

    def profiles() -> Iterable[Profile]:
        # with Altair, for charts that are kept while the data are the same
        from itpcsr.adam.states import derive_profiles
        from itpcsr.display.profile import compose_profiles

        frames = derive_profiles(run.adam.only(run.subject_pages), run.study)
        return compose_profiles(frames, run.study)

    notice = notice_for(run.adam.simulated)
    title = running_title(run.report, run.study)
    inputs = [run.opened.manifest[name] for name in ("hashes", "parameters", "data_cutoff")]
    homes = run.saying("subjects", "lists")
    write_subject_pages(book, profiles, run.subject_pages, title, notice, homes, run.memo, inputs)


def choose_paged(subjects: pd.DataFrame, adae: pd.DataFrame, most: int) -> list[str]:
    """Return who has a page: all of the subjects, or where they are more than ``most`` the gravest of them.

    These are, in this order and up to ``most``, those who died, those with a serious adverse event, and those
    who ended treatment or study for an adverse event; nobody else. ``subjects`` are records of ADSL; the
    result is in their order.
    """
    if len(subjects) <= most:
        return [str(subject) for subject in subjects["USUBJID"]]
    serious = subjects["USUBJID"].isin(adae.loc[adae["AESER"] == "Y", "USUBJID"])
    withdrawn = adae.loc[adae["AEACN"] == "DRUG WITHDRAWN", "USUBJID"]
    ended = (subjects[["DCTREAS", "DCSREAS"]] == "ADVERSE EVENT").any(axis=1)
    ended |= subjects["USUBJID"].isin(withdrawn)
    ranks = [subjects[subjects["DTHFL"] == "Y"], subjects[serious], subjects[ended]]
    ranked = set(pd.concat(ranks)["USUBJID"].drop_duplicates().head(most))
    return [str(subject) for subject in subjects["USUBJID"] if subject in ranked]


def say_paged(paged: int, subjects: int, most: int) -> str:
    """Return the sentence that says who has a page, and why not all; of an external version nobody has."""
    if not paged:
        return "No subject has a page in this version."
    if subjects <= most:
        return (
            "In the HTML version the identifier of a subject leads to a page with the course and the records "
            "of this subject."
        )
    return (
        f"In the HTML version {format_count(paged)} of {format_count(subjects)} subjects have a page with "
        "the course and the records of the subject, to which their identifiers lead. With more than "
        f"{format_count(most)} subjects these are the ones who died, had a serious adverse event, or ended "
        f"treatment or study for an adverse event, in this order and no more than {format_count(most)}; the "
        "analysis datasets hold the records of all."
    )


def write_subject_pages(
    book: Path,
    profiles: Callable[[], Iterable[Profile]],
    names: Mapping[str, str],
    edition: str,
    notice: str,
    homes: Collection[str] = (),
    memo: Memo | None = None,
    inputs: Any = None,
) -> None:
    """Write one page for each profile into ``subjects/`` of the rendered book.

    The pages link the report's own script and style sheet, whoever rendered it.

    Parameters
    ----------
    book
        The rendered report; its pages are read for the displays that link to a subject.
    profiles
        Gives them in the order in which one page leads to the next; asked only where pages are made.
    names
        Subject to file name (``display.subject_pages.page_names``).
    edition, notice
        Study, version, status and data cut; what every page says of simulated data, "" for none.
    homes
        Labels of the displays that list all subjects; each page leads back to the first that the report has.
    memo, inputs
        The pages as they were made before, and what the profiles follow from.
    """
    scripts = next(iter(sorted((book / "site_libs").glob("**/csr.js")))).parent
    assets = (Path("..") / scripts.relative_to(book)).as_posix()
    places = _find_places(book)
    ways = _ways(places, homes)
    given = (inputs, dict(names), edition, notice, assets, places, ways)

    def make() -> str:
        return json.dumps(dict(_pages(list(profiles()), names, places, ways, assets, edition, notice)))

    pages = json.loads((memo or Memo()).text("subjects", given, make))
    mirror({name: text.encode() for name, text in pages.items()}, book / FOLDER)


def _pages(
    profiles: list[Profile],
    names: Mapping[str, str],
    places: Mapping[str, Mapping[str, str]],
    ways: str,
    assets: str,
    edition: str,
    notice: str,
) -> Iterator[tuple[str, str]]:
    for place, profile in enumerate(profiles):
        before = profiles[place - 1] if place else None
        after = profiles[place + 1] if place + 1 < len(profiles) else None
        own = names[profile.subject]
        yield (
            own,
            _PAGE.format(
                subject=escape.html(profile.subject),
                assets=assets,
                ways=ways,
                notice=f"{notice_block(notice)}\n" if notice else "",
                edition=escape.html(edition),
                body="\n".join(_body(profile, places.get(own, {}))),
                neighbours=_neighbour(before, names, "prev", "Previous")
                + _neighbour(after, names, "next", "Next"),
            ),
        )


def _find_places(book: Path) -> dict[str, dict[str, str]]:
    """Return subject's file name to the displays that link to it: address and caption; "" has all."""
    places: dict[str, dict[str, str]] = {"": {}}
    for page in report_pages(book):
        for label, stretch in html_tables(page.read_text(encoding="utf-8")).items():
            found, caption = set(_LINK.findall(stretch)), _CAPTION.search(stretch)
            if caption is None:
                continue
            address = f"../{page.relative_to(book).as_posix()}#{label}"
            title = " ".join(html.unescape(re.sub(r"<[^>]+>", "", caption[1])).split())
            for name in ["", *sorted(found)] if found else []:
                places.setdefault(name, {})[address] = title
    return places


def _ways(places: Mapping[str, Mapping[str, str]], homes: Collection[str]) -> str:
    listing = next((address for address in places[""] if address.rpartition("#")[2] in homes), "")
    back = f' <a href="{listing}">Listing of all subjects</a>' if listing else ""
    return f'<a href="../index.html">Back to the report</a>{back}'


def _neighbour(profile: Profile | None, names: Mapping[str, str], rel: str, word: str) -> str:
    if profile is None:
        return ""
    name = escape.html(profile.subject)
    return f'<a href="{names[profile.subject]}" rel="{rel}">{word}: {name}</a> '


def _body(profile: Profile, places: Mapping[str, str]) -> Iterable[str]:
    facts = "\n".join(
        f"<dt>{escape.html(name)}</dt><dd>{escape.html(text)}</dd>" for name, text in profile.facts
    )
    yield f'<dl class="csr-facts">\n{facts}\n</dl>'
    yield '<h2 id="course">Course</h2>'
    course = escape.html(profile.course)
    if profile.chart is None:
        yield f'<p class="csr-absent">{course}</p>'
    else:
        yield drawing.chart_html(profile.chart, profile.course)
        yield f'<p class="csr-note">{course}</p>'
        yield f'<div class="csr-behind">\n{data_panel(profile.course, profile.chart)}\n</div>'
    for section in profile.sections:
        yield from _section(section)
    yield '<h2 id="in-the-report">In the report</h2>'
    items = [f'<li><a href="{address}">{escape.html(title)}</a></li>' for address, title in places.items()]
    yield (
        f"<ul>\n{chr(10).join(items)}\n</ul>"
        if items
        else "<p>No table of the report names this subject.</p>"
    )


def _section(section: Section) -> Iterable[str]:
    ident = re.sub(r"[^a-z]+", "-", section.title.lower())
    yield f'<h2 id="{ident}">{escape.html(section.title)}</h2>'
    yield writers.to_html(section.table, section.title)
    yield f'<p class="csr-note">From {datasets_html(section.datasets)}.</p>'
