"""Vega, Vega-Lite and vega-embed as one local script, so that charts need no other host."""

from pathlib import Path

# Where the extension wants it; each assembled book has its own, in the root it is a link (`itpcsr link`).
BUNDLE = Path("_extensions/csr/assets/vega.js")


def vega_bundle() -> str:
    """Return the script that sets `window.vegaEmbed`.

    The bundle declares names of one letter at its top level; inside a function they can't clash
    with other scripts of the page.
    """
    # where the bundle is written alone: commands that only ask for its place start at once
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(() => {{\n{bundle}\n}})();\n"
