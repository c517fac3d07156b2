"""A small book project, written afresh for each test."""

import base64
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20"/></svg>'
CONFIG = """\
project:
  type: book
  output-dir: _book
book:
  title: A small report
  output-file: csr
  author: Sponsor
  date: 2026-11-23
  chapters: [index.qmd, report/02-results.qmd, report/03-references.qmd]
lang: en
study: NCT00000000
version: 1.0.0
status: draft
notice: Simulated data, no patient is described
bibliography: references.bib
number-sections: true
format:
  csr-html: default
  csr-typst:
    link-citations: true
    pdf-standard: [a-2b, ua-1]
  docx: default
"""
INDEX = """\
# Title Page {#sec-title}

Study {{< meta study >}} of {{< meta book.author >}}: see @tbl-response, [@fig-platelets; @sec-data] and
@sec-results. Cited: [@smith2020, p. 3]. Alone: -@tbl-response.
"""
RESULTS = """\
# Results {#sec-results}

The rate was {{< var efficacy.orr.text >}}.[^1] The sum is $x^2$.

[^1]: A footnote.

## Data {#sec-data}

{{< include ../results/30-efficacy/tbl-response.qmd >}}

{{< include /results/30-efficacy/fig-platelets.qmd >}}

::: {.callout-note title="Read me"}
Inside a *note*.
:::

::: {.callout-warning}
## Small groups
Inside a warning.
:::

::: {.content-visible unless-format="html"}
Only on paper.
:::

{{< pagebreak >}}

### Deeper

| A | B |
|---|---|
| 1 | 2 |
"""
REFERENCES = "# References\n\n::: {#refs}\n:::\n"
TABLE = """\
::: {#tbl-response}

```{=html}
<table class="csr-table"><tr><th scope="row">only in HTML &lt; 1</th></tr></table>
```

```{=typst}
#table(columns: 2, table.header[Group][n], [only in PDF], [{{< var n >}}])
```

::: {.content-visible when-format="docx"}

+--------------+-----+
| Group        | n   |
+==============+=====+
| only in Word | 3   |
+--------------+-----+

:::

Best response by *group*

:::
"""
FIGURE = """\
::: {#fig-platelets}

::: {.content-visible when-format="html"}
![](/results/30-efficacy/fig.svg){fig-alt="A black square" width=50%}
:::

::: {.content-visible when-format="pdf"}
![](/results/30-efficacy/fig.svg){fig-alt="A black square" width=50%}
:::

::: {.content-visible when-format="docx"}
![](/results/30-efficacy/fig.png){fig-alt="A black square" width=1in}
:::

Platelets over time

:::
"""
BIBLIOGRAPHY = "@article{smith2020, author={Smith, Ann}, title={On platelets}, journal={Blood}, year=2020}\n"

Make = Callable[..., Path]


@pytest.fixture
def book(tmp_path: Path) -> Make:
    """Write the project; keyword `pages` replaces or adds files, `config` replaces texts of _quarto.yml."""

    def make(pages: dict[str, str] | None = None, config: dict[str, str] | None = None) -> Path:
        text = CONFIG
        for old, new in (config or {}).items():
            text = text.replace(old, new)
        written = {
            "_quarto.yml": text,
            "_variables.yml": 'efficacy: {orr: {text: "44.4% (8/18)"}}\nn: 3\n',
            "references.bib": BIBLIOGRAPHY,
            "index.qmd": INDEX,
            "report/02-results.qmd": RESULTS,
            "report/03-references.qmd": REFERENCES,
            "results/30-efficacy/tbl-response.qmd": TABLE,
            "results/30-efficacy/fig-platelets.qmd": FIGURE,
            "results/30-efficacy/fig.svg": SVG,
            **(pages or {}),
        }
        for name, content in written.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        (tmp_path / "results/30-efficacy/fig.png").write_bytes(PNG)
        shutil.copytree(ROOT / "_extensions", tmp_path / "_extensions", ignore_dangling_symlinks=True)
        # The real bundle takes a second to make; what it holds is tested by itself.
        (tmp_path / "_extensions/csr/assets/vega.js").write_text("window.vegaEmbed = () => {};\n")
        return tmp_path

    return make
