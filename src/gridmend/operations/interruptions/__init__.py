"""The interruption ledger: who was out, from when to when, and what it comes to (IEEE Std 1366)."""
