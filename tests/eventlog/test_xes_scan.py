"""The quick way to read XES beside the strict one: the same tables, or it leaves the document alone."""

import gzip
import random

import hostile
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xes_documents as documents
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog import read_xes, xes, xes_scan
from flowaudit.eventlog.xes_document import read_document
from flowaudit.eventlog.xes_scan import scan_xes

LOGS = ("receipt", "DomesticDeclarations", "BPIC15_1")
PLAIN = (
    '<log><trace><string key="concept:name" value="1"/><event><string key="a" value="b"/>'
    '<date key="time:timestamp" value="2024-01-05T09:00:00+08:00"/></event></trace></log>'
)


def cells(table):
    """A table without its dictionaries, whose order is nobody's business."""
    return pa.table({
        name: values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values
        for name, values in zip(table.column_names, table.columns, strict=True)
    })  # fmt: skip


def assert_same(a, b):
    for one, other in ((a.events, b.events), (a.traces, b.traces)):
        assert len(one) == len(other)
        assert one.schema == other.schema
        assert cells(one).equals(cells(other))
    np.testing.assert_array_equal(a.trace_of, b.trace_of)
    assert (a.offsets, a.local, a.nested, a.loose) == (b.offsets, b.local, b.nested, b.loose)


def compare_both_ways(path, timezone=None):
    """Read both ways; what the quick way accepts, the strict one accepts with the same result."""
    quick = scan_xes(path, timezone=timezone)
    try:
        strict = read_document(path, timezone=timezone)
    except InputError:
        assert quick is None
        return None
    if quick is not None:
        assert_same(quick, strict)
    return quick


@pytest.fixture
def small(monkeypatch):
    """Buffers so small that everything is cut everywhere."""

    def to(chunk, rows, distinct):
        monkeypatch.setattr(xes_scan, "_CHUNK", chunk)
        monkeypatch.setattr(xes_scan, "_ROWS", rows)
        monkeypatch.setattr(xes_scan, "_DISTINCT", distinct)

    to(1 << 12, 64, 64)
    return to


@pytest.fixture
def write(tmp_path):
    def to(text, name="a.xes"):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return to


@pytest.mark.parametrize("timezone", [None, "Asia/Shanghai"])
@pytest.mark.parametrize("file", LOGS)
def test_real_logs(real_log, file, timezone):
    assert compare_both_ways(real_log(f"{file}.xes.gz"), timezone) is not None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", LOGS)
def test_real_logs_beside_pm4py(real_log, file):
    """All cells of all columns. pm4py leaves entities as they are, and its stamps are in UTC."""
    from pm4py.objects.log.importer.xes import importer

    path = real_log(f"{file}.xes.gz")
    theirs = importer.apply(str(path), variant="chunk_regex")
    mine = scan_xes(path, timezone="UTC")
    assert np.bincount(mine.trace_of, minlength=len(mine.traces)).tolist() == [len(trace) for trace in theirs]
    events = [dict(event) for trace in theirs for event in trace]
    for table, rows in ((mine.events, events), (mine.traces, [dict(trace.attributes) for trace in theirs])):
        assert set(table.column_names) == {key for row in rows for key in row}
        for key in table.column_names:
            told = [row.get(key) for row in rows]
            if pa.types.is_timestamp(table[key].type):
                stamps = pd.Series(pd.to_datetime(pd.Series(told, dtype="object"), utc=True))
                told = [None if pd.isna(s) else s.to_pydatetime() for s in stamps.dt.tz_localize(None)]
            assert table[key].to_pylist() == [_unescaped(cell) for cell in told], key


def _unescaped(cell):
    import html

    return html.unescape(cell) if isinstance(cell, str) else cell


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.sampled_from([(1 << 12, 64, 64), (64, 1, 1), (100, 2, 2), (300, 3, 8)]))
def test_generated_documents(small, write, seed, cut):
    small(*cut)
    rng = random.Random(seed)
    compare_both_ways(write(documents.document(rng)), rng.choice([None, "Asia/Shanghai"]))


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32), odd=st.sampled_from([0.0, 0.01, 0.05]))
def test_odd_and_damaged_documents(small, write, seed, odd):
    rng = random.Random(seed)
    compare_both_ways(write(hostile.mutated(rng, documents.document(rng, odd=odd))))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.text(max_size=12), kind=st.sampled_from(list(documents.VALUES)))
