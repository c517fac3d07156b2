"""What each chart shows, said in a sentence or two for readers who can't see it: the charts' descriptions.

One module per subject; each function takes the rows and records that its chart is drawn from. The sentences
count and measure; they compare no groups by tests and speak of no effect of treatment.
"""
