"""Readers and writers of network models in the formats that utilities keep them in."""
