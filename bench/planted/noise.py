"""What recording does to a log: officers left out, ties, dates without a time of day, cases still open."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from planted.office import World

Noise = Literal["none", "missing officers", "ties", "dates only", "open cases"]
NOISES: tuple[Noise, ...] = get_args(Noise)
_STAMPS = ("arrive", "claim", "start", "end")


def noisy(world: World, noise: Noise, seed: int) -> World:
    """Change the tables of a world that has run; returns the same world.

    Notes
    -----
    Missing officers: 5 % of the events. Ties: stamps of events cut to the hour. Dates only: all stamps of events, and the
    times of cases, cut to the day. Open cases: the log ends after four fifths of its time.
    """
    rng = np.random.default_rng([seed, 11])
    events = world.frames["events"]
    if noise == "missing officers":
        struck = rng.random(len(events)) < 0.05
        events.loc[struck, "resource"] = None
    elif noise in ("ties", "dates only"):
        unit = "h" if noise == "ties" else "D"
        for column in _STAMPS:
            events[column] = events[column].dt.floor(unit)
        if noise == "dates only":
            cases = world.frames["cases"]
            for column in [c for c in cases if c.endswith("_time")]:
                cases[column] = cases[column].dt.floor("D")
    elif noise == "open cases":
        _cut(world)
    return world


def _cut(world: World) -> None:
    """Leave out whatever happened after four fifths of the time."""
    frames = world.frames
    events = frames["events"]
    first, last = events["start"].min(), events["end"].max()
    cut = first + 0.8 * (last - first)
    frames["events"] = events = events[events["end"] <= cut].reset_index(drop=True)
    known = set(events["case_id"])
    cases = frames["cases"]
    for column in [c for c in cases if c.endswith("_time")]:
        cases[column] = cases[column].mask(cases[column] > cut)
    cases["result"] = cases["result"].mask(cases["decide_time"].isna())
    frames["cases"] = cases[cases["case_id"].isin(known)].reset_index(drop=True)
    frames["e2o"] = frames["e2o"][frames["e2o"]["event_id"].isin(set(events["event_id"]))].reset_index(drop=True)
    for name, column in (
        ("material_instances", "submit_time"),
        ("ratings", "time"),
        ("special_episodes", "start"),
        ("visits", "date"),
    ):
        table = frames[name]
        keep = pd.to_datetime(table[column]) <= cut
        if "case_id" in table:
            keep &= table["case_id"].isin(known)
        frames[name] = table[keep].reset_index(drop=True)
    episodes = frames["special_episodes"]
    episodes["end"] = episodes["end"].mask(episodes["end"] > cut)
    if "bundles" in frames:
        bundles = frames["bundles"]
        bundles = bundles[bundles["bundle_id"].isin(set(frames["cases"]["bundle_id"]))].reset_index(drop=True)
        bundles["last_time"] = bundles["last_time"].mask(bundles["last_time"] > cut)
        frames["bundles"] = bundles
