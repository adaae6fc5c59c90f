"""Fiscal years: named by the calendar year in which they begin."""

from datetime import date


def fiscal_year_of(day: date, start_month: int, start_day: int) -> int:
    """The fiscal year that `day` lies in; 2011 for 5 April 2012 when years start on 6 April."""
    begun = (day.month, day.day) >= (start_month, start_day)
    return day.year if begun else day.year - 1


def fiscal_year_start(day: date, start_month: int, start_day: int) -> date:
    """The first day of the fiscal year that `day` lies in."""
    return date(fiscal_year_of(day, start_month, start_day), start_month, start_day)
