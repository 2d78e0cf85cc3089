"""W13 重复审查: the same material or condition reviewed by two departments or offices with no change in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import SIGNING, Bools, Context, Floats, Ints, Stamps, quoted
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.named import LISTED, _material_names, named_materials
from flowaudit.diagnosis.outcomes import objections
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson


def name(lang: Language | None = None) -> str:
    return _("repeated review of the same thing", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "The same review point (the column review_points, else a material of the catalogue that the opinion names) looked at in "
        "one case by two departments, or two offices of one, by people, with no correction and nothing handed in between; what "
        "the law demands is no repetition. Two departments (or offices) speak when Wilson's lower bound of the share of the "
        "cases in which both review is at least 5 %. Lost time: waiting for the later review and its work, by the share of its "
        "points that were looked at before.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    points = _points(context)
    if points is None:
        named = "review_points" if _material_names(context) else "review_points | catalogue.materials"
        return NotCheckable(
            "W13", *both("opinions name no material of the catalogue, and review points are not recorded"), (named,)
        )
    rows, point, names = points
    earlier, later, what = _repeated(context, rows, point)
    place, labels = _places(context)
    pairs, which = np.unique(np.stack([place[earlier], place[later]], axis=1), axis=0, return_inverse=True)
    counts = np.bincount(rows, minlength=len(context.case))
    found = []
    for number, (a, b) in enumerate(pairs.tolist()):
        own = which.ravel() == number
        cases = np.unique(context.case[later[own]])
        if len(cases) < context.min_cases:
            continue
        at_a, at_b = (np.unique(context.case[rows[place[rows] == code]]) for code in (a, b))
        population = int(np.isin(at_a, at_b, assume_unique=True).sum())
        if wilson(len(cases), population)[0] < t["share"]:
            continue
        repeated, times = np.unique(later[own], return_counts=True)
        part = np.minimum(1.0, times / counts[repeated])
        told, often = np.unique(what[own], return_counts=True)
        top = [str(names[told[i]]) for i in np.argsort(-often, kind="stable")]
        found.append(
            _finding(
                context,
                t,
                (labels[a], labels[b]),
                cases,
                population,
                repeated,
                part,
                np.union1d(earlier[own], repeated),
                top,
            )
        )
    return found


@dataclass(frozen=True)
class _Place:
    """A department, or an office of one."""

    department: str
    office: str

    def __str__(self) -> str:
        return f"{self.department}·{self.office}" if self.office else self.department


def _places(context: Context) -> tuple[Ints, dict[int, _Place]]:
    """Return where each row was handled: a number for the department and office, and what each number stands for."""
    department, departments = context.column("department")
    office, offices = context.column("office")
    width = len(offices) + 1
    place = np.where(department < 0, -1, department * width + office + 1)
    known = np.unique(place[place >= 0]).tolist()
    return place, {
        code: _Place(str(departments[code // width]), str(offices[code % width - 1]) if code % width else "")
        for code in known
    }


def _points(context: Context) -> tuple[Ints, Ints, list[str]] | None:
    """Return what was reviewed, a row and a point for each; None where the log does not say."""
    looked = context.human & (context.column("department")[0] >= 0) & ~context.among("stage", "correction", "apply")
    if context.log.has("stage"):
        looked &= context.among("stage", *SIGNING, "inspect", "consult_dept", "special")
    if context.log.has("review_points"):
        codes, labels = context.column("review_points")
        named = pd.Series([str(label) for label in labels]).str.split(LISTED, regex=True)
        table = named.explode().str.strip()
        table = table[table.fillna("") != ""]
    else:
        codes, labels = context.column("opinion")
        table = named_materials(context, labels)
    point, names = pd.factorize(table)
    rows = np.flatnonzero(looked & np.isin(codes, table.index))
    if not len(table) or not len(rows):
        return None if not context.log.has("review_points") else (rows, rows, [])
    pairs = pd.DataFrame({"code": codes[rows], "row": rows}).merge(
        pd.DataFrame({"code": table.index, "point": point}).drop_duplicates(), on="code"
    )
    return pairs["row"].to_numpy(np.int64), pairs["point"].to_numpy(np.int64), [str(n) for n in names]


def _repeated(context: Context, rows: Ints, point: Ints) -> tuple[Ints, Ints, Ints]:
    """Return for every repeated review the row before, the row itself, and the point."""
    place, _labels = _places(context)
    order = np.lexsort((rows, point, context.case[rows]))
    rows, point = rows[order], point[order]
    again = pd.DataFrame({"c": context.case[rows], "p": point, "w": place[rows]}).duplicated().to_numpy(bool)
    a, b, what = rows[:-1], rows[1:], point[1:]
    fits = (
        (context.case[a] == context.case[b]) & (point[:-1] == what) & (a != b) & ~again[1:] & _elsewhere(context, a, b)
    )
    fits &= ~context.legally_required[b] & ~objections(context)[a]
    a, b, what = a[fits], b[fits], what[fits]
    same = ~_changed(context, a, b)
    return a[same], b[same], what[same]


def _elsewhere(context: Context, a: Ints, b: Ints) -> Bools:
    """Say where a later review is another department's, or another office's and officer's of the same one."""
    department, office, officer = (context.column(column)[0] for column in ("department", "office", "resource"))
    offices = (office[a] >= 0) & (office[b] >= 0) & (office[a] != office[b])
    offices &= (officer[a] != officer[b]) | (officer[a] < 0)
    found: Bools = (department[a] != department[b]) | offices
    return found


