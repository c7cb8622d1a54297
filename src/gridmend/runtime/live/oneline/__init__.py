"""One-lines: a feeder or a substation cut into pieces, laid out on a sheet, with its figures."""
