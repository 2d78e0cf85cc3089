"""好差评: the share of bad ratings before and after, what they were given for, and whether they were put right."""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, wilson
from flowaudit.targets.sides import Pair

WORDS = {
    "非常满意": 1, "满意": 2, "基本满意": 3, "比较满意": 2, "一般": 3, "不满意": 4, "不太满意": 4, "非常不满意": 5, "很不满意": 5,
    "非常差": 5, "差": 4, "好": 2, "非常好": 1,
}  # fmt: skip
"""Ratings written in words, as the codes of GB/T 39046: 1 is the best, 5 the worst."""
BAD = (4, 5)
"""不满意 and 非常不满意: the lowest two of five."""
LABELS = (
    "reason",
    "reasons",
    "label",
    "labels",
    "tag",
    "tags",
    "category",
    "原因",
    "差评原因",
    "不满意原因",
    "评价标签",
    "标签",
    "问题类型",
)
"""Columns with a reason to choose from; what people wrote themselves is in ``text``."""
THEMES = {
    "waiting": ("等候", "等待", "等了", "久等", "排队", "叫号", "wait", "queue"),
    "slow": ("超时", "太慢", "拖延", "逾期", "时间长", "进度", "slow", "late", "delay"),
    "trips": ("往返", "多次跑", "跑了", "来回", "白跑", "几趟", "trip", "again and again"),
    "materials": ("材料", "证明", "复印", "表格", "重复提交", "document", "form"),
    "notice": ("告知", "说不清", "不清楚", "指南", "咨询", "unclear", "information"),
    "attitude": ("态度", "冷漠", "推诿", "不耐烦", "rude", "attitude"),
    "system": ("系统", "网站", "网页", "登录", "卡顿", "app", "故障", "上传", "website", "login", "crash"),
    "fees": ("收费", "费用", "缴费", "fee", "charge"),
}  # fmt: skip
"""What free text is about, by the words in it; the text itself is never published."""
SMALL, LONGEST = 10, 20


@dataclass(frozen=True)
class Ratings:
    """Ratings before and after.

    Attributes
    ----------
    n, bad, rectified, judged, cases, rated : (int, int)
        Ratings, bad ones, bad ones put right, bad ones of which it is known, cases, and cases with a rating.
    difference, low, high : float
        Share of bad ratings after minus before, with its 95 % interval (Newcombe).
    reasons : pd.DataFrame or NotRecorded
        ``reason, bad_before, bad_after, share_before, share_after`` and their Wilson intervals; reasons of fewer than 10
        bad ratings in all stand together.
    unread : int
        Ratings whose score is no word or code known.
    """

    n: tuple[int, int]
    bad: tuple[int, int]
    rectified: tuple[int, int]
    judged: tuple[int, int]
    cases: tuple[int, int]
    rated: tuple[int, int]
    difference: float
    low: float
    high: float
    reasons: pd.DataFrame | NotRecorded = field(repr=False)
    unread: int = 0

    def text(self, lang: Language | None = None) -> str:
        """Return the shares of bad ratings as sentences."""
        lang = lang or current_language()
        before, after = (_share(self.bad[k], self.n[k]) for k in (0, 1))
        lines = [
            _("bad ratings (dissatisfied or very dissatisfied): {before} before, {after} after; change {difference:+.2%} ({low:+.2%} to {high:+.2%}), {words}.",
              lang=lang, before=before, after=after, difference=self.difference, low=self.low, high=self.high, words=self._judged(lang)),
            _("rated at all: {before} of the cases before, {after} after; those who do not rate are not among them.", lang=lang,
              before=_share(self.rated[0], self.cases[0]), after=_share(self.rated[1], self.cases[1])),
        ]  # fmt: skip
        if any(self.judged):
            lines.append(
                _("put right, of the bad ratings of which it is known: {before} before, {after} after.", lang=lang,
                  before=_share(self.rectified[0], self.judged[0]), after=_share(self.rectified[1], self.judged[1]))
            )  # fmt: skip
        if self.unread:
            lines.append(_("{n:,} ratings have a score that is no code known and are not counted.", lang=lang, n=self.unread))  # fmt: skip
        if isinstance(self.reasons, NotRecorded):
            lines.append(self.reasons.text(lang))
        return "\n".join(lines)

    def _judged(self, lang: Language) -> str:
        if self.low > 0:
            return _("more than before", lang=lang)
        return _("fewer than before", lang=lang) if self.high < 0 else _("not told from chance", lang=lang)

    def table(self, lang: Language | None = None) -> pd.DataFrame:
        """Return bad ratings by reason with words for the reasons; an empty table where none are recorded."""
        if isinstance(self.reasons, NotRecorded):
            return pd.DataFrame(columns=["reason"])
        return self.reasons.assign(reason=[theme_name(str(r), lang) for r in self.reasons["reason"]])

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        sides = {}
        for k, which in enumerate(("before", "after")):
            low, high = wilson(self.bad[k], self.n[k])
            sides[which] = {
                "ratings": self.n[k], "bad": self.bad[k], "bad_share": self.bad[k] / self.n[k], "bad_low": low, "bad_high": high,
                "cases": self.cases[k], "rated": self.rated[k], "rectified": self.rectified[k], "rectified_known": self.judged[k],
            }  # fmt: skip
        reasons: Any = self.reasons
        told = reasons.to_dict(lang) if isinstance(reasons, NotRecorded) else self.table(lang).to_dict("records")
        return {
            "recorded": True, **sides, "difference": self.difference, "difference_low": self.low, "difference_high": self.high,
            "unread": self.unread, "text": self.text(lang), "reasons": told,
        }  # fmt: skip

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(line) for line in self.text().split("\n"))
        return f"<p>{lines}</p>{self.table().to_html(index=False, escape=True)}"


