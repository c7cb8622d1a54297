"""Reliability prediction: failure modes and effects, analytic."""
