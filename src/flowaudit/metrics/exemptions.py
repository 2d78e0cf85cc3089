"""两个免于提交: which materials need not be handed in by the two rules of the guidance, and which are handed in all the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.materials import guide_places, kind_names, materials
from flowaudit.metrics.rule import NotRecorded
from flowaudit.metrics.wilson import wilson

STATUS = ("exempt", "should_be_exempt", "to_be_collected", "not_covered", "unknown")
"""What becomes of a material: exempt already; covered by a rule but still handed in (应免未免); issued by the city but not
yet retrievable (待归集); not covered by either rule; the catalogue does not say who issues it."""
_COLUMNS = (
    "item_code", "canonical_id", "name", "issuer", "by_issuer", "by_elicence", "status", "n", "handed_in", "share", "low",
    "high", "suppressed",
)  # fmt: skip
SMALL = 10


def exemptions(catalogue: Catalogue, log: EventLog | None = None) -> pd.DataFrame | NotRecorded:
    """Hold the two rules (沪府办〔2020〕6号: 两个免于提交) against the guides, and against what was handed in.

    Parameters
    ----------
    catalogue : Catalogue
        ``item_materials`` with ``issuer_scope`` and ``elicence_type``; ``materials.retrievable`` where it is given.
    log : EventLog, optional
        Adds what really happened: ``n, handed_in`` and their share.

    Returns
    -------
    pd.DataFrame or NotRecorded
        One row per item and kind of material that is asked for: ``item_code, canonical_id, name, issuer``;
        ``by_issuer`` (issued by an authority of the city and retrievable: exempt), ``by_elicence`` (there is an
        e-licence that can be called: exempt), both missing where the catalogue does not tell; ``status``, one of
        ``STATUS``; with a log ``n`` (applications that needed it), ``handed_in`` by the applicant, ``share`` with Wilson's
        95 % interval ``low, high``, and ``suppressed`` where ``n`` is below 10.

    Notes
    -----
    Retrievable: an e-licence type or a data resource is named and ``materials.retrievable`` does not deny it. What a
    central authority, another region or a third party issues is not covered by the first rule. The potential is the
    number of rows with either rule, the realised part those of them with the status exempt.

    Examples
    --------
    >>> papers = pd.DataFrame({"item_code": "a", "canonical_id": ["x", "y"], "name": ["营业执照", "租赁合同"],
    ...     "source": ["elicence", "applicant"], "issuer_scope": ["city", "city"], "elicence_type": ["营业执照", None]})
    >>> items = pd.DataFrame({"item_code": ["a"], "name": ["A"]})
    >>> exemptions(Catalogue(items=items, item_materials=papers))["status"].tolist()
    ['exempt', 'to_be_collected']
    """
    table = catalogue.item_materials
    if table is None or not {"issuer_scope", "elicence_type", "data_resource"} & set(table.columns):
        return NotRecorded(
            "materials",
            "目录未提供材料的核发范围和电子证照类型，无法对照“两个免于提交”。",
            "the catalogue does not tell who issues the materials or which e-licences there are.",
            ("item_materials: issuer_scope, elicence_type",),
        )
    rows = table
    if "necessity" in rows:
        rows = rows[rows["necessity"] != "optional"]
    rows = rows.drop_duplicates(["item_code", "canonical_id"]).reset_index(drop=True)

    def said(column: str) -> pd.Series:
        own = rows[column] if column in rows else pd.Series(None, rows.index, dtype="object")
        of_kind = catalogue.materials
        if of_kind is not None and column in of_kind:
            own = own.where(own.notna(), rows["canonical_id"].map(of_kind.set_index("canonical_id")[column]))
        return own

    callable_ = said("elicence_type").notna()
    denied = said("retrievable").map({True: False, False: True}).fillna(False).astype(bool)
    data = rows["data_resource"].notna() if "data_resource" in rows else pd.Series(False, rows.index)
    scope = rows["issuer_scope"] if "issuer_scope" in rows else pd.Series(None, rows.index, dtype="object")
    reachable = (callable_ | data) & ~denied
    by_issuer = pd.Series((scope == "city") & reachable, dtype="boolean").mask((scope.isna() & reachable).to_numpy())
    by_elicence = pd.Series(callable_ & ~denied, dtype="boolean")
    exempt_now = guide_places(rows) != "submit"
    covered = by_issuer.fillna(False) | by_elicence
    status = np.select(
        [exempt_now, covered, (scope == "city"), scope.notna()], STATUS[:4], default=STATUS[4]
    )  # fmt: skip
    frame = pd.DataFrame(
        {
            "item_code": rows["item_code"], "canonical_id": rows["canonical_id"], "name": rows["name"],
            "issuer": said("issuer"), "by_issuer": by_issuer, "by_elicence": by_elicence, "status": status,
        }
    )  # fmt: skip
    return frame if log is None else _observed(frame, log)


def _observed(frame: pd.DataFrame, log: EventLog) -> pd.DataFrame:
    if isinstance(materials(log), NotRecorded):
        unknown = {"n": 0, "handed_in": 0, "share": np.nan, "low": np.nan, "high": np.nan, "suppressed": True}
        return frame.assign(**unknown)[list(_COLUMNS)]
    table = log.table("material_instances")
    assert table is not None
    table = table.assign(kind=kind_names(table), case=arrays.positions(log, table["case_id"]))
    table = table[table["case"] >= 0]
    table["handed"] = table["source"].astype("string").str.strip().str.casefold() == "applicant"
    item = ["item_code"] if "item_code" in table else []
    once = table.groupby([*item, "kind", "case"], observed=True)["handed"].any().reset_index()
    counted = once.groupby([*item, "kind"], observed=True)["handed"].agg(["size", "sum"]).reset_index()
    counted = counted.rename(columns={"kind": "canonical_id", "size": "n", "sum": "handed_in"})
    found = frame.merge(counted, on=[*item, "canonical_id"], how="left")
    found[["n", "handed_in"]] = found[["n", "handed_in"]].fillna(0).astype("int64")
    known = found["n"] > 0
    found["share"] = found["handed_in"].where(known) / found["n"].where(known)
    interval = [
        wilson(int(k), int(n)) if n else (np.nan, np.nan) for k, n in zip(found["handed_in"], found["n"], strict=True)
    ]
    found["low"], found["high"] = [x[0] for x in interval], [x[1] for x in interval]
    found["suppressed"] = found["n"] < SMALL
    return found[list(_COLUMNS)]
