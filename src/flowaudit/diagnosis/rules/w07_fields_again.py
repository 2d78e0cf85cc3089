"""W07 重复填报、重复录入: a field typed in several forms or though a register knows it; a case keyed into two systems."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context, Ints, Texts, quoted
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

_TYPED, _GIVEN = "type|填写|填报|手工|录入", "auto|select|自动|带入|选择"


def name(lang: Language | None = None) -> str:
    return _("fields typed again", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Guides: a canonical field that is typed in two or more forms of the items of one bundle (without bundles: of one "
        "applicant), or typed though an authoritative source is named; the cases are those with such items. Staff: two "
        "events of one case and item in a row in different systems, by one officer (where officers are not recorded, in "
        "one office), that end within 30 minutes of each other; two systems speak when the lower Wilson bound of the "
        "share of cases is at least 5 %. Lost time: from the first entry to the second.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    fields = _fields(context)
    keyed = context.log.has("system") and (context.log.has("resource") or context.log.has("office"))
    if fields is None and not keyed:
        reason = both("neither can be seen: which fields of which items are typed, nor who works in which system")
        return NotCheckable(RULE.id, *reason, ("catalogue.form_fields.class | system", "item_code | resource | office"))
    found = [] if fields is None else _typed(context, t, fields)
    return found + (_keyed_twice(context, t) if keyed else [])


# What the guides ask for.


def _fields(context: Context) -> pd.DataFrame | None:
    """Typed fields of the guides: ``item, field, label, form, source``; None where nobody says what is typed."""
    table = None if context.catalogue is None else context.catalogue.form_fields
    if table is None or not {"canonical_field", "class"} <= set(table.columns) or not context.log.has("item_code"):
        return None
    how = table["class"].astype("string").fillna("")
    typed = how.str.contains(_TYPED, case=False) & ~how.str.contains(_GIVEN, case=False)
    rows = table[(typed & table["canonical_field"].notna()).to_numpy(bool)]
    nothing = pd.Series(None, rows.index, dtype="object")
    form = rows.get("form", nothing).astype("object")
    return pd.DataFrame(
        {
            "item": rows["item_code"].astype(str),
            "field": rows["canonical_field"].astype(str),
            "label": rows["field_label"].astype(str),
            # One form that serves several items is one form.
            "form": form.where(form.notna(), rows["item_code"].astype("object")).astype(str),
            "source": rows.get("authoritative_source", nothing),
        }
    ).reset_index(drop=True)


def _typed(context: Context, t: Thresholds, fields: pd.DataFrame) -> list[Finding]:
    item, labels = context.column("item_code")
    place = {str(label): i for i, label in enumerate(labels)}
    fields = fields[fields["item"].isin(place)]
    fields = fields.assign(code=fields["item"].map(place).astype(np.int64))
    touched = pd.DataFrame({"case": context.case, "code": item})[item >= 0].drop_duplicates(ignore_index=True)
    found = []
    again, spare = _several_forms(context, touched, fields)
    if len(spare) >= context.min_cases:
        # Without bundles the cases of one applicant share what is too often: it counts once.
        each = spare.groupby(_groups(context)[spare.index.to_numpy()]).first()
        values = {"n": again["field"].nunique(), "cases": len(spare), "median": float(each.median())}
        names = quoted(_labels(again))
        texts = [
            both(
                "{n} fields such as {fields} are typed in two or more forms, {median:.0f} times too often by one applicant (median); "
                "{cases:,} cases are concerned; to be checked.",
                fields=shown, **values,
            )
            for shown in names
        ]  # fmt: skip
        statement = (texts[0][0], texts[1][1])
        found.append(_fields_finding(context, t, "fields-repeated", statement, again, spare, each, touched))
    known = fields[fields["source"].notna()]
    asked = touched.merge(known[["code", "field"]].drop_duplicates(), on="code").groupby("case").size()
    if len(asked) >= context.min_cases:
        values = {"n": known["field"].nunique(), "cases": len(asked), "median": float(asked.median())}
        names = quoted(_labels(known))
        texts = [
            both(
                "{n} fields such as {fields} are typed though an authoritative source is named, {median:.0f} times in each of "
                "{cases:,} cases (median); to be checked.",
                fields=shown, **values,
            )
            for shown in names
        ]  # fmt: skip
        statement = (texts[0][0], texts[1][1])
        found.append(_fields_finding(context, t, "fields-known", statement, known, asked, asked, touched))
    return found


def _labels(fields: pd.DataFrame) -> list[str]:
    """What the fields are called, those of most items first."""
    once = fields.drop_duplicates(["field", "item"])
    often = once.groupby("field")["item"].size()
    called = once.drop_duplicates("field").set_index("field")["label"]
    order = sorted(often.index, key=lambda f: (-int(often[f]), str(f)))
    return [str(called[f]) for f in order]


def _several_forms(context: Context, touched: pd.DataFrame, fields: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the fields that somebody types in several forms, and how often too often by case (those with some)."""
    nothing = pd.Series(dtype=np.int64)
    if touched.empty or fields.empty:
        return fields.iloc[:0], nothing
    group = _groups(context)[touched["case"].to_numpy()]
    by_group = touched.assign(group=group).drop_duplicates(["group", "code"])
    # Few sets of items stand for all groups: forms are counted once for each set.
    weight = np.random.default_rng(7).integers(1, 2**62, int(touched["code"].max()) + 1, dtype=np.int64)
    of_group = by_group.assign(weight=weight[by_group["code"].to_numpy()]).groupby("group")["weight"].sum()
    sets, first, which = np.unique(of_group.to_numpy(), return_index=True, return_inverse=True)
    speaker = by_group[by_group["group"].isin(of_group.index[first])]
    number = pd.Series(np.arange(len(sets)), index=of_group.index[first])
    forms = speaker.assign(set=speaker["group"].map(number)).merge(fields, on="code")
    counts = forms.drop_duplicates(["set", "field", "form"]).groupby(["set", "field"]).size()
    counts = counts[counts > 1]
    if counts.empty:
        return fields.iloc[:0], nothing
    size = pd.Series(which, index=of_group.index)
    again = fields[fields["field"].isin(counts.index.get_level_values("field"))]
    often = (counts - 1).groupby("set").sum().reindex(np.arange(len(sets)), fill_value=0)
    spare_of_group = pd.Series(often.to_numpy()[size.to_numpy()], index=of_group.index)
    concerned = touched[touched["code"].isin(again["code"])]["case"].drop_duplicates().sort_values()
    spare = pd.Series(
        spare_of_group.reindex(_groups(context)[concerned.to_numpy()]).to_numpy(), index=concerned.to_numpy()
    )
    return again, spare[spare > 0].astype(np.int64)


