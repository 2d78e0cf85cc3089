"""One verb for all pictures: what is drawn depends on what is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flowaudit.diagnosis import Explanation, Findings, PeerComparison, Waiting
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog
from flowaudit.flow import AsIs, Spectrum, discover
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import FourReductions
from flowaudit.planning import Attribution, Promise, Robustness, Search, Staffing, Uncertainty
from flowaudit.redesign import Diff
from flowaudit.simulation import Forecast, Runs
from flowaudit.targets import Effects, Verdict
from flowaudit.views.charts import findings_chart, reductions_chart
from flowaudit.views.compare_chart import compare_chart
from flowaudit.views.compare_map import compare_map
from flowaudit.views.diff_map import diff_map
from flowaudit.views.forecast_chart import forecast_chart
from flowaudit.views.front_chart import front_chart
from flowaudit.views.funnel_chart import funnel_chart
from flowaudit.views.metric_chart import metric_chart
from flowaudit.views.picture import Picture
from flowaudit.views.process_map import merge_pairs, process_map
from flowaudit.views.promise_chart import promise_chart
from flowaudit.views.robustness_chart import robustness_chart
from flowaudit.views.sensitivity_chart import sensitivity_chart
from flowaudit.views.spectrum_chart import spectrum_chart
from flowaudit.views.staffing_chart import staffing_chart
from flowaudit.views.time_lines import time_lines
from flowaudit.views.waiting_chart import waiting_chart
from flowaudit.views.waterfall_chart import waterfall_chart

if TYPE_CHECKING:
    from flowaudit.study import Study

Drawable = (
    AsIs
    | Findings
    | Verdict
    | Effects
    | Attribution
    | FourReductions
    | EventLog
    | Runs
    | Forecast
    | Waiting
    | Explanation
    | PeerComparison
    | Search
    | Spectrum
    | Diff
    | Promise
    | Staffing
    | Uncertainty
    | Robustness
)


_CHARTS: dict[type, Callable[..., Picture]] = {
    AsIs: process_map,
    EventLog: lambda log, lang: process_map(discover(log), lang=lang),
    Runs: lambda runs, lang: process_map(discover(runs[0]), lang=lang),
    FourReductions: reductions_chart,
    Verdict: reductions_chart,
    Findings: findings_chart,
    Waiting: waiting_chart,
    PeerComparison: funnel_chart,
    Explanation: time_lines,
    Spectrum: spectrum_chart,
    Diff: diff_map,
    Forecast: forecast_chart,
    Promise: promise_chart,
    Staffing: staffing_chart,
    Uncertainty: sensitivity_chart,
    Robustness: robustness_chart,
    Search: front_chart,
    Effects: compare_chart,
}


def draw(
    thing: Drawable | Study,
    *,
    metric: str | None = None,
    beside: Attribution | None = None,
    lang: Language | None = None,
) -> Picture:
    """Draw a result.

    Parameters
    ----------
    thing
        ``AsIs``: the process map. ``EventLog`` or ``Runs``: the map of the log (of the first replication).
        ``Study``: before and after in one map, or the map as it is where nothing is redesigned.
        ``Promise``: what can be promised beside what is. ``Staffing``: officers against the share that keeps a promise.
        ``Uncertainty``: the tornado. ``Robustness``: the saving by demand, and how busy the pools get.
        ``Verdict`` or ``FourReductions``: bars of the four reductions. ``Attribution``: the waterfall. ``Search``: the portfolios no other one beats.
        ``Findings``: days lost by finding. ``Waiting``: the causes of waiting by activity. ``Explanation``: the cases of a
        finding as time lines. ``Diff``: what a redesign changes, in one map. ``Forecast``: the cases that will still be open, day by day. ``Effects``: what a reform changed, with intervals and over time. ``Spectrum``: the passages of a segment between two axes of time.
    metric : {"steps", "time", "clock", "materials", "trips"}, optional
        With ``FourReductions``: how this one is spread over the cases. With ``Attribution``: the one whose savings are drawn.
    beside : Attribution, optional
        With ``Attribution``: the same savings, shared out by the other method.
    lang : {"zh", "en"}, optional
        Default: the current language.

    Returns
    -------
    Picture
        Shows itself in a notebook; ``.save("map.svg")``, ``.save("map.png")``.

    Raises
    ------
    UsageError
        If there is no picture for such a thing.
    """
    from flowaudit.study import Study

    lang = lang or current_language()
    if isinstance(thing, Attribution):
        return waterfall_chart(thing, beside, metric=metric, lang=lang)
    if beside is not None:
        raise UsageError(
            _("nothing is drawn beside a {kind}.", kind=type(thing).__name__),
            hint="draw(waterfall(coalitions), beside=shapley(coalitions))",
        )
    if metric is not None:
        if not isinstance(thing, FourReductions):
            raise UsageError(
                _("a {kind} has no metric '{metric}' to draw.", kind=type(thing).__name__, metric=metric),
                hint=_("it belongs to the four reductions: draw(four_reductions(log), metric='time')"),
            )
        return metric_chart(thing, metric, lang=lang)
    if isinstance(thing, Study):
        if thing.to_be is None:
            return process_map(thing.as_is, lang=lang)
        return compare_map(thing.as_is, thing.to_be, merged=merge_pairs(tuple(thing.scenario)), lang=lang)
    for kind, chart in _CHARTS.items():
        if isinstance(thing, kind):
            return chart(thing, lang=lang)
    raise UsageError(
        _("there is no picture of a {kind}.", kind=type(thing).__name__),
        hint=_("draw the result of discover, diagnose, four_reductions, evaluate or study; a Process or Scenario prints itself."),
    )  # fmt: skip
