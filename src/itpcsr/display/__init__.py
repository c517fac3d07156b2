"""From result rows to something a person looks at: formats, tables, charts."""

from itpcsr.display import theme

theme.enable()
