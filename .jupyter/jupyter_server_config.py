"""JupyterLab in this project (`make lab`): a notebook is saved without outputs, which name subjects.

The outputs stay in the open notebook. Git's filter takes them out, too, whoever saved them.
"""

from csrkit.inputs.plain_notebook import make_plain


def save_plain(model, **_):
    """Take the outputs out of what goes to the disk; the browser keeps what it shows."""
    if model["type"] == "notebook" and model.get("content") is not None:
        model["content"] = make_plain(model["content"])


c.ContentsManager.pre_save_hook = save_plain  # noqa: F821 (Jupyter gives c)
