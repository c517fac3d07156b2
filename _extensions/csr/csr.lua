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

-- Links lead to places of the report, to pages of the web and to addresses of mail; any other is its text.
-- What stands before the first colon is a scheme; browsers pass over blanks and control characters in it.
local schemes = { http = true, https = true, mailto = true }

local function without_other_schemes(link)
  local target = link.target:gsub("[%c%s]", "")
  local scheme = target:match("^([^/?#:]*):")
  if scheme and not schemes[scheme:lower()] then
    return link.content
  end
end

local filters = { { Link = without_other_schemes } }

-- The template gives a table its look where it is a figure; Quarto writes one of a page's Markdown without.
if quarto.doc.is_format("typst") then
  table.insert(filters, {
    Table = function(node)
      return { pandoc.RawBlock("typst", "#figure(["), node, pandoc.RawBlock("typst", "], kind: table)") }
    end,
  })
end

return filters
