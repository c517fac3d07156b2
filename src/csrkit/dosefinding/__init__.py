"""Designs that find a dose: what each recommends, and how often it errs."""
