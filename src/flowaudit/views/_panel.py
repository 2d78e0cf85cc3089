"""The sliders of a scenario as widgets; all that is computed lies in ``what_if``."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from typing import Any

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.views._answer_html import figures_html, sentences_html
from flowaudit.views._knobs import Knob
from flowaudit.views.what_if import State, WhatIf

WAIT_S = 0.15
"""Turns of a slider that follow each other within this time are answered once."""


def panel(model: WhatIf, lang: Language) -> Any:
    """Return switches, sliders and the answer as one widget; turning one changes ``model.state``."""
    import ipywidgets as widgets

    figures, words, status = widgets.HTML(), widgets.HTML(), widgets.HTML()
    switches = [_switch(entry.label(lang)) for entry in model.entries]
    sliders = [_slider(knob, lang) for knob in model.knobs]

    def show() -> None:
        model.state = State(tuple(s.value for s in switches), tuple(s.value for s in sliders))
        status.value = html.escape(_("computing …", lang=lang))
        answer = model.answer()
        figures.value = figures_html(answer, lang)
        words.value = sentences_html(answer, lang)
        status.value = html.escape(_("answered in {seconds:.1f} s", lang=lang, seconds=answer.seconds))

    later = Later(show, WAIT_S)
    rows = []
    for k, switch in enumerate(switches):
        own = [s for s, knob in zip(sliders, model.knobs, strict=True) if knob.measure == k]
        rows += [switch, *own]
        switch.observe(_dim(own), names="value")
    for control in (*switches, *sliders):
        control.observe(lambda _change: later(), names="value")
    show()
    left = widgets.VBox([*rows, status], layout=widgets.Layout(min_width="420px", max_width="480px"))
    right = widgets.VBox([figures, words], layout=widgets.Layout(padding="0 0 0 16px"))
    return widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))


def _switch(label: str) -> Any:
    import ipywidgets as widgets

    return widgets.Checkbox(value=True, description=label, indent=False, layout=widgets.Layout(width="auto"))


def _slider(knob: Knob, lang: Language) -> Any:
    import ipywidgets as widgets

    wide: dict[str, Any] = {
        "description": knob.label(lang),
        "style": {"description_width": "240px"},
        "layout": widgets.Layout(width="460px"),
    }
    if knob.kind == "switch":
        return widgets.Checkbox(value=bool(knob.value), **wide)
    span = {"min": knob.low, "max": knob.high, "step": knob.step, "value": knob.value, "continuous_update": False}
    if knob.kind == "whole":
        return widgets.IntSlider(**{k: int(v) for k, v in span.items()} | {"continuous_update": False}, **wide)
    return widgets.FloatSlider(**span, readout_format=_format(knob), **wide)


def _format(knob: Knob) -> str:
    """How a slider writes its value: with as many decimals as one turn changes."""
    return ".0%" if knob.kind == "share" else ".0f" if knob.step >= 1.0 else ".1f" if knob.step >= 0.1 else ".2f"


def _dim(sliders: list[Any]) -> Callable[[Any], None]:
    """Sliders of a measure that is off cannot be turned."""

    def act(change: Any) -> None:
        for slider in sliders:
            slider.disabled = not change["new"]

    return act


class Later:
    """Calls a function once when nobody has asked for it again for a while; at once where nothing else can run meanwhile."""

    def __init__(self, call: Callable[[], None], wait_s: float) -> None:
        self._call, self._wait_s = call, wait_s
        self._due: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._call()
            return
        if self._due is not None:
            self._due.cancel()
        self._due = loop.call_later(self._wait_s, self._call)
