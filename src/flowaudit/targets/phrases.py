"""A target in one phrase: "减环节 30%", "全程时间 不超过 20 个工作日（90% 的办件）", "trips at most 1".

The grammar, in either language and in this or another order of the words::

    phrase     = reduction | bound, then an optional population
    reduction  = 减 METRIC N%            reduce METRIC by N%          METRIC 减少 N%        N% fewer METRIC
    bound      = METRIC 不超过 N UNIT     METRIC at most N UNIT        METRIC <= N UNIT
               | 减 METRIC 到 N UNIT      reduce METRIC to N UNIT      METRIC N UNIT 以内
    share      = （90% 的办件）           for 90% of cases             after a bound: that share of the cases keeps it
    statistic  = 中位数 平均数 P90 P95     median mean p90 p95          of the cases; median where nothing is said
    rule       = 办事人环节 法定环节 流转节点  steps (A) ...               a counting rule, in place of or behind the metric
    population = [区=甲区; 渠道=线上/窗口]   [district=甲区; channel=线上] only these cases

Full-width digits and signs, ≤, ％, 百分之三十, 三成 and 一半 are understood. What is not understood is an error that names it:
nothing is skipped but 的, 要, commas and brackets.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label
from flowaudit.targets.words import (
    METRIC_NAMES,
    METRICS_BY_WORD,
    OTHER_UNITS,
    POPULATION_NAMES,
    RULE_NAMES,
    UNIT_WORDS,
    population_of,
    unit_name,
)

if TYPE_CHECKING:
    from flowaudit.targets.target import Target

EXAMPLES = ("减环节 30%", "承诺时限 <= 5 工作日 for 90%", "减跑动到 1 次", "median time <= 10")

_WORDS: Mapping[str, tuple[str, ...]] = {
    "cut": (
        "减", "减少", "压减", "压缩", "缩短", "降低", "精简", "下降", "reduce", "reduced", "cut", "lower", "shorten", "shortened", "fewer",
        "less",
    ),
    "to": (
        "到", "至", "减到", "减至", "减少到", "减少至", "压减到", "压减至", "压缩到", "压缩至", "缩短到", "缩短至", "降到", "降至", "降低到",
        "降低至", "精简到", "精简至", "to",
    ),
    "most": (
        "<=", "不超过", "不得超过", "不高于", "不多于", "不大于", "至多", "最多", "控制在", "at most", "no more than", "not more than",
        "up to", "within",
    ),
    "inside": ("以内", "之内", "以下", "内", "or less", "or fewer"),
    "least": ("至少", "不少于", "不低于", "以上", "及以上", "at least", "or more"),
    "for": ("for", "of", "in"),
    "cases": ("的办件", "办件", "of all cases", "of the cases", "of cases", "cases"),
    "filler": ("的", "要", "应", "应当", "将", "目标", "by", "the", "number of", "should be", "must be", "is", "are", ",", ";", ":", "(", ")", "。", "、"),
}  # fmt: skip
_RULE_LETTERS = {key.replace("_", " ").casefold(): key for key in RULE_NAMES["steps"]}
_STATISTICS = {"中位数": "median", "中位值": "median", "median": "median", "平均数": "mean", "平均值": "mean", "平均": "mean", "均值": "mean", "mean": "mean", "average": "mean"}  # fmt: skip
_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_BRACKET = re.compile(r"[\[【［](?P<inside>.*)[\]】］]\s*$", re.DOTALL)
_PAIR = re.compile(r"\s*(?P<name>[^=＝]+?)\s*[=＝]\s*(?P<values>(?:\"(?:[^\"\\]|\\.)*\"|[^;；\"])+)")
_VALUE = re.compile(r"\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^/\"]+?))\s*(?:/|$)")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    value: Any = None


def _alternatives(words: Iterable[str]) -> str:
    """Return a pattern of words, the longest first; a Latin word stands alone."""
    found = []
    for word in sorted(words, key=len, reverse=True):
        pattern = r"\s+".join(re.escape(part) for part in word.split())
        found.append(rf"(?<![a-z]){pattern}(?![a-z])" if word[0].isascii() and word[0].isalpha() else pattern)
    return "|".join(found)


def _lexicon() -> dict[str, re.Pattern[str]]:
    numeral = "".join(_DIGITS) + "十"
    patterns = {
        "quantile": r"(?<![a-z])p\s*(?P<p>90|95)(?!\d)|(?<!\d)(?P<th>90|95)(?:th)?\s*%?\s*(?:percentile|百?分位[数值]?)",
        "rule": rf"{_alternatives(_RULE_LETTERS)}|\(\s*(?P<letter>[abcd])\s*\)",
        "percent": rf"(?P<digits>\d+(?:\.\d+)?)\s*%|百分之(?P<words>[{numeral}]+)|(?P<tenths>[{numeral}])成|(?P<half>一?半)",
        "number": rf"\d+(?:\.\d+)?|[{numeral}]+",
        "statistic": _alternatives(_STATISTICS),
        "metric": _alternatives(METRICS_BY_WORD),
        "unit": _alternatives({word for words in UNIT_WORDS.values() for word in words} - set(METRICS_BY_WORD)),
        "other_unit": _alternatives(OTHER_UNITS),
        **{kind: _alternatives(words) for kind, words in _WORDS.items()},
    }
    return {kind: re.compile(pattern) for kind, pattern in patterns.items()}


_LEXICON = _lexicon()


def parse_phrase(text: str) -> dict[str, Any]:
    """Return what a phrase says, as fields of a :class:`Target`.

    Raises
    ------
    UsageError
        Naming the part that cannot be read, and the nearest word that could.
    """
    bracket = _BRACKET.search(text)
    tokens = _tokens(text, text if bracket is None else text[: bracket.start()])
    reading = _Reading(text)
    for place, token in enumerate(tokens):
        before = tokens[place - 1].kind if place else ""
        after = next((t.kind for t in tokens[place + 1 :] if t.kind not in ("filler", "least")), "")
        reading.take(token, before, after)
    found = reading.done()
    if bracket is not None:
        found["population"] = _population(text, bracket["inside"])
    return found


def _tokens(text: str, said: str) -> list[_Token]:
    """Return the words of a phrase, each as long as the rest allows: in 减到访次数 the 到 belongs to 到访次数."""
    plain = unicodedata.normalize("NFKC", said)
    for written, meant in (("≤", "<="), ("≦", "<="), ("⩽", "<="), ("’", "'"), ("_", " ")):
        plain = plain.replace(written, meant)
    plain = plain.casefold()
    rest: dict[int, list[_Token]] = {len(plain): []}
    for place in range(len(plain) - 1, -1, -1):
        if plain[place].isspace():
            if place + 1 in rest:
                rest[place] = rest[place + 1]
            continue
        token = next((t for t in _words_at(plain, place) if place + len(t.text) in rest), None)
        if token is not None:
            rest[place] = [token, *rest[place + len(token.text)]]
    if 0 not in rest:
        raise _unreadable(text, plain)
    return rest[0]


def _words_at(plain: str, place: int) -> list[_Token]:
    """Return the words that begin at a place, the longest first."""
    found = [(kind, pattern.match(plain, place)) for kind, pattern in _LEXICON.items()]
    words = [_Token(kind, match[0], _value(kind, match)) for kind, match in found if match is not None]
    return sorted(words, key=lambda token: -len(token.text))


def _value(kind: str, found: re.Match[str]) -> Any:
    word = " ".join(found[0].split())
    match kind:
        case "quantile":
            return f"p{found['p'] or found['th']}"
        case "rule":
            return _RULE_LETTERS.get(word) or next(
                key for word, key in _RULE_LETTERS.items() if word[0] == found["letter"]
            )
        case "percent":
            if found["digits"]:
                return Decimal(found["digits"]) / 100
            return Decimal("0.5") if found["half"] else Decimal(_counted(found["words"] or found["tenths"])) / (100 if found["words"] else 10)  # fmt: skip
        case "number":
            return Decimal(found[0]) if found[0][0].isdigit() else Decimal(_counted(found[0]))
        case "statistic":
            return _STATISTICS[word]
        case "metric":
            return METRICS_BY_WORD[word]
    return word


def _counted(numeral: str) -> int:
    """Return a number below 100 that is written in characters."""
    tens, ten, ones = numeral.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


def _unreadable(text: str, plain: str) -> UsageError:
    """Name what stands where the words of a phrase end."""
    reached, place = {0}, 0
    for at in range(len(plain)):
        if at in reached:
            place = at
            reached |= {at + 1} if plain[at].isspace() else {at + len(t.text) for t in _words_at(plain, at)}
    end = place + 1
    word = re.compile(r"[a-z][a-z'-]*").match(plain, place)
    if word is not None:
        end = word.end()
    else:
        while end < len(plain) and not plain[end].isspace() and not _words_at(plain, end):
            end += 1
    part = plain[place:end]
    known = {w for words in _WORDS.values() for w in words} | set(METRICS_BY_WORD) | set(_STATISTICS)
    near = nearest(part, sorted(known), n=1)
    return UsageError(
        _("'{part}' in the target '{text}' cannot be read.", part=part, text=text),
        hint=_("did you mean '{near}'?", near=near[0]) if near else _examples(),
    )


def _examples() -> str:
    return _("write, for example: {examples}", examples="; ".join(EXAMPLES))


@dataclass
class _Reading:
    """What the words of a phrase have said so far."""

    text: str
    metric: str | None = None
    rule: str | None = None
    statistic: str | None = None
    cuts: bool = False
    bounds: bool = False
    least: bool = False
    number: Decimal | None = None
    is_percent: bool = False
    share: Decimal | None = None
    units: list[str] = field(default_factory=list)

    def take(self, token: _Token, before: str, after: str) -> None:
        match token.kind:
            case "metric":
                self._metric(*token.value)
            case "rule":
                self.rule = token.value
            case "quantile" | "statistic":
                if self.statistic not in (None, token.value):
                    raise self._wrong(_("it names two statistics."))
                self.statistic = token.value
            case "percent" if before == "for" or after == "cases":
                if self.share is not None:
                    raise self._wrong(_("it names two shares of the cases."))
                self.share = token.value
            case "percent" | "number":
                if self.number is not None:
                    raise self._wrong(
                        _("it names two numbers."),
                        _("a share of the cases is written (90% 的办件) or for 90% of cases."),
                    )
                self.number, self.is_percent = token.value, token.kind == "percent"
            case "cut":
                self.cuts = True
            case "to" | "most" | "inside":
                self.bounds = True
            case "least":
                self.least = True
            case "unit":
                self.units.append(token.text)
            case "other_unit":
                raise self._wrong(
                    _("'{unit}' is no unit of a target.", unit=token.text),
                    _("times are counted in working days (工作日); natural days are another figure."),
                )

    def _metric(self, metric: str, rule: str | None) -> None:
        if self.metric is None:
            self.metric, self.rule = metric, rule or self.rule
        elif metric != self.metric or rule not in (None, self.rule):
            raise self._wrong(_("it names two metrics."), _("write a target for each."))

    def done(self) -> dict[str, Any]:
        """Return the fields of the target."""
        if self.metric is None:
            names = ", ".join(name for pair in METRIC_NAMES.values() for name in pair)
            raise self._wrong(_("it names no metric."), _("choose one of: {names}", names=names))
        if self.least and not self.cuts and self.share is None:
            raise self._wrong(
                _("a target is a bound from above."), _("write: {example}", example="不超过, <=, at most")
            )
        if self.number is None or not (self.cuts or self.bounds):
            raise self._wrong(_("it names no bound and no reduction."))
        for unit in self.units:
            if unit not in UNIT_WORDS[self.metric]:
                raise self._wrong(
                    _("'{unit}' is no unit of {metric}.", unit=unit, metric=metric_label(str(self.metric))),
                    _("its units: {names}", names=", ".join(UNIT_WORDS[self.metric]) or "%"),
                )
        found: dict[str, Any] = {"metric": self.metric}
        found |= {name: value for name in ("rule", "statistic") if (value := getattr(self, name)) is not None}
        if self.share is not None:
            found["share"] = self._part(self.share)
        return found | (self._bound() if self.bounds else self._reduction())

    def _bound(self) -> dict[str, float]:
        assert self.number is not None
        if self.least and self.share is None:
            raise self._wrong(
                _("a target is a bound from above."), _("write: {example}", example="不超过, <=, at most")
            )
        if self.is_percent and self.metric != "correction_rate":
            raise self._wrong(
                _("a bound on {metric} is no percentage.", metric=metric_label(str(self.metric))),
                _("a reduction is written: {example}", example=f"减{METRIC_NAMES[str(self.metric)][0]} 30%"),
            )
        return {"at_most": float(self.number)}

    def _reduction(self) -> dict[str, float]:
        assert self.number is not None
        if not self.is_percent:
            raise self._wrong(
                _("a reduction is a percentage."),
                _("for a value to be reached, write: {example}", example="减环节到 5 个, reduce steps to 5"),
            )
        return {"reduction": self._part(self.number)}

    def _part(self, share: Decimal) -> float:
        if not 0 < share <= 1:
            raise self._wrong(_("{percent} is not between 0 and 100 %.", percent=percent(float(share))))
        return float(share)

    def _wrong(self, problem: str, hint: str | None = None) -> UsageError:
        return UsageError(
            _("the target '{text}' cannot be used: {problem}", text=self.text, problem=problem),
            hint=hint or _examples(),
        )


def _population(text: str, inside: str) -> dict[str, tuple[str, ...]]:
    """Return the pairs of ``区=甲区; 渠道=线上/窗口``."""
    found: dict[str, tuple[str, ...]] = {}
    place = 0
    while place < len(inside):
        pair = _PAIR.match(inside, place)
        values = [] if pair is None else [_plain(v) for v in _VALUE.finditer(pair["values"])]
        if pair is None or not values or "".join(v[0] for v in _VALUE.finditer(pair["values"])) != pair["values"]:
            raise UsageError(
                _("'{part}' in the target '{text}' cannot be read.", part=inside[place:].strip(), text=text),
                hint=_("a population is written [区=甲区; 渠道=线上/窗口] or [district=甲区; channel=线上]."),
            )
        found[population_of(pair["name"])] = tuple(values)
        place = pair.end() + 1
    return found


def _plain(found: re.Match[str]) -> str:
    if found["quoted"] is None:
        return found["plain"].strip()
    word: str = json.loads(f'"{found["quoted"]}"')
    return word


def write_phrase(target: Target, lang: Language) -> str:
    """Return a target as a phrase that :func:`parse_phrase` understands; its label is not in it."""
    zh = lang == "zh"
    rules = RULE_NAMES.get(target.metric, {})
    name = rules.get(target.rule or "", METRIC_NAMES[target.metric])[0 if zh else 1]
    if target.reduction is not None:
        said = f"减{name} {percent(target.reduction)}" if zh else f"reduce {name} by {percent(target.reduction)}"
    else:
        bound = (
            percent(target.at_most) if target.metric == "correction_rate" else _digits(Decimal(repr(target.at_most)))
        )
        unit = unit_name(target.metric, target.rule, lang)
        # "trips at most 1" says it: "1 trips" would be said twice.
        said = f"{name} 不超过 {bound} {unit}" if zh else f"{name} at most {bound} {'' if unit == name else unit}"
    said = said.strip()
    if target.share is not None:
        said += f"（{percent(target.share)} 的办件）" if zh else f" for {percent(target.share)} of cases"
    elif target.statistic in ("p90", "p95"):
        said += f"（{target.statistic.upper()}）" if zh else f" ({target.statistic})"
    elif target.statistic == "mean" and target.metric != "correction_rate":
        said += "（平均数）" if zh else " (mean)"
    return f"{said} [{write_population(target.population, lang)}]" if target.population else said


def write_population(population: Iterable[tuple[str, tuple[str, ...]]], lang: Language) -> str:
    """Return a population as it stands in the brackets of a phrase."""
    at = 0 if lang == "zh" else 1
    return "; ".join(
        f"{POPULATION_NAMES[name][at] if name in POPULATION_NAMES else name}={'/'.join(_quoted(v) for v in values)}"
        for name, values in population
    )


def _quoted(value: str) -> str:
    return (
        json.dumps(value, ensure_ascii=False)
        if re.search(r'[/;；="\[\]【】［］\\]|^\s|\s$', value) or not value
        else value
    )


def percent(share: float | None) -> str:
    """Return a share as a percentage, with every digit it has."""
    return f"{_digits(Decimal(repr(share)) * 100)}%"


def _digits(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