def _changed(context: Context, a: Ints, b: Ints) -> Bools:
    """Say between which rows a case was corrected, or something for the item of both was handed in."""
    item, items = context.column("item_code")
    own = (item[a] == item[b]) & (item[a] >= 0)
    act = context.among("stage", "correction")
    total = np.cumsum(act)
    changed = total[b] > total[a]
    # Where both are of one item, other items' corrections change nothing.
    order = np.lexsort((np.arange(len(item)), item, context.case))
    within, shared = np.zeros(len(item), np.int64), np.cumsum(act & (item < 0))
    within[order] = np.cumsum(act[order])
    changed = np.asarray(np.where(own, (within[b] > within[a]) | (shared[b] > shared[a]), changed), np.bool_)
    table = context.table("material_instances")
    if table is None or "submit_time" not in table or not len(a):
        return changed
    stamps = context.times(table["submit_time"])
    handed, case = ~np.isnat(stamps), table["case"].to_numpy(np.int64)
    if context.log.unit == "bundle" and "item_code" in table:
        place = {str(label): i for i, label in enumerate(items)}
        of = np.asarray(table["item_code"].astype("object").map(place).fillna(-1), np.int64)
        inside = _between(context, case[handed] * (len(items) + 1) + of[handed] + 1, stamps[handed], a, b,
                          context.case * (len(items) + 1) + item + 1)  # fmt: skip
        # What another item of the bundle has handed in once more is no change of what was looked at.
        return np.asarray(changed | (own & inside))
    return np.asarray(changed | _between(context, case[handed], stamps[handed], a, b, context.case))


def _between(context: Context, keys: Ints, stamps: Stamps, a: Ints, b: Ints, owner: Ints) -> Bools:
    """Say where a stamp of the same key lies after the end of row a and not after the start of row b."""
    ends = context.end[~np.isnat(context.end)]
    every = np.concatenate([ends, stamps])
    if not len(every):
        return np.zeros(len(a), np.bool_)
    zero, width = every.min(), int((every.max() - every.min()) / np.timedelta64(1, "s")) + 2

    def seconds(moments: Stamps) -> Ints:
        known = np.where(np.isnat(moments), zero, moments)
        return np.asarray(np.clip((known - zero) / np.timedelta64(1, "s"), 0, width - 1), np.int64)

    ordered = np.sort(keys * width + seconds(stamps))

    def up_to(rows: Ints, moments: Stamps) -> Ints:
        return np.asarray(np.searchsorted(ordered, owner[rows] * width + seconds(moments), side="right"), np.int64)

    found: Bools = up_to(b, context.start[b]) > up_to(a, context.end[a])
    return found


def _finding(
    context: Context,
    t: Thresholds,
    places: tuple[_Place, _Place],
    cases: Ints,
    population: int,
    repeated: Ints,
    part: Floats,
    looked_at: Ints,
    names: list[str],
) -> Finding:
    a, b = places
    zh, en = quoted(names)
    values = {"a": str(a), "b": str(b), "cases": len(cases), "share": len(cases) / population}
    statement = (
        _("In {cases:,} cases ({share:.0%}) {b} reviews {points} again after {a}, with nothing changed in between; to be checked.",
          lang="zh", points=zh, **values),
        _("In {cases:,} cases ({share:.0%}) {b} reviews {points} again after {a}, with nothing changed in between; to be checked.",
          lang="en", points=en, **values),
    )  # fmt: skip
    recorded = context.log.has("review_points")
    return context.finding(
        RULE,
        f"{a}-{b}",
        title=both("the same thing reviewed more than once"),
        statement=statement,
        caveat=both(
            "Two departments may look at one paper for different conditions; what each has to find out is to be compared."
        ),
        scope={
            "departments": [a.department, b.department],
            "offices": [office for office in (a.office, b.office) if office],
            "activities": context.labels_of("activity", looked_at),
            "items": context.labels_of("item_code", repeated),
            "materials": names[:5],
        },
        cases=cases,
        population=population,
        thresholds=t,
        rows=repeated,
        row_days=context.node_days[repeated] * part,
        confidence="high" if recorded else "low",
        details={"pair": [str(a), str(b)], "points": names[:10], "source": "review_points" if recorded else "opinion"},
    )


RULE = Rule(
    "W13", name, definition, ("review_points | opinion (naming materials)", "department"), find,
    group="堵点", reengineering="④", reductions=("steps", "time"), measures=("M01", "M04"),
    parameters={"share": Parameter(0.05, 0.0, 1.0)},
)  # fmt: skip
