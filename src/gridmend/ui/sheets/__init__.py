"""Sheets to print: a switching order as a PDF, with boxes for times and signatures."""
