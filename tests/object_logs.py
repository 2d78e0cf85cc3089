"""Object-centric logs as OCEL 2.0 files, written here from plain rows and by no code of the package."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

START = "1970-01-01T00:00:00Z"
"""From when the first value of an attribute holds (OCEL 2.0)."""
SQL = {"string": "TEXT", "integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN", "time": "TIMESTAMP"}


@dataclass
class Objects:
    """A log as rows.

    ``events``: (id, type, time, {attribute: value}); ``objects``: (id, type, [(attribute, time, value)]);
    ``relations``: (event, object, qualifier); ``links``: (object, object, qualifier);
    ``event_types``, ``object_types``: attribute to type, by type.
    """

    events: list = field(default_factory=list)
    objects: list = field(default_factory=list)
    relations: list = field(default_factory=list)
    links: list = field(default_factory=list)
    event_types: dict = field(default_factory=dict)
    object_types: dict = field(default_factory=dict)

    def write(self, path):
        {".json": self._json, ".jsonocel": self._json, ".sqlite": self._sqlite}.get(path.suffix, self._xml)(path)
        return path

    def document(self):
        """Return the log as JSON has it."""

        def types(told):
            return [
                {"name": name, "attributes": [{"name": a, "type": t} for a, t in held.items()]}
                for name, held in told.items()
            ]

        def related(rows, of):
            return [{"objectId": target, "qualifier": part} for one, target, part in rows if one == of]

        return {
            "eventTypes": types(self.event_types),
            "objectTypes": types(self.object_types),
            "objects": [
                {"id": i, "type": t, "attributes": [{"name": a, "time": w, "value": v} for a, w, v in held],
                 "relationships": related(self.links, i)}
                for i, t, held in self.objects
            ],
            "events": [
                {"id": i, "type": t, "time": w, "attributes": [{"name": a, "value": v} for a, v in held.items()],
                 "relationships": related(self.relations, i)}
                for i, t, w, held in self.events
            ],
        }  # fmt: skip

    def _json(self, path):
        path.write_text(json.dumps(self.document(), ensure_ascii=False), encoding="utf-8")

    def _xml(self, path):
        def types(word, told):
            inside = "".join(
                f"<{word} name={quoteattr(name)}><attributes>"
                + "".join(f'<attribute name={quoteattr(a)} type="{t}"/>' for a, t in held.items())
                + f"</attributes></{word}>\n"
                for name, held in told.items()
            )
            return f"<{word}s>\n{inside}</{word}s>\n"

        def value(v):
            return str(v).lower() if isinstance(v, bool) else escape(str(v))

        def related(rows, of):
            return "".join(
                f"<relationship object-id={quoteattr(target)} qualifier={quoteattr(part)}/>"
                for one, target, part in rows
                if one == of
            )

        objects = "".join(
            f"<object id={quoteattr(i)} type={quoteattr(t)}><attributes>"
            + "".join(f'<attribute name={quoteattr(a)} time="{w}">{value(v)}</attribute>' for a, w, v in held)
            + f"</attributes><objects>{related(self.links, i)}</objects></object>\n"
            for i, t, held in self.objects
        )
        events = "".join(
            f'<event id={quoteattr(i)} type={quoteattr(t)} time="{w}"><attributes>'
            + "".join(f"<attribute name={quoteattr(a)}>{value(v)}</attribute>" for a, v in held.items())
            + f"</attributes><objects>{related(self.relations, i)}</objects></event>\n"
            for i, t, w, held in self.events
        )
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<log>\n{types("object-type", self.object_types)}'
            f"{types('event-type', self.event_types)}<objects>\n{objects}</objects>\n<events>\n{events}</events>\n</log>\n",
            encoding="utf-8",
        )

    def _sqlite(self, path):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as out, out:
            for statement in (
                "CREATE TABLE event (ocel_id TEXT, ocel_type TEXT)",
                "CREATE TABLE object (ocel_id TEXT, ocel_type TEXT)",
                "CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT)",
                "CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT)",
                "CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT)",
                "CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT)",
            ):
                out.execute(statement)
            out.executemany("INSERT INTO event VALUES (?, ?)", [(i, t) for i, t, _w, _h in self.events])
            out.executemany("INSERT INTO object VALUES (?, ?)", [(i, t) for i, t, _h in self.objects])
            out.executemany("INSERT INTO event_object VALUES (?, ?, ?)", self.relations)
            out.executemany("INSERT INTO object_object VALUES (?, ?, ?)", self.links)
            for what, told, extra in (
                ("event", self.event_types, ""), ("object", self.object_types, ", ocel_changed_field TEXT"),
            ):  # fmt: skip
                for number, (kind, held) in enumerate(told.items()):
                    out.execute(f"INSERT INTO {what}_map_type VALUES (?, ?)", (kind, f"T{number}"))
                    columns = "".join(f', "{a}" {SQL[t]}' for a, t in held.items())
                    out.execute(f"CREATE TABLE {what}_T{number} (ocel_id TEXT, ocel_time TIMESTAMP{extra}{columns})")
                    marks = ", ".join("?" * (2 + bool(extra) + len(held)))
                    insert = f"INSERT INTO {what}_T{number} VALUES ({marks})"
                    if what == "event":
                        rows = [(i, w, *(h.get(a) for a in held)) for i, t, w, h in self.events if t == kind]
                    else:
                        rows = [row for i, t, h in self.objects if t == kind for row in _history(i, h, held)]
                    out.executemany(insert, rows)


def _history(name, values, columns):
    """Yield an object's first values in one row, and every later one in a row of its own."""
    first = {a: v for a, w, v in values if w.startswith("1970")}
    yield name, "1970-01-01 00:00:00", None, *(first.get(a) for a in columns)
    for attribute, when, value in values:
        if not when.startswith("1970"):
            yield name, when, attribute, *(value if a == attribute else None for a in columns)


