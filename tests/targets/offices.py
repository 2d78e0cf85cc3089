"""An office on paper: one application a week, and how many working days, hours and journeys each takes."""

import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import APPLICANT, Provenance, from_frame
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
MONDAY = pd.Timestamp("2024-03-04")
FIELDS = Catalogue(
    items=pd.DataFrame({"item_code": ["SP", "XF"], "name": ["食品经营许可", "消防检查"]}),
    form_fields=pd.DataFrame(
        {"item_code": ["SP"] * 4 + ["XF"] * 2, "field_label": list("abcdef"), "class": ["type"] * 4 + ["type", "auto"]}
    ),
)
"""Four fields to type for 食品经营许可, one for 消防检查."""


def office(
    days, *, delivered=0, window_h=1.0, review_h=2.0, visits=(), in_vain=0, corrected=0, districts=None, items=None,
    materials=0, opened=0, starts=True, source="simulated",
):  # fmt: skip
    """Cases that take so many working days from acceptance (窗口) to decision (甲局), and ``delivered`` days more.

    The window works ``window_h`` hours on a case, 甲局 ``review_h`` and 1. The first ``corrected`` cases have a correction;
    ``visits`` are made by every case, one on each day, of which the first ``in_vain`` brought nothing. The last ``opened``
    cases are not decided yet.
    """
    rows, came, papers = [], [], []
    for i, number in enumerate(days):
        case, item = f"c{i:03}", items[i] if items else "SP"

        def add(activity, department, stage, day, begin, hours, *, case=case, item=item, i=i):
            start = MONDAY + pd.Timedelta(weeks=4 * i) + on(day) + pd.Timedelta(hours=begin)
            rows.append((case, activity, department, stage, item, start, start + pd.Timedelta(hours=hours)))

        add("申请", APPLICANT, "apply", 0, 9, 0.25)
        if i < corrected:
            add("补正", "窗口", "correction", 0, 9.25, 0.0)
        add("受理", "窗口", "accept", 0, 9.5, window_h)
        if i < len(days) - opened:
            add("审查", "甲局", "review", number, 9, review_h)
            add("决定", "甲局", "decide", number, 13, 1.0)
            if delivered:
                add("送达", "窗口", "deliver", number + delivered, 9, 0.0)
        for k in range(int(visits[i]) if visits else 0):
            came.append(
                (case, "大厅", MONDAY + pd.Timedelta(weeks=4 * i, days=k), "wasted" if k < in_vain else "progress")
            )
        papers += [(case, item, f"M{k}", 2, "applicant") for k in range(materials)]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "stage", "item_code", "start", "end"])
    if not starts:
        frame = frame.drop(columns="start")
    tables = {}
    if visits:
        tables["visits"] = pd.DataFrame(came, columns=["case_id", "site", "date", "outcome"])
    if materials:
        tables["material_instances"] = pd.DataFrame(
            papers, columns=["case_id", "item_code", "canonical_id", "copies", "source"]
        )
    if districts:
        tables["cases"] = pd.DataFrame({"case_id": [f"c{i:03}" for i in range(len(days))], "district": districts})
    return from_frame(frame, tables=tables, provenance=Provenance(source=source))


def on(day):
    """So many working days after a Monday."""
    week, weekday = divmod(int(day), 5)
    return pd.Timedelta(days=7 * week + weekday)
