"""Part seven (II): which measure saves how much, in the stated order and whatever the order."""

from __future__ import annotations

from flowaudit.documents._words import DASH, interval, number, pick
from flowaudit.documents.content import Block, Heading, figure, table
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label, statistic_name
from flowaudit.planning import Attribution
from flowaudit.study import Study
from flowaudit.views import waterfall_chart


def shares(study: Study, lang: Language) -> list[Block]:
    """Return tables and picture; nothing where no measure is simulated."""
    stated, free = study.attribution, study.order_free
    if stated is None or not len(study.scenario) or not stated.savings:
        return []
    blocks: list[Block] = [Heading(_("(II) What each measure adds", lang=lang))]
    if "time" in stated.metrics:
        beside = free if free is not None and "time" in free.metrics else None
        picture = waterfall_chart(stated, beside, metric="time", lang=lang)
        blocks += [_time(stated, beside, lang), figure(picture, _("Working days saved by measure", lang=lang))]
    return [*blocks, _every_metric(free or stated, lang)]


def _time(stated: Attribution, free: Attribution | None, lang: Language) -> Block:
    """Days saved by measure, the share that no order decides beside that in the stated one."""
    ways = [stated] if free is None else [stated, free]
    savings = [way.of("time") for way in ways]
    rows: list[tuple[object, ...]] = []
    for i, bars in enumerate(zip(*(s.bars for s in savings), strict=True), 1):
        cells = [cell for b in bars for cell in (number(b.saved, 2), interval(b.low, b.high, 2) or DASH)]
        rows.append((i, bars[0].measure, bars[0].label(lang), *cells))
    totals = [cell for s in savings for cell in (number(s.total, 2), DASH)]
    rows.append(("", "", _("together", lang=lang), *totals))
    head = [
        _("No.", lang=lang), _("Id", lang=lang), _("Measure", lang=lang), _("Saved in this order (working days)", lang=lang), _("95 % interval", lang=lang),
        _("Order-free share (working days)", lang=lang), _("95 % interval", lang=lang),
    ]  # fmt: skip
    unit = _("Working days of the end-to-end time ({statistic} over cases), mean over {n} replications; the rows sum to the total but for rounding.",
             lang=lang, statistic=statistic_name(stated.statistic, lang), n=stated.replications)  # fmt: skip
    notes = (unit, *(way.method_words(lang) for way in ways), *(pick(lang, *note) for note in ways[-1].notes))
    widths = (0.7, 0.9, 4.6, 1.6, 1.9, 1.6, 1.9)
    columns = 3 + 2 * len(ways)
    return table(
        _("Savings by measure", lang=lang), tuple(head[:columns]), rows, notes=notes, widths=widths[:columns],
        numeric=tuple(range(3, columns)),
    )  # fmt: skip


def _every_metric(found: Attribution, lang: Language) -> Block:
    rows: list[tuple[object, ...]] = [
        (bars[0].measure, bars[0].label(lang), *(number(b.saved, 2) for b in bars))
        for bars in zip(*(s.bars for s in found.savings), strict=True)
    ]
    rows.append(("", _("together", lang=lang), *(number(s.total, 2) for s in found.savings)))
    units = (f"{metric_label(s.metric, lang)} ({s.rule.unit(lang)})" for s in found.savings)
    notes = (
        _("Reduction of the {statistic} over cases; negative: an increase. Counted as in the table of (I).",
          lang=lang, statistic=statistic_name(found.statistic, lang)),
        found.method_words(lang),
    )  # fmt: skip
    return table(
        _("What each measure saves of every metric", lang=lang),
        (_("Id", lang=lang), _("Measure", lang=lang), *units),
        rows,
        notes=notes,
        widths=(0.9, 4.6, *(1.6 for _s in found.savings)),
        numeric=tuple(range(2, 2 + len(found.savings))),
    )
