"""Links in the project's root to what a report was last assembled from, so that Quarto can be used there.

``quarto preview`` and ``quarto render report/10-study-patients.qmd`` then show a page as it is written. The
lists that pages include are files in git: each includes the one behind `HOME`, and says what to run where
there is none. All else is a link that git ignores, always to the same place; only `HOME` is laid anew.
"""

from __future__ import annotations

import os
from pathlib import Path

from csrkit.charts.assets import BUNDLE
from csrkit.errors import RenderError

# The name is what Quarto prints where nothing has been run: "could not find file …"
HOME = Path("work/written-by-itpcsr-run")
LINKS = (Path("results"), Path("_variables.yml"), BUNDLE)


def link(root: Path, project: Path) -> None:
    """Let the links of the root lead to an assembled book project.

    Raises RenderError where there is none, where something else stands in a link's place (which stays), or
    where the system refuses.
    """
    if not (project / "_quarto.yml").exists():
        raise RenderError(
            f"{project}: no report has been assembled there. Run `itpcsr run` with its parameters first."
        )
    taken = [str(path) for path in (HOME, *LINKS) if _is_taken(root / path)]
    if taken:
        raise RenderError(
            f"{', '.join(taken)}: is in the place of a link for Quarto and was left as it is. Move it "
            "elsewhere and run `itpcsr link` again."
        )
    try:
        _lay(root / HOME, project.absolute())
        for path in LINKS:
            _lay(root / path, root.absolute() / HOME / path)
    except OSError as error:
        raise RenderError(f"{root}: the links for Quarto can't be laid ({error.strerror}).") from error


def _is_taken(path: Path) -> bool:
    return path.exists() and not path.is_symlink()


def _lay(path: Path, target: Path) -> None:
    """Lay a relative link in one step, in place of the one that was there."""
    text = os.path.relpath(target, path.absolute().parent)
    if path.is_symlink() and str(path.readlink()) == text:
        return
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.symlink_to(text)
    new.replace(path)