def theme_name(theme: str, lang: Language | None = None) -> str:
    """Return what people call the theme of a text; a label recorded as such stays."""
    names = {
        "waiting": _("waiting in line", lang=lang), "slow": _("slow handling", lang=lang), "trips": _("several trips", lang=lang),
        "materials": _("materials and forms", lang=lang), "notice": _("unclear notice", lang=lang),
        "attitude": _("attitude of staff", lang=lang), "system": _("online system", lang=lang), "fees": _("fees", lang=lang),
        "*other": _("other reasons", lang=lang), "*none": _("no reason given", lang=lang),
    }  # fmt: skip
    return names.get(theme, theme)


def _share(part: int, whole: int) -> str:
    if not whole:
        return "—"
    low, high = wilson(part, whole)
    return f"{part / whole:.2%} ({part:,} / {whole:,}; {low:.2%} – {high:.2%})"


def rated(pair: Pair) -> Ratings | NotRecorded:
    """Compare the ratings of both sides.

    Returns
    -------
    Ratings or NotRecorded
        Not recorded where a side has no ratings.

    References
    ----------
    Newcombe. Interval estimation for the difference between independent proportions: comparison of eleven methods.
    *Statistics in Medicine* 17 (1998) 873-890, method 10.
    """
    tables = []
    for side, zh, en in zip(pair.sides, ("改革前", "改革后"), ("before", "after"), strict=True):
        table = side.log.table("ratings")
        if table is None or "score" not in table or not table["score"].notna().any():
            return NotRecorded("ratings", f"{zh}的日志没有好差评记录。", f"the log {en} holds no ratings.", ("ratings: score",))  # fmt: skip
        tables.append(table[table["score"].notna()])
    scores = [table["score"].map(score_of) for table in tables]
    unread = sum(int(s.isna().sum()) for s in scores)
    tables = [t[s.notna()].assign(bad=s[s.notna()].isin(BAD)) for t, s in zip(tables, scores, strict=True)]
    n = (len(tables[0]), len(tables[1]))
    if not all(n):
        return NotRecorded("ratings", "好差评的评价等级无法识别。", "the scores of the ratings are no codes known.", ("ratings: score",))  # fmt: skip
    worst = [t[t["bad"]] for t in tables]
    known = [_truth(t["rectified"]) if "rectified" in t else pd.Series(dtype="boolean") for t in worst]
    bad = (len(worst[0]), len(worst[1]))
    of = [side.log.case_axis.intersection(pd.Index(t["case_id"].dropna().unique())) for side, t in zip(pair.sides, tables, strict=True)]  # fmt: skip
    return Ratings(
        n, bad, (int(known[0].sum()), int(known[1].sum())), (int(known[0].notna().sum()), int(known[1].notna().sum())),
        (pair.before.log.n_cases, pair.after.log.n_cases), (len(of[0]), len(of[1])),
        *difference_of_shares(bad, n), _reasons(worst), unread,
    )  # fmt: skip


