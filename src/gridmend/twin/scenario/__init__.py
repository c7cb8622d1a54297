"""Scenarios as readable files: what, when, where and with which seed; checked before they run."""
