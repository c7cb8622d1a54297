"""Outage prediction: which devices have operated, from calls, meters, indicators and SCADA."""
