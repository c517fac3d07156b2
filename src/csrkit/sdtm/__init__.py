"""Trial data by SDTM: reading and writing files, mapping, units, dates, qualifiers, selection."""
