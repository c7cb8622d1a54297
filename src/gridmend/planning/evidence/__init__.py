"""What automation is worth on a network: seeded faults and storms, each with and without it."""