@example("2011-10-11T13:45:40.276+02:00", "date")
@example("1e400", "float")
@example("18446744073709551616", "int")
def test_any_value(small, write, value, kind):
    from xml.sax.saxutils import quoteattr

    told = quoteattr(value).replace("\n", "&#10;")
    compare_both_ways(
        write(f'<log><trace><event><{kind} key="k" value={told}/></event></trace></log>'.encode("utf-8", "replace"))
    )


@pytest.mark.parametrize("cut", [(1 << 21, 1 << 16, 1 << 15), (64, 1, 1), (300, 3, 8)])
def test_most_generated_documents_are_read_the_quick_way(small, write, cut):
    """Otherwise the tests above would show nothing."""
    small(*cut)
    found = [scan_xes(write(documents.document(random.Random(seed)))) for seed in range(100)]
    assert sum(content is not None for content in found) > 60


def test_equal_hashes_are_not_equal_values():
    """A slot that bears the mark of the value looked for may belong to another column, or to other bytes."""
    from flowaudit.eventlog import _kernels_xes as kernels

    def table(kept, owner):
        slots, values = np.zeros(16, np.uint64), np.zeros((8, 4), np.int64)
        pool, state = np.zeros(999, np.uint8), np.zeros(kernels.STATE, np.int64)
        text = np.frombuffer(kept.ljust(kernels.PAD, b"\0"), np.uint8).copy()
        assert kernels.keep_key(text, 0, len(kept), owner, 7, slots, values, pool, state)
        return slots, values, pool, state

    text = np.frombuffer(b"0123456789".ljust(kernels.PAD, b"\0"), np.uint8).copy()
    for kept, owner in ((b"0123456789", 1), (b"012345678x", 2), (b"x123456789", 2), (b"01234567", 2)):
        slots, values, pool, state = table(kept, owner)
        place = np.flatnonzero(slots)[0]
        mark = int(kernels.hash_of(text, 0, 10, 2))
        slots[place] = 0
        slots[mark & 15] = np.uint64((mark >> 32 << 32) | 1)
        assert kernels.keep_key(text, 0, 10, 2, 8, slots, values, pool, state)
        assert state[kernels.VALUES] == 2
    slots, values, pool, state = table(b"0123456789", 2)
    assert not kernels.keep_key(text, 0, 10, 2, 8, slots, values, pool, state)