def _groups(context: Context) -> Ints:
    """Whose forms are looked at together, for each case: a bundle's own, without bundles those of one applicant."""
    own = np.arange(context.log.n_cases, dtype=np.int64)
    table = context.table("cases") if context.log.unit == "case" else None
    if table is None or "applicant_id" not in table:
        return own
    codes = pd.factorize(table["applicant_id"])[0].astype(np.int64)
    at = table["case"].to_numpy(np.int64)
    own[at] = np.where(codes >= 0, len(own) + codes, own[at])
    return own


def _fields_finding(
    context: Context, t: Thresholds, key: str, statement: Texts, fields: pd.DataFrame, by_case: pd.Series, each: pd.Series,
    touched: pd.DataFrame,
) -> Finding:  # fmt: skip
    ordered = by_case.sort_values(ascending=False, kind="stable")
    listed = {
        str(field): {
            "label": str(rows["label"].iloc[0]),
            "forms": sorted(set(rows["form"])),
            "sources": sorted({str(s) for s in rows["source"].dropna()}),
        }
        for field, rows in fields.groupby("field", sort=True)
    }
    return context.finding(
        RULE,
        key,
        title=both("the same information filled in repeatedly"),
        statement=statement,
        caveat=both(
            "By the guides, not by what applicants really typed: a system may fill in more than its guide says."
        ),
        scope={"items": sorted(set(fields["item"])), "fields": _labels(fields)},
        cases=ordered.index.to_numpy(np.int64),
        population=int(touched["case"].nunique()),
        thresholds=t,
        confidence="high" if context.log.unit == "bundle" or key == "fields-known" else "medium",
        details={
            "fields": listed,
            "typed_too_often": int(each.sum()),
            "typed_too_often_median": float(each.median()),
        },
    )


