"""The materials of the cases as arrays: what was handed in for which item, by whom, when, on paper or not, rejected or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue, normalise_name
from flowaudit.diagnosis.context import Bools, Context, Ints, Stamps

_PAPER = re.compile("纸质|纸件|原件|复印件|窗口|现场|paper|counter|window", re.IGNORECASE)
_ELECTRONIC = re.compile("电子|附件|上传|扫描|线上|网|证照库|共享|electronic|online|upload|scan", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Papers:
    """Material instances of a log, one entry each.

    Attributes
    ----------
    case : array of int
        Position of the case.
    item : array of int
        Code of the item, the codes of the log's column ``item_code`` first; -1 where it is not known.
    kind : array of int
        Code of the canonical material; -1 where nothing names it.
    handed : array of bool
        The applicant handed it in.
    sourced, judged : array of bool
        It is recorded where the material came from, and whether it was accepted.
    rejected, paper, electronic : array of bool
        Neither paper nor electronic: the log does not say, or says both.
    submitted : array of datetime64
        NaT where it is not recorded.
    items, kinds, names : list of str
        Labels of the codes, and what people call each kind.
    reason, event_id : pd.Series
        Reason of a rejection, and the event with which it was handed in; missing where not recorded.
    """

    case: Ints
    item: Ints
    kind: Ints
    handed: Bools
    sourced: Bools
    judged: Bools
    rejected: Bools
    paper: Bools
    electronic: Bools
    submitted: Stamps
    items: list[str]
    kinds: list[str]
    names: list[str]
    reason: pd.Series
    event_id: pd.Series

    def of(self, kinds: Ints) -> list[str]:
        """Return what the kinds are called."""
        return [self.names[k] for k in kinds.tolist()]


def papers_of(context: Context) -> Papers | None:
    """Return the materials of the log's cases; None where they are not recorded."""
    table = context.log.remember("material instances by case", lambda: context.table("material_instances"))
    if table is None or table.empty:
        return None
    known = context.log.remember("material instances", lambda: _recorded(context, table))
    kind, kinds, names = _kinds(context, table, known["item"], known["items"])
    return Papers(kind=kind, kinds=kinds, names=names, **known)


def _recorded(context: Context, table: pd.DataFrame) -> dict[str, Any]:
    """What the table says without a catalogue."""
    item, items = _items(context, table)
    source, sources = coded(table, "source")
    accepted, answers = coded(table, "accepted")
    truth = Context.truths(pd.Series(answers, dtype="object"))
    nothing = pd.Series(None, table.index, dtype="object")
    times = Context.times(table["submit_time"]) if "submit_time" in table else np.full(len(table), "NaT", "M8[us]")
    on_paper, electronic = _forms(table)
    return {
        "case": table["case"].to_numpy(np.int64),
        "item": item,
        "items": items,
        "handed": among(source, sources, lambda word: word.casefold() == "applicant"),
        "sourced": source >= 0,
        "judged": np.r_[truth.notna().to_numpy(bool), False][accepted],
        "rejected": np.r_[(truth == False).fillna(False).to_numpy(bool), False][accepted],  # noqa: E712
        "paper": on_paper & ~electronic,
        "electronic": electronic & ~on_paper,
        "submitted": times,
        "reason": table.get("reject_reason", nothing),
        "event_id": table.get("event_id", nothing),
    }


def coded(table: pd.DataFrame, column: str) -> tuple[Ints, list[str]]:
    """Return a column of a side table as codes and stripped texts; -1 where it is blank or not there."""
    if column not in table:
        return np.full(len(table), -1, np.int64), []
    codes, found = pd.factorize(table[column])
    texts = [str(word).strip() for word in found]
    labels = list(dict.fromkeys(text for text in texts if text))
    place = {label: i for i, label in enumerate(labels)}
    return np.array([*(place.get(text, -1) for text in texts), -1], np.int64)[codes], labels


def among(codes: Ints, labels: list[str], fits: Callable[[str], bool]) -> Bools:
    """Mark the codes whose label fits."""
    return np.array([*(fits(label) for label in labels), False], np.bool_)[codes]


def _forms(table: pd.DataFrame) -> tuple[Bools, Bools]:
    """Mark what came on paper and what came electronically; a word such as 纸质/电子化 says neither."""
    on_paper, electronic = (np.zeros(len(table), np.bool_) for _n in range(2))
    for column in ("form", "collect_mode"):
        codes, labels = coded(table, column)
        one = among(codes, labels, lambda word: _PAPER.search(word) is not None)
        other = among(codes, labels, lambda word: _ELECTRONIC.search(word) is not None)
        on_paper |= one & ~other
        electronic |= other & ~one
    return on_paper, electronic


def _items(context: Context, table: pd.DataFrame) -> tuple[Ints, list[str]]:
    """Item of every row, coded as in the log: its own column, else the only item of its case."""
    event_item, labels = context.column("item_code")
    items = [str(label) for label in labels]
    place = {label: i for i, label in enumerate(items)}

    def in_log(codes: Ints, words: list[str]) -> Ints:
        for word in words:
            if word not in place:
                place[word] = len(items)
                items.append(word)
        return np.array([*(place[word] for word in words), -1], np.int64)[codes]

    item = in_log(*coded(table, "item_code"))
    case = table["case"].to_numpy(np.int64)
    of_case = np.full(context.log.n_cases, -1, np.int64)
    known = event_item >= 0
    if known.any():
        low = np.full(context.log.n_cases, len(items), np.int64)
        high = of_case.copy()
        np.minimum.at(low, context.case[known], event_item[known])
        np.maximum.at(high, context.case[known], event_item[known])
        of_case = np.where(low == high, low, -1)
    own = context.table("cases") if context.log.unit == "case" else None
    if own is not None and "item_code" in own:
        stated = in_log(*coded(own, "item_code"))
        at = own["case"].to_numpy(np.int64)
        of_case[at] = np.where(of_case[at] >= 0, of_case[at], stated)
    return np.where(item >= 0, item, of_case[case]), items


