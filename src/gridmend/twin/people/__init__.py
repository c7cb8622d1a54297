"""People: customers who call, crews that travel and mend, and the times that they promise."""
