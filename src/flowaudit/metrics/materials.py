"""减材料: the kinds of material an applicant hands in, and what became of those nobody hands in any more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.rule import NotRecorded

SPLIT = ("submit", "exempt_issuer", "exempt_elicence", "data_check", "commit", "merged")
"""What becomes of a material that is asked for: handed in; exempt since an authority of the city issued it, or since its
e-licence is called; replaced by a check of data or by a notice-commitment; absorbed by another item or by the one form."""

PLACE = {
    "applicant": "submit", "issuer": "exempt_issuer", "elicence": "exempt_elicence", "data": "data_check",
    "commit": "commit", "reuse": "merged", "merged": "merged",
}  # fmt: skip
"""Where a material came from, and the place of the split it belongs to."""

_EXEMPT = "免交|免于提交|免提交|exempt"
_DEFERRED = "容缺|后补|tolerant|deferred"


@dataclass(frozen=True)
class Materials:
    """Materials of each case, in the order of ``log.case_ids``.

    Attributes
    ----------
    submitted : ndarray of float
        The headline: distinct (item, kind) that the applicant hands in.
    copies : ndarray of float
        Copies (份数) of these, as first handed in.
    kinds : ndarray of float
        Kinds whatever the item: a licence that three items ask for is one.
    deferred : ndarray of float
        Of the submitted, those accepted as missing and handed in later (容缺后补). They are submitted all the same.
    split : dict of str to ndarray of float
        By ``SPLIT``; the places add up to ``required``, and ``submit`` is ``submitted``.
    unknown : ndarray of float
        Distinct (item, kind) whose source the log does not tell; in no other figure.
    """

    submitted: arrays.Floats
    copies: arrays.Floats
    kinds: arrays.Floats
    deferred: arrays.Floats
    split: dict[str, arrays.Floats]
    unknown: arrays.Floats

    @property
    def required(self) -> arrays.Floats:
        """Distinct (item, kind) that were needed, whoever gave them."""
        total: arrays.Floats = np.stack(list(self.split.values())).sum(axis=0)
        return total


def split_name(place: str, lang: Language | None = None) -> str:
    """Return what people call a place of the split."""
    names = {
        "submit": _("handed in", lang=lang),
        "exempt_issuer": _("exempt: issued by an authority", lang=lang),
        "exempt_elicence": _("exempt: e-licence", lang=lang),
        "data_check": _("checked in data", lang=lang),
        "commit": _("commitment", lang=lang),
        "merged": _("merged or reused", lang=lang),
    }
    return names[place]


def materials(log: EventLog) -> Materials | NotRecorded:
    """Count the kinds of material the applicant hands in, per case.

    Distinct (item, canonical material) with ``source`` applicant: a licence copy three items ask for is 3, handing
    it in again after a correction is not a further one, and copies (份数) are another figure. A kind that an item got in
    two ways was handed in if one of them was by hand.
    """
    table = log.table("material_instances")
    name = None if table is None else kind_names(table)
    if table is None or name is None or "source" not in table or "case_id" not in table:
        return NotRecorded(
            "materials",
            "日志未记录申请人提交的材料。",
            "the log does not record the materials applicants hand in.",
            ("material_instances: case_id, canonical_id, source",),
        )
    case = arrays.positions(log, table["case_id"])
    table, name, case = table[case >= 0], name[case >= 0], case[case >= 0]
    what = _keys(name)
    item = _keys(table["item_code"]) if "item_code" in table else np.full(len(table), -1, np.int64)
    place = arrays.by_word(table["source"], _places)
    # Places stand in order, so that the lowest of a kind is "handed in" wherever that happened.
    rank = place.to_numpy(np.int64)
    order = np.lexsort((np.arange(len(rank)), rank))
    key = arrays.combine(case, item, what)
    once = order[arrays.first_of(key[order])]
    by_place = [np.bincount(case[once[rank[once] == k]], minlength=log.n_cases).astype(float) for k in range(7)]
    handed = once[rank[once] == 0]
    copies = np.ones(len(table))
    if "copies" in table:
        copies = pd.to_numeric(table["copies"], errors="coerce").fillna(1).to_numpy(float)
    late = np.zeros(len(table), np.bool_)
    if "collect_mode" in table:
        late = arrays.by_word(table["collect_mode"], _deferred).to_numpy(np.bool_)
    return Materials(
        by_place[0],
        np.bincount(case[handed], weights=copies[handed], minlength=log.n_cases).astype(float),
        arrays.count_distinct(log.n_cases, case[handed], what[handed]),
        np.bincount(case[handed[np.isin(key[handed], key[late & (rank == 0)])]], minlength=log.n_cases).astype(float),
        dict(zip(SPLIT, by_place, strict=False)),
        by_place[len(SPLIT)],
    )


def _places(source: pd.Series) -> pd.Series:
    words = source.astype("string").str.strip().str.casefold()
    return words.map({word: SPLIT.index(where) for word, where in PLACE.items()}).fillna(len(SPLIT))


def _deferred(mode: pd.Series) -> pd.Series:
    return mode.astype("string").str.contains(_DEFERRED, case=False).fillna(False)


def kind_names(table: pd.DataFrame) -> pd.Series | None:
    """Return what kind of material each row of a table is, None where the table does not say."""
    columns = [c for c in ("canonical_id", "material_code", "material_name") if c in table]
    if not columns:
        return None
    name = table[columns[0]]
    for column in columns[1:]:
        name = name.fillna(table[column])
    return name


def _keys(values: pd.Series) -> arrays.Ints:
    return pd.factorize(values)[0].astype(np.int64)


def guide_split(catalogue: Catalogue) -> pd.DataFrame | None:
    """Split what the guides ask for, item by item.

    Returns
    -------
    pd.DataFrame or None
        Indexed by item code: ``required`` (mandatory kinds, the places of ``SPLIT`` add up to it), the places,
        ``deferrable`` (容缺, of the submitted), ``conditional`` (kinds handed in only in some situations) and ``copies``
        (originals and copies of the submitted; a kind without a number counts 1). None without a table of materials.

    Notes
    -----
    ``source`` tells where a paper comes from: what an authority issues is handed in all the same unless the guide says
    that it is exempt (免交). An item with several variants is taken by the one that asks for most.
    """
    table = catalogue.item_materials
    if table is None:
        return None
    rows = []
    for code in catalogue.item_codes:
        needed = catalogue.required_materials(code)
        place = guide_places(needed)
        submit = needed[(place == "submit").to_numpy(np.bool_)]
        deferrable = (submit["necessity"] == "deferrable").sum() if "necessity" in submit else 0
        rows.append(
            {"item_code": code, "required": len(needed)}
            | {name: int((place == name).sum()) for name in SPLIT}
            | {"deferrable": int(deferrable), "conditional": len(conditional_kinds(catalogue, code))}
            | {"copies": float(_copies(submit).sum())}
        )
    columns = ["item_code", "required", *SPLIT, "deferrable", "conditional", "copies"]
    return pd.DataFrame(rows, columns=columns).set_index("item_code")


def conditional_kinds(catalogue: Catalogue, item_code: str) -> list[str]:
    """Return the kinds an item asks the applicant for in some situations only."""
    table = catalogue.item_materials
    if table is None or "necessity" not in table:
        return []
    rows = table[(table["item_code"] == item_code) & (table["necessity"] == "conditional")]
    rows = rows[(guide_places(rows) == "submit").to_numpy(np.bool_)]
    mandatory = set(catalogue.required_materials(item_code)["canonical_id"])
    return [str(kind) for kind in rows["canonical_id"].drop_duplicates() if kind not in mandatory]


def conditional_shares(log: EventLog, catalogue: Catalogue) -> pd.DataFrame | NotRecorded:
    """Tell how often each conditional material was needed.

    Returns
    -------
    pd.DataFrame or NotRecorded
        ``item_code, canonical_id, n`` (applications for the item), ``needed`` of them and ``share``.
    """
    counted = materials(log)
    if isinstance(counted, NotRecorded):
        return counted
    table = log.table("material_instances")
    assert table is not None
    case = arrays.positions(log, table["case_id"])
    table = table[case >= 0].assign(case=case[case >= 0], kind=kind_names(table))
    events = pd.DataFrame({"case": log.case_index, "code": arrays.codes(log, "item_code")}).drop_duplicates()
    labels = log.codes("item_code")[1] if log.has("item_code") else []
    applied = events.groupby("code").size()
    n_of = {label: int(applied.get(i, 0)) for i, label in enumerate(labels)}
    rows = []
    for code in catalogue.item_codes:
        of_item = table[table["item_code"] == code] if "item_code" in table else table
        n = n_of.get(code, log.n_cases if not labels else 0)
        for kind in conditional_kinds(catalogue, code):
            needed = int(of_item.loc[of_item["kind"] == kind, "case"].nunique())
            rows.append((code, kind, n, needed, needed / n if n else np.nan))
    return pd.DataFrame(rows, columns=["item_code", "canonical_id", "n", "needed", "share"])


def guide_places(rows: pd.DataFrame) -> pd.Series:
    """Return the place of the split of each material of a guide."""
    if "source" not in rows:
        return pd.Series("submit", rows.index, dtype="object")
    place = rows["source"].map(PLACE).fillna("submit")
    said = pd.Series(False, rows.index)
    for column in ("source_raw", "source_note"):
        if column in rows:
            said |= rows[column].astype("string").str.contains(_EXEMPT, case=False).fillna(False).astype(bool)
    return place.mask((place == "exempt_issuer") & ~said, "submit")


def _copies(rows: pd.DataFrame) -> pd.Series:
    split = [c for c in ("originals", "copies") if c in rows]
    number = rows[split].sum(axis=1, min_count=1) if split else pd.Series(np.nan, rows.index)
    if "paper_copies" in rows:
        number = number.fillna(rows["paper_copies"])
    return pd.to_numeric(number, errors="coerce").fillna(1)
