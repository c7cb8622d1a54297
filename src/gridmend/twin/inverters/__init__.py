"""Distributed resources in disturbances: ride through, cease, trip, wait, enter service, ramp."""
