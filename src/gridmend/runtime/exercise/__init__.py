"""A control room over the twin, in memory and on its clock: who hears what, and acts on it."""