def difference_of_shares(part: tuple[int, int], whole: tuple[int, int]) -> tuple[float, float, float]:
    """Return the second share minus the first, with Newcombe's 95 % interval.

    Examples
    --------
    >>> [round(v, 4) for v in difference_of_shares((48, 56), (80, 70))]
    [0.2, 0.0524, 0.3339]
    """
    (l1, u1), (l2, u2) = (wilson(p, w) for p, w in zip(part, whole, strict=True))
    p1, p2 = part[0] / whole[0], part[1] / whole[1]
    value = p2 - p1
    return value, value - math.hypot(p2 - l2, u1 - p1), value + math.hypot(u2 - p2, p1 - l1)


def score_of(value: object) -> float:
    """Return a rating as the code 1 (best) to 5 (worst); NaN where it is neither a code nor a word known.

    Examples
    --------
    >>> score_of("非常不满意"), score_of(4), score_of("4.0"), score_of("95")
    (5.0, 4.0, 4.0, nan)
    """
    text = str(value).strip()
    if text in WORDS:
        return float(WORDS[text])
    found = re.fullmatch(r"([1-5])(?:\.0+)?", text)
    return float(found[1]) if found else math.nan


def _truth(values: pd.Series) -> pd.Series:
    """Return yes, no and unknown, however they were written."""
    words = {"true": True, "1": True, "是": True, "已整改": True, "yes": True,
             "false": False, "0": False, "否": False, "未整改": False, "no": False}  # fmt: skip
    written = values.astype("object").map(lambda v: None if pd.isna(v) else words.get(str(v).strip().casefold()))
    return written.astype("boolean")


def _reasons(worst: list[pd.DataFrame]) -> pd.DataFrame | NotRecorded:
    column = next((c for c in LABELS if all(c in t and t[c].notna().any() for t in worst if len(t))), None)
    if not any(len(t) for t in worst):
        return NotRecorded("ratings", "没有差评。", "there are no bad ratings.")
    if column is not None:
        told = [t[column].map(_label) for t in worst]
    elif any("text" in t and t["text"].notna().any() for t in worst):
        told = [(t["text"] if "text" in t else pd.Series(None, t.index, dtype=object)).map(_theme) for t in worst]
    else:
        return NotRecorded(
            "ratings",
            "差评原因未记录；文字评价默认不读入，如需按内容归类，读取时写 keep_text=True（原文不会公布）。",
            "reasons of bad ratings are not recorded; what people wrote is not read unless keep_text=True is given, "
            "and is then sorted by its words, never published.",
            ("ratings: reason",),
        )
    counts = pd.DataFrame({"bad_before": told[0].value_counts(), "bad_after": told[1].value_counts()}).fillna(0).astype(int)  # fmt: skip
    rare = counts.sum(axis=1) < SMALL
    # A reason few people gave may be about one of them.
    names = np.where(rare & (counts.index != "*none"), "*other", counts.index.astype(object))
    counts = counts.groupby(names).sum().sort_values(["bad_before", "bad_after"], ascending=False, kind="stable")
    table = counts.rename_axis("reason").reset_index()
    for which, t in zip(("before", "after"), worst, strict=True):
        shares = [
            (x / len(t), *wilson(x, len(t))) if len(t) else (math.nan,) * 3 for x in table[f"bad_{which}"].tolist()
        ]
        table[[f"share_{which}", f"low_{which}", f"high_{which}"]] = np.array(shares, np.float64).reshape(-1, 3)
    return table


def _label(value: object) -> str:
    """A recorded reason; what is too long to be one was written by somebody, and is not published."""
    text = "" if pd.isna(value) else str(value).strip()  # type: ignore[call-overload]
    if not text:
        return "*none"
    plain = len(text) <= LONGEST and text.isprintable() and not re.search(r"\d{6}|[<>=@*\"']", text)
    return text if plain else "*other"


def _theme(value: object) -> str:
    text = "" if pd.isna(value) else str(value).strip().casefold()  # type: ignore[call-overload]
    if not text:
        return "*none"
    return next((name for name, words in THEMES.items() if any(word in text for word in words)), "*other")
