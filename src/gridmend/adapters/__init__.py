"""Field and enterprise protocols, each with the same file names inside."""
