"""Writing XES: what is read back is the same log, and other programs read it."""

import gzip
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog import Provenance, from_frame, load_sample, read_xes, select_cases, stage_of, xes
from flowaudit.eventlog.write_xes import write_xes
from flowaudit.eventlog.xes_scan import scan_xes

SALT = b"1" * 32
LOGS = ("receipt", "DomesticDeclarations", "BPIC15_1")
# Blanks at the ends are trimmed at the door, and control characters do not exist in XML.
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=6
)
texts = st.one_of(
    words, st.sampled_from(["a&b", "<x>", 'say "no"', "it's", "a\tb", "a\nb", "a\r\nb", "&amp;", "]]>", "某事"])
)
# Names that tell a stage would have one when they are read.
steps = texts.filter(lambda name: stage_of(name) is None)
stamps = st.datetimes(pd.Timestamp("1980-01-01").to_pydatetime(), pd.Timestamp("2100-01-01").to_pydatetime())


def plain(log):
    """Events as pandas, dictionaries as plain text, without columns that hold nothing."""
    frame = log.to_pandas().dropna(axis="columns", how="all")
    return frame.astype({c: "str" for c in frame if isinstance(frame[c].dtype, pd.CategoricalDtype)})


def assert_same(a, b):
    one, other = plain(a), plain(b)
    assert set(one) == set(other)
    pd.testing.assert_frame_equal(one[sorted(one)], other[sorted(one)], check_dtype=False)
    x, y = a.table("cases"), b.table("cases")
    assert (x is None) == (y is None)
    if x is not None:
        x, y = (t.dropna(axis="columns", how="all") for t in (x, y))
        assert set(x) == set(y)
        by_case = [t[sorted(t)].sort_values("case_id", ignore_index=True) for t in (x, y)]
        pd.testing.assert_frame_equal(*by_case, check_dtype=False)


@st.composite
def logs(draw):
    n = draw(st.integers(1, 12))
    rows = lambda values: draw(st.lists(values, min_size=n, max_size=n))  # noqa: E731
    frame = pd.DataFrame({"case_id": rows(words), "activity": rows(steps), "end": pd.to_datetime(rows(stamps))})
    frame["end"] = frame["end"].astype("datetime64[us]")
    choices = {
        "start": st.one_of(st.none(), stamps), "department": st.one_of(st.none(), words), "stage": st.sampled_from(["accept", "decide"]),
        "k": st.one_of(st.none(), texts), "w": st.integers(-(2**63), 2**63 - 1), "x": st.floats(allow_nan=False), "b": st.booleans(),
        "when": st.one_of(st.none(), stamps), "键 <&\"'>": st.one_of(st.none(), words), "role": words, "where": words,
    }  # fmt: skip
    for name in draw(st.lists(st.sampled_from(list(choices)), unique=True)):
        values = rows(choices[name])
        if any(v is not None for v in values):
            frame[name] = (
                pd.Series(values, dtype="object") if name in ("k", "department", "键 <&\"'>") else pd.Series(values)
            )
            if name in ("start", "when"):
                frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    tables = {}
    if draw(st.booleans()):
        ids = frame["case_id"].drop_duplicates().tolist() + draw(st.lists(st.just("no events"), max_size=1))
        cases = pd.DataFrame({"case_id": pd.Series(ids, dtype="str"), "quarter": pd.Series(["a & b"] * len(ids), dtype="str"),
                              "fee": np.arange(len(ids)) / 4})  # fmt: skip
        tables["cases"] = cases
    zone = draw(st.sampled_from(["Asia/Shanghai", "", "Europe/Amsterdam"]))
    return from_frame(frame, tables=tables, provenance=Provenance(timezone=zone))


@settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(log=logs(), quick=st.booleans())
def test_generated_logs_come_back(log, quick, tmp_path, monkeypatch):
    monkeypatch.setattr(xes, "_SMALL", 0 if quick else 1 << 40)
    path = tmp_path / "a.xes"
    assert write_xes(log, path) == ()
    # A key that has to be escaped is for the parser.
    assert (scan_xes(path) is not None) == ("键 <&\"'>" not in log.columns)
    assert_same(read_xes(path, salt=SALT, keep_text=True), log)


