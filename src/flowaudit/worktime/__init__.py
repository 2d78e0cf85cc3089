"""When offices work: the official working-day calendar with its make-up days (调休), office hours and due dates."""

from flowaudit.worktime.calendar import Calendar, load_calendar
from flowaudit.worktime.limit import Limit, LimitUnit
from flowaudit.worktime.office import OfficeHours, read_office_hours

__all__ = ["Calendar", "Limit", "LimitUnit", "OfficeHours", "load_calendar", "read_office_hours"]
