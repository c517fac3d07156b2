"""What may leave the house: pseudonyms, moved dates, small counts, the search for leaks."""
