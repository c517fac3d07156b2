"""From result rows to something a person looks at: formats, tables, charts."""
