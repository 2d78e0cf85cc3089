"""When offices work: the official working-day calendar with its make-up days (调休), office hours, due dates, duty."""

from flowaudit.worktime.calendar import Calendar, load_calendar
from flowaudit.worktime.limit import Limit, LimitUnit
from flowaudit.worktime.mined import CLASSES, HOLIDAY, MAKE_UP, DutyTables, MinedCalendars, day_classes, mine_calendars
from flowaudit.worktime.office import OfficeHours, read_office_hours

__all__ = [
    "CLASSES",
    "HOLIDAY",
    "MAKE_UP",
    "Calendar",
    "DutyTables",
    "Limit",
    "LimitUnit",
    "MinedCalendars",
    "OfficeHours",
    "day_classes",
    "load_calendar",
    "mine_calendars",
    "read_office_hours",
]
