"""The simulated field: it takes steps and gives events, as the field does."""
