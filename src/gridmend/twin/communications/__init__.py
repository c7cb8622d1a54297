"""Communications of the twin: links, paths, outages, and a ledger of every message."""
