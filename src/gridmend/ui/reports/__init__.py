"""Reports of a period: outages, and a day's operations, as PDF, HTML and CSV."""

from gridmend.ui.reports.daily import daily_report
from gridmend.ui.reports.outages import outage_report
from gridmend.ui.reports.pages import html_of, pdf_of
from gridmend.ui.reports.report import Asked, Figure, Report, Sheet, csv_of, read_csv

__all__ = [
    "Asked",
    "Figure",
    "Report",
    "Sheet",
    "csv_of",
    "daily_report",
    "html_of",
    "outage_report",
    "pdf_of",
    "read_csv",
]
