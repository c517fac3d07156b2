"""Where relative paths start."""

from __future__ import annotations

from pathlib import Path


def from_root(path: str | Path) -> Path:
    """Return a relative path from where it exists: the current folder, else the project's root.

    JupyterLab starts a notebook's kernel in the notebook's own folder, papermill and the build in the
    root; the paths in notebooks start at the root (the folder with ``_quarto.yml``) in all of them.
    """
    path = Path(path)
    here = Path.cwd()
    if path.is_absolute() or path.exists() or (here / "_quarto.yml").exists():
        return path
    root = next((folder for folder in here.parents if (folder / "_quarto.yml").exists()), None)
    return path if root is None else root / path
