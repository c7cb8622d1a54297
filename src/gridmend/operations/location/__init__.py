"""Fault location: where a fault is, from currents, sags, counts and indicators, as chances."""
