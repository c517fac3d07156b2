"""Hostile texts, which every writer and the report's sources have to show as the words that they are."""

from __future__ import annotations

import unicodedata

TEXTS = (
    "Pain in {left} arm, see page 3}", "}{", r"50\100", r"C:\temp\new", r"\field \par \u0041? \'e9", "a\\",
    r"{\field{\*\fldinst INCLUDEPICTURE http://example.org/x.png}}", "CRP_increase, CD4^count, H~2~O",
    "grade >= 3 <= 4 != 5", "^", "_", "~", "- x", "* x", "+ x", "1. x", "12) x", "(a) x", "a. x", "#. x", "(@) x",
    "# x", "## Heading", "> x", ": x", "~ x", "= x", "/ x: y", "| a | b |", "||", "% x", "Table: x", "a -- b --- c",
    "x ... y", "..", "===", "---", "a === b", "a --- b", "***", "```", "```{=html}", "`code`", "````", "~~~",
    "Platelets &lt;5 -- \"bleeding\" ...", "&amp;", "&#x3c;script&#62;", "&", "'quoted' it's \"so\"",
    "weight 45 kg -> {{43 kg>}} corrected", "{{< include /etc/passwd >}}", "{{< var study.title >}}", "{{<", ">}}",
    "{{{< var x >}}}", "#let x = 1", "#x", "#import \"x\"", "$x^2$", "$", "$$", "@sec-title", "@tbl-number", "[@x]",
    "-@x", "[a](http://example.org)", "[a](javascript:alert(1))", "![a](b.png)", "[^1]", "^[note]", "[x]{.y}",
    "<script>window.sentinel = 1</script>", "<img src=x onerror=window.sentinel=1>", "</table><h1>x", "<!-- x -->",
    "<!-- x", "http://example.org/a_b", "<http://example.org>", "a // b", "a /* b", "*a*", "**a**", "_a_", "#strong[x]",
    "]#panic(1)[", "](", ")", "(", "\\(x\\)", "\\[x\\]", "\\begin{x}", "\\n", "\\", "\\\\", "!", "?", ";", "a;b",
    "=1+1", "+x", "-x", "@x", "=HYPERLINK(\"http://example.org\")", "'=1+1", "''=1+1", "'x", " =1+1", "-1+1", "+1-1",
    "-1.5", "+2", "1e-5", "\uff1d1+1", "=cmd|' /C calc'!A0", "a,b", "a\"b", "a'b", ",", "\"",
    "\u05e9\u05dc\u05d5\u05dd 3 of 4", "\u0645\u0631\u062d\u0628\u0627", "caf\u00e9 na\u00efve \u00df", "e\u0301 o\u0308",
    "\u8840\u5c0f\u677f\u51cf\u5c11\u75c7", "CD4 \u7ec6\u80de\u8ba1\u6570 10\u2079/L", "\u5242\u91cf\uff1a\uff11\uff0e\uff15",
    "\u00d7 \u2265 \u2264 \u00b5 \u00b0C \u2212 \u2013 \u2014 \u2026", "\u201cx\u201d \u2018y\u2019",
    "x" * 200, "W" * 90, "\u8840" * 120, "a_b*c`d" * 30, "word " * 40 + "end",
)  # fmt: skip
# Signs for which the fonts of paper have no picture, or of which programs make one out of several.
PICTURES = (
    "\U0001f600 smile",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u2764\ufe0f",
    "\U0002070e",
    "\ue000 x",
)
# Texts with signs that no reader sees, or that end a line: what they have to be everywhere.
UNSEEN = {
    "line 1\nline 2": "line 1 line 2",
    "a\n```\n\n<script>window.sentinel = 1</script>\n\n```{=html}\n": "a ``` <script>window.sentinel = 1</script> ```{=html}",
    "a\n```\n\n```{=typst}\n#panic(1)\n": "a ``` ```{=typst} #panic(1)",
    "a\r\nb\rc": "a b c", "a\u2028b\u2029c": "a b c", "a\u0085b": "a b", "a\x0bb\x0cc\x1cd\x1ee": "a b c d e",
    "nul\x00nul": "nul nul", "bell\x07 and\x1b[31m red": "bell and [31m red", "throm\u00adbo\u200bcyte": "thrombocyte",
    "\ufeffmark": "mark", "a\tb": "a b", "\t=1+1": "=1+1", "\n=1+1": "=1+1", "turn\u202eed\u202c": "turned",
    "half\ud83dhalf": "half half", "a\n\n# Heading\n\n- list": "a # Heading - list", "end\n": "end", "\ufffe": "",
    "a\n{{< include /etc/passwd >}}": "a {{< include /etc/passwd >}}",
}  # fmt: skip
# A few of them for builds.
FEW = (
    "<script>window.sentinel = 1</script>", "<img src=x onerror=window.sentinel=1>", "{{< include /etc/passwd >}}",
    "[a](javascript:window.sentinel=1)", "&lt;b&gt; -- \"it's\" ...", "#panic(1) $x$ \\field{a}", "=1+1",
    "a\n```\n\n<script>window.sentinel = 1</script>\n\n```{=typst}\n#panic(1)\n",
    "\"'><svg onload=window.sentinel=1> *b* `c` 1. x",
)  # fmt: skip


def has_glyphs(text: str) -> bool:
    """Tell whether Typst's own fonts have a picture of every sign: what they lack is no matter of escaping."""
    widths = {unicodedata.east_asian_width(sign) for sign in text}
    directions = {unicodedata.bidirectional(sign) for sign in text}
    return text not in PICTURES and not widths & {"W", "F"} and not directions & {"R", "AL"}
