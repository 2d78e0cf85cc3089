"""Which materials may be one and the same: proposals for a person to confirm, never applied by themselves."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files

import pandas as pd

from flowaudit.catalogue.catalogue import Catalogue
from flowaudit.catalogue.names import aliases_of, normalise_name, role_of
from flowaudit.errors import InputError, UsageError
from flowaudit.messages import translate as _

COLUMNS = ("keep", "keep_name", "merge", "merge_name", "score", "reason", "confirmed")

# What kind of paper a name ends in: an application is no licence, however alike their names.
_HEADS = (
    "申请表", "申请书", "申请报告", "申请函", "申请", "申报表", "登记表", "备案表", "审批表", "信息表", "情况表", "汇总表", "表",
    "承诺书", "告知书", "通知书", "意见书", "委托书", "说明书", "确认书", "决定书", "批准书", "证书", "保证书", "责任书", "任命书", "任职文件", "书",
    "许可证", "身份证", "产权证", "执照", "合格证", "登记证", "资格证", "结婚证", "离婚证", "驾驶证", "行驶证", "护照", "证明", "证",
    "合同", "协议", "章程", "决议", "决定", "批复", "批文", "意见", "文件", "函", "说明",
    "报告", "方案", "预案", "制度", "规程", "标准", "清单", "名单", "目录", "名册", "花名册",
    "效果图", "布局图", "平面图", "竣工图", "施工图", "位置图", "流程图", "图纸", "图", "照片", "户口簿", "簿", "发票", "收据", "凭证", "票据", "卡",
)  # fmt: skip
_LONGEST_FIRST = tuple(sorted(_HEADS, key=len, reverse=True))
# Kinds of paper that one guide calls so and another otherwise; alike names then are one paper a little less surely.
_ALSO = {"申请书": "申请表", "申报表": "申请表", "申请": "申请表", "证书": "证", "协议": "合同", "平面图": "布局图"}
# Words of which two names that are one have the same.
_TELLING = (
    ("新办", "变更", "延续", "注销", "补办", "补领", "换发", "撤销", "年检", "首次", "遗失"),
    ("设计", "施工", "监理", "勘察", "竣工", "验收", "检测"),
    ("消防", "环保", "环境", "卫生", "食品", "药品", "安全", "排水", "节能", "人防", "特种设备", "医疗器械"),
    ("建设用地", "建设工程", "土地", "房屋", "车辆", "船舶"),
    ("结婚", "离婚", "出生", "死亡", "火化", "收养"),
    ("学历", "学位", "职称", "资格", "培训", "健康", "无犯罪"),
    ("租赁", "买卖", "赠与", "抵押", "劳动", "承包"),
    ("养老", "医疗保险", "医保", "工伤", "失业", "生育", "公积金"),
    ("法人", "个人", "单位", "家庭", "集体"),
    ("收入", "住房", "居住", "婚姻", "亲属", "资产", "纳税", "银行", "验资", "审计"),
    ("内部", "外部", "总平面", "地形"),
    ("变更前", "变更后", "原"),
    ("提前", "延期", "临时", "长期"),
)
_NUMBERS = re.compile(r"[0-9一二三四五六七八九十甲乙丙丁]+(?=[类级型期号])|[0-9]+")
_SAME, _ALIAS, _ADDED, _OTHER_HEAD = 1.0, 0.9, 0.75, 0.05
_SOME = 4


@dataclass(frozen=True)
class _Kind:
    code: str
    name: str
    names: frozenset[str]
    role: str
    core: str
    word: str
    head: str
    groups: frozenset[str]


def propose_merges(catalogue: Catalogue, *, least: float = 0.7) -> pd.DataFrame:
    """Propose which canonical materials may be one and the same.

    Two materials of different roles (法定代表人身份证, 经办人身份证) are never proposed, nor two whose kind of paper, number
    or purpose differs (申请表 and 承诺书; 甲级 and 乙级; 变更 and 注销).

    Parameters
    ----------
    catalogue : Catalogue
    least : float
        Least score, above 0 to 1.

    Returns
    -------
    pd.DataFrame
        Best first: ``keep``, ``keep_name``, ``merge``, ``merge_name`` (the material named by more rows is kept),
        ``score``, ``reason`` (``same name``: the same after normalising; ``alias``: by an alias of the catalogue or a
        shipped one; ``similar``: alike letters) and ``confirmed``, False throughout: a person sets it.

    Raises
    ------
    UsageError
        If ``least`` is not above 0 to 1.

    Notes
    -----
    Precision and recall on a planted list are published in ``docs/catalogue.md`` and kept by a test.

    Examples
    --------
    >>> materials = pd.DataFrame({"canonical_id": ["a", "b", "c"], "name": ["经办人身份证", "经办人身份证（复印件）", "法人身份证"]})
    >>> propose_merges(Catalogue(materials=materials))[["keep", "merge", "score", "reason"]].values.tolist()
    [['a', 'b', 1.0, 'same name']]
    """
    if not 0 < least <= 1:
        raise UsageError(_("least must be above 0 and at most 1, found {given}.", given=least))
    rows_asking = catalogue.item_materials
    used = {} if rows_asking is None else Counter(rows_asking["canonical_id"])
    kinds = _kinds(catalogue)
    rows = []
    for a, b in _candidates(kinds):
        score, reason = _alike(a, b, least)
        if score >= least:
            keep, merge = sorted((a, b), key=lambda k: (-used.get(k.code, 0), k.code))
            rows.append((keep.code, keep.name, merge.code, merge.name, round(score, 3), reason, False))
    rows.sort(key=lambda row: (-row[4], row[0], row[2]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def apply_merges(catalogue: Catalogue, confirmed: pd.DataFrame | Mapping[str, str]) -> Catalogue:
    """Return a catalogue in which confirmed pairs are one material.

    Parameters
    ----------
    catalogue : Catalogue
    confirmed : pd.DataFrame or mapping of str to str
        Proposals whose ``confirmed`` a person has set, others are left alone; or ``{merge: keep}``.

    Returns
    -------
    Catalogue
        ``item_materials`` asks for the kept material (no row is lost, the file's words stay); the table of materials
        loses the merged one, whose names become aliases of the kept one.

    Raises
    ------
    UsageError
        If the table has no column ``confirmed``, or a material is to be merged into two others or into itself.
    InputError
        If the catalogue has no such material.
    """
    into = _target(_pairs(confirmed))
    known = {kind.code for kind in _kinds(catalogue)}
    for code in (*into, *into.values()):
        if code not in known:
            raise InputError(_("the catalogue has no material '{material}'.", material=code))
    changes: dict[str, pd.DataFrame] = {}
    rows, materials = catalogue.item_materials, catalogue.materials
    if rows is not None:
        changes["item_materials"] = rows.assign(
            canonical_id=rows["canonical_id"].map(lambda code: into.get(code, code))
        )
    if catalogue.results is not None and "canonical_id" in catalogue.results:
        results = catalogue.results
        changes["results"] = results.assign(canonical_id=results["canonical_id"].map(lambda code: into.get(code, code)))
    origins = dict(catalogue.origins)
    if materials is not None:
        stays = ~materials["canonical_id"].isin(into)
        names = _names_after(materials, into)
        kept = materials[stays].assign(
            aliases=pd.Series(
                [names[code] for code in materials.loc[stays, "canonical_id"]], materials.index[stays], dtype="object"
            )
        )
        changes["materials"] = kept.reset_index(drop=True)
        if "materials" in origins:
            lines = tuple(line for line, stay in zip(origins["materials"].rows, stays, strict=True) if stay)
            origins["materials"] = replace(origins["materials"], rows=lines)
    return replace(catalogue, **changes, origins=origins)


def _pairs(confirmed: pd.DataFrame | Mapping[str, str]) -> list[tuple[str, str]]:
    if isinstance(confirmed, Mapping):
        return [(str(merge), str(keep)) for merge, keep in confirmed.items()]
    if "confirmed" not in confirmed:
        raise UsageError(
            _("the table of merges has no column 'confirmed'."),
            hint=_("take the table of propose_merges and set 'confirmed' where two materials are one."),
        )
    # A sheet that went through a spreadsheet has words where the table had truth values.
    said = confirmed["confirmed"].map(lambda v: str(v).strip().casefold() in ("true", "1", "1.0", "yes", "是", "√"))
    rows = confirmed[said]
    return list(zip(rows["merge"].astype(str), rows["keep"].astype(str), strict=True))


def _target(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return where every merged material ends, through chains of merges."""
    into: dict[str, str] = {}
    for merge, keep in pairs:
        if merge == keep or into.get(merge, keep) != keep:
            raise UsageError(_("'{material}' is merged into itself, or into two others.", material=merge))
        into[merge] = keep
    out = {}
    for start in into:
        seen, code = {start}, into[start]
        while code in into:
            if code in seen:
                raise UsageError(_("'{material}' is merged into itself, or into two others.", material=start))
            seen.add(code)
            code = into[code]
        out[start] = code
    return out


def _names_after(materials: pd.DataFrame, into: Mapping[str, str]) -> dict[str, str | None]:
    names: dict[str, list[str]] = {}
    for row in materials.to_dict("records"):
        code, aliases = str(row["canonical_id"]), row.get("aliases")
        own = aliases_of(aliases) if isinstance(aliases, str) else []
        names.setdefault(into.get(code, code), []).extend([str(row["name"]), *own] if code in into else own)
    return {code: "|".join(dict.fromkeys(found)) or None for code, found in names.items()}


def _kinds(catalogue: Catalogue) -> list[_Kind]:
    """Return every canonical material with its name and what else it is called."""
    names: dict[str, list[str]] = {}
    if catalogue.materials is not None:
        for row in catalogue.materials.to_dict("records"):
            aliases = row.get("aliases")
            own = aliases_of(aliases) if isinstance(aliases, str) else []
            names.setdefault(str(row["canonical_id"]), []).extend([str(row["name"]), *own])
    if catalogue.item_materials is not None:
        rows = catalogue.item_materials
        for code, name in zip(rows["canonical_id"], rows["name"], strict=True):
            names.setdefault(str(code), []).append(str(name))
    return [_kind(code, said) for code, said in sorted(names.items())]


def _kind(code: str, said: list[str]) -> _Kind:
    plain = normalise_name(said[0])
    role, core = role_of(plain)
    head = next((head for head in _LONGEST_FIRST if core.endswith(head)), "")
    names = frozenset(map(normalise_name, said))
    cores = {of[1] for of in map(role_of, names) if of[0] == role}
    groups = frozenset(_shipped()[c] for c in cores if c in _shipped())
    return _Kind(code, said[0], names, role, core, head, _ALSO.get(head, head), groups)


def _candidates(kinds: list[_Kind]) -> Iterable[tuple[_Kind, _Kind]]:
    """Yield pairs that share a name, an alias, or two letters in a row; the others cannot be alike."""
    by_key: dict[tuple[str, ...], list[int]] = {}
    for place, kind in enumerate(kinds):
        keys: set[tuple[str, ...]] = {(name,) for name in kind.names} | {(kind.role, group) for group in kind.groups}
        keys |= {(kind.role, kind.head, kind.core[i : i + 2]) for i in range(len(kind.core) - 1)}
        for key in keys:
            by_key.setdefault(key, []).append(place)
    pairs = {(a, b) for places in by_key.values() for i, a in enumerate(places) for b in places[i + 1 :]}
    for a, b in sorted(pairs):
        yield kinds[a], kinds[b]


@cache
def _shipped() -> dict[str, str]:
    """Every shipped name and alias, with the name its group goes by."""
    with (files(__package__) / "aliases.csv").open(encoding="utf-8") as stream:
        return {word: row["name"] for row in csv.DictReader(stream) for word in (row["name"], *row["aliases"].split())}


def _alike(a: _Kind, b: _Kind, least: float) -> tuple[float, str]:
    if a.role != b.role:
        return 0.0, ""
    if a.core == b.core:
        return _SAME, "same name"
    if a.names & b.names or a.groups & b.groups:
        return _ALIAS, "alias"
    if a.head != b.head or (not a.head and a.core[-1:] != b.core[-1:]):
        return 0.0, ""
    if _NUMBERS.findall(a.core) != _NUMBERS.findall(b.core):
        return 0.0, ""
    for words in _TELLING:
        if {w for w in words if w in a.core} != {w for w in words if w in b.core}:
            return 0.0, ""
    # The kind of paper is the same; what stands before it tells how alike they are.
    added = _inside(a.core, b.core) or _inside(b.core, a.core)
    matcher = SequenceMatcher(None, a.core, b.core, autojunk=False)
    if not added and matcher.real_quick_ratio() < least:
        return 0.0, ""
    # One name is the other with something added, as guides do with the place or the kind of firm.
    alike = max(matcher.ratio(), _ADDED if added else 0.0)
    return min(alike, _ALIAS - 0.01) - (0.0 if a.word == b.word else _OTHER_HEAD), "similar"


def _inside(short: str, long: str) -> bool:
    """Say whether a name of some length is the other one with letters left out."""
    letters = iter(long)
    return len(short) >= _SOME and all(letter in letters for letter in short)
