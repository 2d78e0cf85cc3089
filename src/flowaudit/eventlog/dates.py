"""Stamps as offices write them, parsed strictly and by whole columns: every form has a shape, one regex per shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

_CLOCK = r"(?P<h>00?):(?P<mi>00)(?::(?P<s>00)(?:[.,](?P<f>0{1,9}))?)?"
_ZONE = r"(?P<zone>Z|[+-](?P<zh>00):?(?P<zm>00)?)?"
# Digits are written 0 in a shape, so that one match on the shape gives the positions for every value that has it.
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<y>0000)-(?P<mo>00?)-(?P<d>00?)(?:[T ] ?{_CLOCK} ?{_ZONE})?",
        rf"(?P<y>0000)/(?P<mo>00?)/(?P<d>00?)(?: {_CLOCK})?",
        rf"(?P<y>0000)\.(?P<mo>00?)\.(?P<d>00?)(?: {_CLOCK})?",
        rf"(?P<y>0000)年(?P<mo>00?)月(?P<d>00?)日(?: ?{_CLOCK})?",
        r"(?P<y>0000)年(?P<mo>00?)月(?P<d>00?)日 ?(?P<h>00?)[时點点](?:(?P<mi>00?)分(?:(?P<s>00?)秒)?)?",
        rf"(?P<y>0000)(?P<mo>00)(?P<d>00)T(?P<h>00)(?P<mi>00)(?P<s>00)?{_ZONE}",
        r"(?P<y>0000)(?P<mo>00)(?P<d>00)(?P<h>00)(?P<mi>00)(?P<s>00)",
        r"(?P<y>0000)(?P<mo>00)(?P<d>00)",
    )
)
_MISSING = ("", "NaT", "nan", "None", "null", "NULL", "-", "—", "/")
SHOWN = 5


@dataclass(frozen=True)
class Stamps:
    """A parsed column: naive stamps as written (NaT where the cell is empty), and the offsets that stood there.

    Attributes
    ----------
    values : array of datetime64[us]
    offsets : tuple of str
        Distinct offsets, such as ``+08:00``; empty when none was written.
    bad : array of int64
        Rows that hold something which is not a stamp (their value is NaT).
    """

    values: npt.NDArray[np.datetime64]
    offsets: tuple[str, ...]
    bad: npt.NDArray[np.int64]


def parse_stamps(values: object, *, timezone: str | None = None, date_format: str | None = None) -> Stamps:
    """Parse stamps; mixed forms may stand in one column.

    Understood are ISO 8601 with and without offset, ``2020/1/5 9:30``, ``2020.1.5``, ``2020年1月5日 9时30分``,
    ``20200105T093000``, ``20200105093000``, ``20200105``; 24:00 is midnight of the next day. Never a number of
    seconds or days since some epoch, and never a form in which day and month could be exchanged (give ``date_format``).

    Parameters
    ----------
    values : array-like of str
        Missing values may be None, empty or a dash.
    timezone : str, optional
        Convert stamps that carry an offset to this zone; without it their wall clock is kept.
    date_format : str, optional
        ``strptime`` format tried before the forms above.

    Examples
    --------
    >>> parse_stamps(["2020-01-05T09:30:00+08:00", "2020年1月5日 9时30分", "2020/1/4 24:00", "1578187800"]).values
    array(['2020-01-05T09:30:00.000000', '2020-01-05T09:30:00.000000',
           '2020-01-05T00:00:00.000000',                        'NaT'],
          dtype='datetime64[us]')
    """
    if isinstance(values, pa.Array | pa.ChunkedArray):
        text = values.cast(pa.string())
    else:
        text = pa.array(values, pa.string(), from_pandas=True)
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    text = pc.utf8_trim_whitespace(text)
    if not pc.all(pc.string_is_ascii(text)).as_py():
        # Full-width digits and signs, as Chinese input methods write them.
        text = pc.utf8_trim_whitespace(pc.utf8_normalize(text, form="NFKC"))
    known = pc.is_valid(text).to_numpy(zero_copy_only=False)
    known &= ~pc.is_in(text, value_set=pa.array(_MISSING)).to_numpy(zero_copy_only=False)
    out = np.full(len(text), np.datetime64("NaT", "us"))
    parsed = np.zeros(len(text), bool)
    if date_format is not None:
        tried = pd.to_datetime(text.to_pandas(), format=date_format, errors="coerce")
        if getattr(tried.dt, "tz", None) is not None:
            tried = tried.dt.tz_localize(None)
        out = tried.to_numpy("datetime64[us]").copy()
        parsed = ~np.isnat(out)
    offsets: set[str] = set()
    rows = np.flatnonzero(known & ~parsed)
    if len(rows):
        todo = text.take(pa.array(rows))
        codes, shapes = _shapes(todo)
        for code, shape in enumerate(shapes):
            match = next((m for form in _FORMS if (m := form.fullmatch(shape))), None)
            if match is None:
                continue
            here = codes == code
            chosen = todo if here.all() else todo.filter(pa.array(here))
            stamp, good, written = _by_position(chosen, match, len(shape), timezone)
            target = rows[here]
            out[target[good]] = stamp[good]
            parsed[target[good]] = True
            offsets |= written
    bad = np.flatnonzero(known & ~parsed)
    return Stamps(out, tuple(sorted(offsets)), bad)


def _letters(text: pa.StringArray, width: int) -> npt.NDArray[np.uint8]:
    """Return ASCII values of equal length as a matrix: they lie back to back in Arrow's buffer."""
    begin = int(np.frombuffer(text.buffers()[1], np.int32)[text.offset])
    return np.frombuffer(text.buffers()[2], np.uint8, len(text) * width, begin).reshape(len(text), width)