def test_every_type(write):
    text = (
        '<log>\n<trace>\n<int key="n" value="7"/><event><string key="s" value="a&amp;b&#x4E2d;"/><int key="i" value="9007199254740993"/>'
        '<float key="f" value="1.5"/><boolean key="b" value="true"/><id key="d" value="x"/><date key="t" value="2024-01-05T09:00:00.25+08:00"/>'
        '</event><event><float key="i2" value="NaN"/><int key="f" value="2"/></event></trace></log>'
    )
    found = compare_both_ways(write(text))
    assert found.events.to_pylist() == [
        {"s": "a&b中", "i": 9007199254740993, "f": 1.5, "b": True, "d": "x", "i2": None,
         "t": pd.Timestamp("2024-01-05 09:00:00.25").to_pydatetime()},
        {"s": None, "i": None, "f": 2.0, "b": None, "d": None, "t": None, "i2": None},
    ]  # fmt: skip
    assert found.traces.to_pylist() == [{"n": 7}]
    assert found.offsets == {"+08:00"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('value="b"/>', 'value="b"></string>'),
        ('value="b"/>', 'value="b"><string key="in" value="x"/></string>'),
        ('"b"', "'b'"),
        ('key="a" value="b"', 'value="b" key="a"'),
        ('<string key="a"', '<string  key="a"'),
        ('<string key="a" value="b"/>', '<string key="a" value="b"/><string key="a" value="c"/>'),
        ('<string key="a" value="b"/>', '<string key="a" value="b"/><int key="a" value="1"/>'),
        ("<event>", "<event><!-- x -->"),
        ("<event>", "<event><?x y?>"),
        ("<event>", "<event>\0"),
        ("<event>", "<event>\n\0"),
        ("<event>", "<event>\x0c"),
        ("<event>", "<event>\u00a0"),
        ("<event>", "<event><![CDATA[x]]>"),
        ("<event>", '<event><list key="l"/>'),
        ("<event>", '<event id="1">'),
        ("<event>", "<x:event>"),
        ("</trace>", '</trace><string key="a" value="b"/>'),
        ("</log>", "</log><!-- x -->"),
        ("<log>", "<!DOCTYPE log><log>"),
        ("<log>", '<!DOCTYPE log [<!ENTITY x "y">]><log>'),
        ("<log>", '<?xml version="1.0" encoding="ISO-8859-1"?><log>'),
        ("<log>", "<log><!-- <trace> -->"),
        ("<log>", "<log><x>"),
        ('"b"', '"&x;"'),
        ('"b"', '"&#0;"'),
        ('"b"', '"<"'),
        ('"b"', '"\x01"'),
        ('"b"', '"\ufffe"'),
        ("2024-01-05", "2024-01-32"),
        ("2024-01-05T09", "2024-01-05T24"),
        ("+08:00", " +08:00"),
        ("</event>", ""),
        ("</log>", ""),
        ("</log>", "</log>x"),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(write, old, new):
    assert compare_both_ways(write(PLAIN)) is not None
    text = PLAIN.replace(old, new, 1)
    assert text != PLAIN
    assert compare_both_ways(write(text)) is None


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe4\xb8", b"\xf4\x90\x80\x80"])
def test_what_is_not_utf_8(write, bad):
    # Two values that would be well-formed one behind the other.
    path = write(PLAIN.encode().replace(b'"b"', b'"' + bad + b'"').replace(b'"1"', b'"\xad"'))
    assert compare_both_ways(path) is None


def test_values_made_to_collide_do_not_hang(write):
    """Where every place of the table is taken the search ends after so many steps, and the parser takes over."""
    path = write(PLAIN)
    scan = xes_scan._Scan(path.name, None)
    scan._slots[:] = np.uint64(1)
    source = xes_scan._Source(path, hashing=False)
    with pytest.raises(xes_scan._NotPlainError):
        scan.read(source)
    source.close()


def test_many_members_and_digest(write, tmp_path):
    from flowaudit.eventlog.source import sha256

    path = tmp_path / "a.xes.gz"
    path.write_bytes(gzip.compress(PLAIN[:60].encode()) + gzip.compress(PLAIN[60:].encode()) + b"\0" * 9)
    digest = []
    assert_same(scan_xes(path, digest=digest), read_document(path))
    assert digest == [sha256(path)]
    path.write_bytes(path.read_bytes() + b"rest")
    assert compare_both_ways(path) is None
    plain = write(PLAIN)
    assert scan_xes(plain, digest=digest) is not None
    assert digest[1] == sha256(plain)


@pytest.mark.parametrize("file", LOGS)
def test_whole_logs_are_equal(real_log, monkeypatch, file):
    path = real_log(f"{file}.xes.gz")
    quick = read_xes(path, salt=b"1" * 32)
    monkeypatch.setattr(xes, "scan_xes", lambda *_arguments, **_options: None)
    strict = read_xes(path, salt=b"1" * 32)
    assert quick.events.schema == strict.events.schema
    assert cells(quick.events).equals(cells(strict.events))
    pd.testing.assert_frame_equal(quick.tables["cases"], strict.tables["cases"])
    assert quick.provenance == strict.provenance


def test_errors_are_told_by_the_parser(write, monkeypatch):
    monkeypatch.setattr(xes, "_SMALL", 0)
    text = PLAIN.replace("><", ">\n<")
    assert read_xes(write(text), activity="a").case_ids == ["1"]
    with pytest.raises(InputError, match=r"line 4: '2024-01-32T09:00:00\+08:00'"):
        read_xes(write(text.replace("01-05", "01-32")), activity="a")
    with pytest.raises(InputError, match=r"line 4: 'xxxxx' is neither true nor false"):
        read_xes(write(text.replace("<date", '<boolean key="o" value="maybe"/><date')), activity="a")


def test_lines_are_found_again_when_an_error_needs_them(write, monkeypatch):
    monkeypatch.setattr(xes, "_SMALL", 0)
    text = PLAIN.replace("><", ">\n<").replace(
        "</trace>", '<event>\n<date key="t" value="2024-01-05"/></event></trace>'
    )
    with pytest.raises(InputError, match=r"1 rows are empty, first on line 8"):
        read_xes(write(text), activity="a")
