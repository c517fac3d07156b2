-- Local scripts and styles of the HTML report, copied into site_libs and linked from every page.
-- assets/vega.js (Vega, Vega-Lite, vega-embed) is written when the report is assembled.
if quarto.doc.is_format("html:js") then
  quarto.doc.add_html_dependency({
    name = "csr",
    version = "1.0.0",
    scripts = { "assets/vega.js", "assets/csr.js" },
    stylesheets = { "assets/csr.css" },
  })
end
-- The template gives a table its look where it is a figure; Quarto writes one of a page's Markdown without.
if quarto.doc.is_format("typst") then
  return {
    {
      Table = function(table)
        return { pandoc.RawBlock("typst", "#figure(["), table, pandoc.RawBlock("typst", "], kind: table)") }
      end,
    },
  }
end
return {}
