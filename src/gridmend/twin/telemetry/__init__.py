"""What instruments make of the truth: points, scans, indicators, meters."""
