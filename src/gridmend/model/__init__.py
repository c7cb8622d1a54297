"""The nouns: what is there, what it does, what was planned and what happened."""
