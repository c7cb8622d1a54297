"""The planning bench: what the network as built, or as it might be built, is worth."""