def _shapes(text: pa.StringArray) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Return each value's shape, its digits written 0, as codes and shapes."""
    bounds = pc.min_max(pc.binary_length(text)).as_py()
    if bounds["min"] == bounds["max"] and pc.all(pc.string_is_ascii(text)).as_py():
        # A column written by one machine has one shape: look whether the first one fits all.
        letters = _letters(text, bounds["max"])
        digit = (letters >= ord("0")) & (letters <= ord("9"))
        if (digit == digit[0]).all() and (letters[:, ~digit[0]] == letters[0, ~digit[0]]).all():
            return np.zeros(len(text), np.int32), [re.sub("[0-9]", "0", text[0].as_py())]
    coded = pc.dictionary_encode(pc.replace_substring_regex(text, "[0-9]", "0"))
    return coded.indices.to_numpy(), coded.dictionary.to_pylist()


def _by_position(
    text: pa.StringArray, match: re.Match[str], width: int, timezone: str | None
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_], set[str]]:
    """Read numbers where the shape has them: all values of one shape have the same number of characters."""
    letters: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
    if match.string.isascii():
        letters = _letters(text, width)
    else:
        letters = np.array(text.to_pylist(), dtype=f"U{width}").view(np.uint32).reshape(len(text), width)

    def number(name: str) -> npt.NDArray[np.int64]:
        first, last = match.span(name) if name in match.re.groupindex else (-1, -1)
        total = np.zeros(len(letters), np.int64)
        for position in range(first, last):
            total = total * 10 + (letters[:, position].astype(np.int64) - ord("0"))
        return total

    year, month, day = number("y"), number("mo"), number("d")
    hour, minute, second = number("h"), number("mi"), number("s")
    first, last = match.span("f") if "f" in match.re.groupindex else (0, 0)
    micro = number("f")
    digits = last - first
    micro = micro * 10 ** (6 - digits) if digits <= 6 else micro // 10 ** (digits - 6)
    good = (year >= 1900) & (year <= 2199) & (month >= 1) & (month <= 12) & (day >= 1)
    good &= (minute < 60) & (second < 60)
    good &= (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0) & (micro == 0))
    safe_month = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    length = (
        (safe_month + np.timedelta64(1, "M")).astype("datetime64[D]") - safe_month.astype("datetime64[D]")
    ).astype(np.int64)
    good &= day <= length
    seconds = hour * 3600 + minute * 60 + second
    stamp = safe_month.astype("datetime64[D]").astype("datetime64[us]")
    stamp = stamp + ((day - 1) * 86_400 + seconds) * np.timedelta64(1_000_000, "us") + micro * np.timedelta64(1, "us")
    if "zone" not in match.re.groupindex or match["zone"] is None:
        return stamp, good, set()
    sign = -1 if match["zone"][0] == "-" else 1
    shift = sign * (number("zh") * 60 + number("zm"))
    good &= np.abs(shift) <= 18 * 60
    written = {f"{'-' if m < 0 else '+'}{abs(m) // 60:02d}:{abs(m) % 60:02d}" for m in np.unique(shift[good])}
    if timezone is not None:
        utc = pd.DatetimeIndex(stamp - shift * np.timedelta64(60_000_000, "us"), tz="UTC")
        stamp = utc.tz_convert(timezone).tz_localize(None).to_numpy("datetime64[us]")
    return stamp, good, written


def demand_good(
    stamps: Stamps, values: object, *, file: str, column: str, lines: Callable[[list[int]], list[int]]
) -> None:
    """Raise InputError with the first bad cells and their line numbers, if there are any."""
    if not len(stamps.bad):
        return
    rows = [int(r) for r in stamps.bad[:SHOWN]]
    cells = pd.Series(values).iloc[rows].tolist()
    shown = "; ".join(_("line {line}: '{cell}'", line=n, cell=c) for n, c in zip(lines(rows), cells, strict=True))
    if all(re.fullmatch(r"\d+(\.\d+)?", str(c).strip()) for c in cells):
        hint = _("a bare number is not taken for a time: export the column as text such as 2020-01-05 09:30:00.")
    else:
        hint = _("write times such as 2020-01-05 09:30:00, or give date_format in a mapping file.")
    raise InputError(
        _(
            "'{file}', column '{column}': {n} cells are not times ({shown}).",
            file=file, column=column, n=len(stamps.bad), shown=shown,
        ),
        hint=hint,
    )  # fmt: skip
