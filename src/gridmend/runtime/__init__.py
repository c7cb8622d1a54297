"""Closed-loop runs on a virtual clock: a day with and without a fault."""