def _kinds(context: Context, table: pd.DataFrame, item: Ints, items: list[str]) -> tuple[Ints, list[str], list[str]]:
    """Canonical material of every row: its own column, else what the catalogue makes of its code or name, else these."""
    kind, kinds = coded(table, "canonical_id")
    place = {label: i for i, label in enumerate(kinds)}
    called: dict[int, str] = {}
    open_ = np.flatnonzero(kind < 0)
    if len(open_) and {"material_code", "material_name"} & set(table.columns):
        by_code, by_name = _said(context.catalogue)
        code, codes = coded(table, "material_code")
        name, names = coded(table, "material_name")
        triples = np.stack([item[open_], code[open_], name[open_]], axis=1)
        distinct, of = np.unique(triples, axis=0, return_inverse=True)
        found = np.full(len(distinct), -1, np.int64)
        for n, (i, c, m) in enumerate(distinct.tolist()):
            if c < 0 and m < 0:
                continue
            of_item = items[i] if i >= 0 else ""
            label = by_code.get((of_item, codes[c])) or by_code.get(("", codes[c])) if c >= 0 else None
            if label is None and m >= 0:
                label = by_name.get(normalise_name(names[m]))
            label = label or (codes[c] if c >= 0 else normalise_name(names[m]) or names[m])
            found[n] = place.setdefault(label, len(place))
            if m >= 0:
                called.setdefault(int(found[n]), names[m])
        kind = kind.copy()
        kind[open_] = found[of.ravel()]
    labels = list(place)
    return kind, labels, _names(context, labels, called)


def _said(catalogue: Catalogue | None) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """Canonical materials by (item, code), by ("", code) where all items mean the same, and by normalised name."""
    by_code: dict[tuple[str, str], str] = {}
    by_name: dict[str, str] = {}
    papers = None if catalogue is None else catalogue.item_materials
    kinds = None if catalogue is None else catalogue.materials
    if kinds is not None and {"canonical_id", "name"} <= set(kinds.columns):
        for kind, name in zip(kinds["canonical_id"], kinds["name"], strict=True):
            by_name[normalise_name(str(name))] = str(kind)
    if papers is None or "canonical_id" not in papers:
        return by_code, by_name
    asked = papers[papers["canonical_id"].notna()]
    meant: dict[str, set[str]] = {}
    for row in asked.to_dict("records"):
        kind = str(row["canonical_id"])
        if pd.notna(row.get("material_code")):
            code = str(row["material_code"])
            by_code[str(row["item_code"]), code] = kind
            meant.setdefault(code, set()).add(kind)
        if pd.notna(row.get("name")):
            by_name.setdefault(normalise_name(str(row["name"])), kind)
    by_code |= {("", code): found.pop() for code, found in meant.items() if len(found) == 1}
    return by_code, by_name


def _names(context: Context, kinds: list[str], called: dict[int, str]) -> list[str]:
    papers = None if context.catalogue is None else context.catalogue.item_materials
    asked: dict[str, str] = {}
    if papers is not None and {"canonical_id", "name"} <= set(papers.columns):
        once = papers.dropna(subset=["canonical_id", "name"]).drop_duplicates("canonical_id")
        asked = dict(zip(once["canonical_id"].astype(str), once["name"].astype(str), strict=True))
    found = []
    for k, kind in enumerate(kinds):
        name = context.material_name(kind)
        found.append(name if name != kind else asked.get(kind) or called.get(k) or kind)
    return found


def act_rows(context: Context, case: Ints, event_id: pd.Series) -> Ints:
    """Return the row of the event that each entry names in its case; -1 where it names none."""
    found = np.full(len(case), -1, np.int64)
    if not len(case) or not context.log.has("event_id") or not event_id.notna().any():
        return found
    concerned = np.zeros(context.log.n_cases, np.bool_)
    concerned[case] = True
    rows = np.flatnonzero(concerned[context.case])
    ids = pd.Series(context.log.events["event_id"].take(rows).to_pandas().to_numpy(object)).astype("string")
    events = pd.DataFrame({"case": context.case[rows], "event_id": ids, "row": rows}).drop_duplicates(
        ["case", "event_id"]
    )
    wanted = pd.DataFrame({"case": case, "event_id": event_id.astype("string").to_numpy(object)})
    wanted["event_id"] = wanted["event_id"].astype("string")
    merged = wanted.merge(events, on=["case", "event_id"], how="left")["row"]
    return np.asarray(merged.fillna(-1).to_numpy(np.int64))


def shown_rows(context: Context, papers: Papers, entries: Ints, cases: Ints, *, most: int = 20) -> Ints | None:
    """Return the events with which materials were handed in, of the first cases only: what a reader may look at."""
    entries = entries[np.isin(papers.case[entries], cases[:most])]
    rows = act_rows(context, papers.case[entries], papers.event_id.iloc[entries])
    rows = np.unique(rows[rows >= 0])
    return rows if len(rows) else None


def pair_keys(one: Ints, other: Ints) -> Ints:
    """Return one number for each pair, the same for equal pairs; entries are at least -1."""
    span = int(other.max(initial=-1)) + 2
    return (one + 1) * span + other + 1


def first_of(*columns: npt.NDArray[Any]) -> Ints:
    """Return the places of the first of equal rows, in their order."""
    frame = pd.DataFrame({str(i): column for i, column in enumerate(columns)})
    return np.flatnonzero(~frame.duplicated().to_numpy())