# What the staff key in again.


def _keyed_twice(context: Context, t: Thresholds) -> list[Finding]:
    system, systems = context.column("system")
    officer, office = context.column("resource")[0], context.column("office")[0]
    department, departments = context.column("department")
    item = context.column("item_code")[0]
    rows = np.flatnonzero(context.human & (system >= 0))
    rows = rows[np.lexsort((rows, context.end[rows], item[rows], context.case[rows]))]
    a, b = rows[:-1], rows[1:]
    same = (context.case[a] == context.case[b]) & (item[a] == item[b]) & (department[a] == department[b])
    people = np.where(
        (officer[a] >= 0) & (officer[b] >= 0), officer[a] == officer[b], (office[a] >= 0) & (office[a] == office[b])
    )
    gap = (context.end[b] - context.end[a]) / np.timedelta64(1, "m")
    # Of two bare dates nobody knows how far apart they are.
    clocked = context.end[b] != context.end[b].astype("datetime64[D]")
    twice = np.flatnonzero(same & people & (system[a] != system[b]) & (gap <= t["minutes"]) & clocked)
    first, second = a[twice], b[twice]
    low, high = np.minimum(system[first], system[second]), np.maximum(system[first], system[second])
    found = []
    place = np.stack([department[second], low, high], axis=1)
    places, of = np.unique(place, axis=0, return_inverse=True)
    once = np.unique(np.stack([of.ravel(), context.case[second]], axis=1), axis=0)
    enough = np.flatnonzero(np.bincount(once[:, 0], minlength=len(places)) >= context.min_cases)
    for n in enough.tolist():
        d, one, other = places[n].tolist()
        own = second[of.ravel() == n]
        before = first[of.ravel() == n]
        cases = np.unique(context.case[own])
        population = context.population((department == d) & np.isin(system, (one, other)))
        if wilson(len(cases), population)[0] < t["share"]:
            continue
        names = sorted([str(systems[one]), str(systems[other])])
        label = str(departments[d]) if d >= 0 else ""
        values = {"a": names[0], "b": names[1], "cases": len(cases), "share": len(cases) / population}
        activity = context.column("activity")[0]
        alike = float((activity[before] == activity[own]).mean())
        found.append(
            context.finding(
                RULE,
                "-".join(["systems", *([label] if label else []), *names]),
                title=both("entries that look keyed into two systems"),
                statement=both(
                    "In {cases:,} cases ({share:.0%}) the same desk makes entries in “{a}” and in “{b}” within {minutes:g} minutes, "
                    "which suggests that data is keyed in twice; to be checked.",
                    minutes=t["minutes"], **values,
                ),
                caveat=both("Two different steps that one officer does in two systems in one go look the same."),
                scope={
                    "departments": [label] if label else [],
                    "activities": context.labels_of("activity", own),
                    "items": context.labels_of("item_code", own),
                    "systems": names,
                },
                cases=cases,
                population=population,
                thresholds=t,
                rows=own,
                row_days=context.days(context.end[before], context.end[own]),
                confidence="medium" if alike >= 0.5 else "low",
                group="难点",
                reengineering="④",
                reductions=("time",),
                measures=("M07",),
                details={"systems": names, "entries": len(own), "same_activity_share": alike},
            )
        )  # fmt: skip
    return found


RULE = Rule(
    "W07", name, definition, ("catalogue.form_fields.canonical_field | system",), find,
    group="痛点", reengineering="②④", reductions=("materials", "time"), measures=("M06", "M07"),
    parameters={"share": Parameter(0.05, 0.0, 1.0), "minutes": Parameter(30, 1, 1440)},
)  # fmt: skip
