"""What the simulation writes down; times are whole seconds since the origin."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Visit:
    bundle: str
    applicant: str
    site: str
    ticket: int
    called: int
    left: int
    purpose: str
    outcome: str = "progress"
    visit_id: str = ""


@dataclass
class Event:
    activity: str
    stage: str
    cases: tuple[tuple[str, str], ...]
    """(case, qualifier) pairs; several for a shared event."""
    item: str
    department: str
    start: int
    end: int
    arrive: int | None = None
    office: str = ""
    level: int | None = None
    resource: str = ""
    result: str = ""
    opinion: str = ""
    system: str = ""
    location: str = ""
    visit: Visit | None = None
    pool: str = ""
    step: str = ""
    event_id: str = ""


@dataclass
class Submission:
    """One material handed in for one case."""

    case: str
    event: Event
    kind: str
    code: str
    form: str
    mode: str
    source: str = "applicant"
    rejected: int | None = None
    """The moment of the notice that rejects it."""
    reason: str = ""

    @property
    def accepted(self) -> bool:
        return self.rejected is None


@dataclass
class Episode:
    case: str
    kind: str
    start: int
    end: int
    reason: str
    counts_in_clock: bool = False
    extension_days: int | None = None


@dataclass
class Rating:
    case: str
    channel: str
    time: int
    score: int
    text: str
    rectified: bool | None


@dataclass
class Case:
    case_id: str
    bundle: str
    item: str
    delivery: str
    apply: int
    accept: int | None = None
    decide: int | None = None
    finish: int | None = None
    deliver: int | None = None
    result: str = ""


@dataclass
class Records:
    """Everything that happened."""

    events: list[Event] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
