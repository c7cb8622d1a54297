"""Protective devices of the simulated field: relays and reclosers, fuses, sectionalisers."""