@pytest.mark.parametrize("file", LOGS)
def test_real_logs_come_back(real_log, tmp_path, file):
    log = read_xes(real_log(f"{file}.xes.gz"), salt=SALT)
    path = tmp_path / "a.xes.gz"
    assert write_xes(log, path) == ()
    again = read_xes(path, salt=b"2" * 32)
    assert_same(again, log)
    assert set(again.provenance.pseudonymised) == set(log.provenance.pseudonymised)


def test_the_sample_comes_back(tmp_path):
    log = load_sample("restaurant")
    lost = write_xes(log, tmp_path / "a.xes")
    assert any("side tables" in words for words in lost)
    assert_same(read_xes(tmp_path / "a.xes", salt=SALT, keep_text=True), log)


@pytest.mark.filterwarnings("ignore")
def test_pm4py_reads_it(tmp_path):
    """Not by its ``chunk_regex``, which cuts characters of several bytes apart."""
    from pm4py.objects.log.importer.xes import importer

    log = load_sample("restaurant")
    write_xes(log, tmp_path / "a.xes")
    found = importer.apply(str(tmp_path / "a.xes"), variant="iterparse")
    assert {trace.attributes["concept:name"]: len(trace) for trace in found} == dict(
        zip(log.case_ids, np.diff(log.case_ptr).tolist(), strict=True)
    )
    first = found[0][0]
    row = log.to_pandas().iloc[0]
    assert first["concept:name"] == row["activity"]
    assert first["org:group"] == row["department"]
    assert pd.Timestamp(first["time:timestamp"]).tz_convert("Asia/Shanghai").tz_localize(None) == row["end"]


def test_the_document(tmp_path):
    frame = pd.DataFrame({
        "case_id": ["1", "1", "2"], "activity": ["a", 'b"<&>\n', "a"], "end": pd.to_datetime(["2024-01-05 09:00"] * 3),
        "n": [1, 2, 3],
    })  # fmt: skip
    write_xes(from_frame(frame), tmp_path / "a.xes")
    root = ElementTree.parse(tmp_path / "a.xes").getroot()
    ns = "{http://www.xes-standard.org/}"
    assert [e.get("prefix") for e in root.iter(f"{ns}extension")] == ["concept", "time", "org"]
    assert [c.get("keys") for c in root.iter(f"{ns}classifier")] == ["concept:name"]
    events = [{a.get("key"): (a.tag.removeprefix(ns), a.get("value")) for a in e} for e in root.iter(f"{ns}event")]
    assert events[1] == {
        "concept:name": ("string", 'b"<&>\n'), "time:timestamp": ("date", "2024-01-05T09:00:00.000+08:00"), "n": ("int", "2"),
    }  # fmt: skip
    assert [t.find(f"{ns}string").get("value") for t in root.iter(f"{ns}trace")] == ["1", "2"]


def test_blocks_are_cut_anywhere(tmp_path, monkeypatch):
    module = sys.modules[write_xes.__module__]
    log = load_sample("restaurant")
    log = select_cases(log, np.arange(log.n_cases) < 9, "nine cases")
    write_xes(log, tmp_path / "a.xes")
    for rows in (1, 2, 7):
        monkeypatch.setattr(module, "_ROWS", rows)
        write_xes(log, tmp_path / "b.xes")
        assert (tmp_path / "b.xes").read_bytes() == (tmp_path / "a.xes").read_bytes()


def test_what_xml_cannot_hold_is_told(tmp_path):
    log = from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["a\x0bb"], "end": pd.to_datetime(["2024-01-05"])}))
    assert write_xes(log, tmp_path / "a.xes") == ("1 characters that XML cannot hold; each is written as '\ufffd'",)
    assert read_xes(tmp_path / "a.xes").activities == ["a\ufffdb"]


def test_packed_files_are_equal_and_nothing_half_is_left(tmp_path):
    log = load_sample("restaurant")
    write_xes(log, tmp_path / "a.xes")
    write_xes(log, tmp_path / "a.xes.gz")
    packed = (tmp_path / "a.xes.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "a.xes").read_bytes()
    write_xes(log, tmp_path / "a.xes.gz")
    assert (tmp_path / "a.xes.gz").read_bytes() == packed
    with pytest.raises(InputError, match="cannot be written"):
        write_xes(log, tmp_path / "no folder" / "a.xes")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.xes", "a.xes.gz"]