ORDERS = Objects(
    events=[
        ("e1", "place", "2024-03-04T09:00:00Z", {"amount": 12.5, "urgent": True, "pieces": 3}),
        ("e2", "pack", "2024-03-05T10:30:00Z", {"amount": 7.25}),
        ("e3", "inspect", "2024-03-05T11:00:00.250000Z", {"note_x": "a <b> & \"c\" 甲"}),
        ("e4", "ship", "2024-03-06T08:00:00Z", {"pieces": 1}),
        ("e5", "count", "2024-03-07T08:00:00Z", {}),
    ],
    objects=[
        ("o1", "order", [("price", START, 10.5), ("price", "2024-03-05T00:00:00Z", 12.0), ("state", START, "open")]),
        ("o2", "order", [("state", START, "open"), ("state", "2024-03-06T00:00:00Z", "closed")]),
        ("i1", "item", [("weight", START, 5), ("fragile", START, False)]),
        ("i2", "item", []),
        ("i3", "item", [("made", START, "2024-01-02T03:04:05Z")]),
    ],
    relations=[
        ("e1", "o1", "order"), ("e1", "i1", "part"), ("e1", "i2", "part"), ("e2", "i1", ""), ("e2", "o1", "of"),
        ("e3", "o1", "first"), ("e3", "o2", "second"), ("e3", "o2", "again"), ("e4", "o2", "order"), ("e4", "i2", "part"),
    ],
    links=[("o1", "i1", "contains"), ("o1", "i2", "contains"), ("o2", "i2", "contains"), ("i1", "i2", "")],
    event_types={
        "place": {"amount": "float", "urgent": "boolean", "pieces": "integer"}, "pack": {"amount": "float"},
        "inspect": {"note_x": "string"}, "ship": {"pieces": "integer"}, "count": {},
    },
    object_types={
        "order": {"price": "float", "state": "string"}, "item": {"weight": "integer", "fragile": "boolean", "made": "time"},
    },
)  # fmt: skip
