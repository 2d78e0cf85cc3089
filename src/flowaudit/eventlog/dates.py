"""Stamps as offices write them, parsed strictly and by whole columns: every form has a shape, one regex per shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

Booleans = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]

SHOWN = 5
EXCEL, UNIX, UNIX_MS = "excel", "unix", "unix_ms"
"""Values of ``date_format`` that say what bare numbers are: days of a spreadsheet, (milli)seconds since 1970 in UTC."""
_FIRST_YEAR, _LAST_YEAR = 1900, 2199

# Words of a Chinese stamp, each written as one control character: columns become ASCII, where positions are cheap.
_WORDS = {
    "年": "\x01", "月": "\x02", "日": "\x03", "号": "\x03", "时": "\x04", "時": "\x04", "点": "\x04", "點": "\x04",
    "分": "\x05", "秒": "\x06", "上午": "\x0e", "下午": "\x0f",
}  # fmt: skip
_MARKS = "[\x01-\x06\x0e\x0f]"
_INVISIBLE = "[\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]"
_PLAIN = "^[0-9TtZzUCGMAaPpm :./,+\x01-\x06\x0e\x0f-]{1,48}$"
_MOST_SHAPES = 5_000

# Digits are written 0 in a shape, so that one match on the shape gives the positions for every value that has it.
_FRACTION = r"(?:[.,](?P<f>0{1,9}))?"
_ZONE = r"(?P<zone>[Zz]|UTC|GMT|[+-](?P<zh>00)(?::?(?P<zm>00))?)?"
_COLONS = rf"(?P<h>00?):(?P<mi>00)(?::(?P<s>00){_FRACTION})?"
_HOURS = "(?P<h>00?)\x04(?:(?P<mi>00?)\x05(?:(?P<s>00?)\x06)?)?"
_HALF = "(?P<half>[\x0e\x0f])"
_CLOCKS = (
    rf"(?:[Tt ] ?{_COLONS} ?{_ZONE})?",
    rf" ?{_HALF} ?{_COLONS}",
    rf" {_COLONS} ?(?P<half>[\x0e\x0f]|[AaPp][Mm])",
    f" {_HOURS}",
    f" ?{_HALF} ?{_HOURS}",
)
_CHINESE_DAY = "(?P<y>0000) ?\x01 ?(?P<mo>00?) ?\x02 ?(?P<d>00?) ?\x03"
_COMPACT_DAY = "(?P<y>0000)(?P<mo>00)(?P<d>00)"
_DAYS = (
    *(rf"(?P<y>0000){sign}(?P<mo>00?){sign}(?P<d>00?)" for sign in ("-", "/", r"\.")),
    # Year last: whether day or month comes first is not known yet.
    *(rf"(?P<a>00?){sign}(?P<b>00?){sign}(?P<y>0000)" for sign in ("/", "-", r"\.")),
    _CHINESE_DAY,
)
_FORMS = tuple(
    re.compile(form)
    for form in (
        *(day + clock for day in _DAYS for clock in _CLOCKS),
        # Only a word may stand directly before the hour: 2020-1-112时 could be two stamps.
        f"{_CHINESE_DAY}{_COLONS}",
        f"{_CHINESE_DAY}{_HOURS}",
        # DB2 writes every sign alike.
        rf"(?P<y>0000)-(?P<mo>00)-(?P<d>00)-(?P<h>00)\.(?P<mi>00)\.(?P<s>00){_FRACTION}",
        rf"{_COMPACT_DAY}(?: {_COLONS})?",
        rf"{_COMPACT_DAY}[Tt ](?P<h>00)(?P<mi>00)(?:(?P<s>00){_FRACTION})?{_ZONE}",
        rf"{_COMPACT_DAY}(?P<h>00)(?P<mi>00)(?:(?P<s>00)(?P<f>000)?)?",
    )
)
_MISSING = ("", "NaT", "nan", "NaN", "None", "null", "NULL", "-", "—", "--", "/", "\\N")
# 1950 to 2099 in days since the end of 1899: what a spreadsheet could have meant by a stamp of an office.
_FIRST_SERIAL, _LAST_SERIAL = 18_264, 73_051
_SERIAL_DAY_0 = np.datetime64("1899-12-30", "us")
_NEAR = np.timedelta64(366, "D")
_MICROS = {"s": 10**6, "ms": 10**3}
_SECOND = np.timedelta64(1_000_000, "us")
_NAT = np.datetime64("NaT", "us")


# Words that stand in times, or where there is none.
_DATED = frozenset(
    [
        "am",
        "pm",
        "utc",
        "gmt",
        "jan",
        "feb",
        "mar",
        "apr",
        "may",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "na",
        "nan",
        "nat",
        "null",
        "none",
        "nil",
        "unknown",
        "pending",
        "ref",
        "div",
        "value",
        "name",
        "num",
        "true",
        "false",
    ]
)


def _none() -> Rows:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Stamps:
    """A parsed column: naive stamps as written (NaT where the cell is empty), and the offsets that stood there.

    Attributes
    ----------
    values : array of datetime64[us]
    offsets : tuple of str
        Distinct offsets, such as ``+08:00``; empty when none was written.
    bad : array of int64
        Rows that hold something which is not a stamp, or could be two (their value is NaT).
    undecided : array of int64
        Of these, rows such as ``03/04/2020`` in a column that never says whether the day or the month comes first, or
        says both.
    day_first, month_first : int or None
        A row that says so.
    serials : array of int64
        Rows read as days of a spreadsheet because the column's other rows are stamps of the same time.
    local : int
        Stamps without an offset in a column where others carry one.
    """

    values: Times
    offsets: tuple[str, ...] = ()
    bad: Rows = field(default_factory=_none)
    undecided: Rows = field(default_factory=_none)
    day_first: int | None = None
    month_first: int | None = None
    serials: Rows = field(default_factory=_none)
    local: int = 0


def parse_stamps(
    values: object,
    *,
    timezone: str | None = None,
    date_format: str | None = None,
    missing: Collection[str] = (),
) -> Stamps:
    """Parse stamps; mixed forms may stand in one column.

    Understood are ISO 8601 with and without offset, ``2020/1/5 9:30``, ``2020.1.5``, ``2020年1月5日 9时30分``,
    ``2020年1月5日 下午3:05``, ``20200105T093000``, ``20200105093000``, ``20200105``; 24:00 is midnight of the next day.
    ``25/01/2020`` is understood, and what another row of the column says about the order of day and month holds for
    all. Days of a spreadsheet (``43835.4``) are understood where the column's other rows are stamps within a year of
    them. Never a number of seconds since some epoch, never a year of two digits.

    Parameters
    ----------
    values : array-like of str, or pa.Array
        Missing values may be None, empty or a dash. Of a dictionary only the values in use are parsed, once each.
        Dates and timestamps pass through; numbers are read as if written.
    timezone : str, optional
        Convert stamps that carry an offset to this zone; without it their wall clock is kept.
    date_format : str, optional
        ``strptime`` format tried before the forms above, which also settles the order of day and month; or
        ``"excel"``, ``"unix"``, ``"unix_ms"``: what bare numbers are (the latter two are in UTC).
    missing : collection of str
        Further cells that mean *not recorded*, such as ``9999-12-31``.

    Examples
    --------
    >>> parse_stamps(["2020-01-05T09:30:00+08:00", "2020年1月5日 9时30分", "2020/1/4 24:00", "1578187800"]).values
    array(['2020-01-05T09:30:00.000000', '2020-01-05T09:30:00.000000',
           '2020-01-05T00:00:00.000000',                        'NaT'],
          dtype='datetime64[us]')
    """
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        return _by_distinct(array, timezone, date_format, missing)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return _typed(array, timezone)
    return _parse(_cleaned(_written(array)), timezone, date_format, missing)


def _by_distinct(
    array: pa.DictionaryArray, timezone: str | None, date_format: str | None, missing: Collection[str]
) -> Stamps:
    """Parse the values in use once, and hand them to their rows."""
    codes = pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False)
    held = np.flatnonzero(codes >= 0)
    used, place = np.unique(codes[held], return_inverse=True)
    found = parse_stamps(
        array.dictionary.take(pa.array(used)), timezone=timezone, date_format=date_format, missing=missing
    )
    values = np.full(len(codes), _NAT)
    values[held] = found.values[place]

    def rows(marked: Rows) -> Rows:
        hit = np.zeros(len(used), bool)
        hit[marked] = True
        return held[hit[place]]

    def first(position: int | None) -> int | None:
        return None if position is None else int(held[np.argmax(place == position)])

    return replace(
        found, values=values, bad=rows(found.bad), undecided=rows(found.undecided), serials=rows(found.serials),
        day_first=first(found.day_first), month_first=first(found.month_first),
    )  # fmt: skip


def micros(array: pa.Array) -> pa.Array:
    """Return dates or timestamps as timestamps of microseconds; what lies beyond these becomes their last moment.

    Arrow's own conversion would start again at 1970 there.
    """
    kind = array.type
    target = pa.timestamp("us", None if pa.types.is_date(kind) else kind.tz)
    unit = 86_400 * 10**6 if kind == pa.date32() else 1_000 if kind == pa.date64() else _MICROS.get(kind.unit, 1)
    last = 2**62 // unit
    numbers = array.cast(pa.int32()).cast(pa.int64()) if kind == pa.date32() else array.cast(pa.int64())
    low, high = (bound.as_py() for bound in pc.min_max(numbers).values())
    if unit == 1 or low is None or (low >= -last and high <= last):
        return array.cast(target, safe=False)
    numbers = pc.min_element_wise(pc.max_element_wise(numbers, -last, skip_nulls=False), last, skip_nulls=False)
    return pc.multiply(numbers, unit).cast(target)


def _typed(array: pa.Array, timezone: str | None) -> Stamps:
    """Return stamps that have their type already; what carries a zone is told by its wall clock there."""
    array = micros(array)
    offsets: tuple[str, ...] = ()
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        utc = array.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.timestamp("us"))
        written = pc.local_timestamp(array).cast(pa.timestamp("us"), safe=False)
        shifts = np.unique(written.to_numpy(zero_copy_only=False) - utc.to_numpy(zero_copy_only=False))
        offsets = tuple(sorted(_offset(int(s // np.timedelta64(1, "m"))) for s in shifts[~np.isnat(shifts)]))
        zone = timezone or array.type.tz
        array = pc.local_timestamp(array.cast(pa.timestamp("us", zone), safe=False))
    stamps = array.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False).astype("datetime64[us]")
    bad = np.flatnonzero(~np.isnat(stamps) & ~_plausible(stamps))
    if len(bad):
        stamps = stamps.copy()
        stamps[bad] = _NAT
    return Stamps(stamps, offsets, bad)


def _written(array: pa.Array) -> pa.Array:
    """Return values as text; a whole number that a gap made a float is written without its ``.0``."""
    # Beyond 2^53 a float need not be the number that was meant, and an infinite one is none.
    if pa.types.is_floating(array.type) and pc.all(pc.less_equal(pc.abs(array), 2.0**53)).as_py() is not False:
        whole = array.cast(pa.int64(), safe=False)
        if pc.all(pc.equal(whole.cast(array.type), array)).as_py() is not False:
            array = whole
    return array.cast(pa.string())


def _cleaned(text: pa.Array) -> pa.Array:
    """Return trimmed text; full-width digits and signs, as Chinese input methods write them, become plain ones."""
    text = pc.utf8_trim_whitespace(text)
    # A control character that stands in the file is none of our words.
    if pc.any(pc.match_substring_regex(text, _MARKS)).as_py():
        text = pc.replace_substring_regex(text, _MARKS, "?")
    if pc.all(pc.string_is_ascii(text)).as_py() is not False:
        return text
    for word, mark in _WORDS.items():
        text = pc.replace_substring(text, word, mark)
    if not pc.all(pc.string_is_ascii(text)).as_py():
        text = pc.replace_substring_regex(pc.utf8_normalize(text, form="NFKC"), _INVISIBLE, "")
    return pc.utf8_trim_whitespace(text)


def _parse(text: pa.Array, timezone: str | None, date_format: str | None, missing: Collection[str]) -> Stamps:
    known = pc.is_valid(text).to_numpy(zero_copy_only=False)
    empty = [*_MISSING, *_cleaned(pa.array(list(missing), pa.string())).to_pylist()]
    known &= ~pc.is_in(text, value_set=pa.array(empty, pa.string())).to_numpy(zero_copy_only=False)
    if date_format is not None:
        text = pc.if_else(pa.array(known), text, pa.scalar(None, pa.string()))
    out = np.full(len(text), _NAT)
    offsets: set[str] = set()
    zoned = 0
    if date_format in (UNIX, UNIX_MS):
        offsets = _from_epoch(text, out, 10**6 if date_format == UNIX else 10**3, timezone)
        zoned = int((~np.isnat(out)).sum())
    elif date_format is not None and date_format != EXCEL:
        offsets = _by_format(text, out, date_format, timezone)
    rows = np.flatnonzero(known & np.isnat(out))
    year_last: list[tuple[Rows, Times, Times]] = []
    if len(rows):
        for at, chosen, match in _groups(text if len(rows) == len(text) else text.take(pa.array(rows))):
            fields = _Fields(chosen, match)
            if "a" in match.re.groupindex:
                year_last.append((rows[at], fields.stamps(month="b", day="a"), fields.stamps(month="a", day="b")))
                continue
            stamps = fields.stamps(month="mo", day="d")
            if fields.zoned:
                stamps, written = fields.in_zone(stamps, timezone)
                offsets |= written
                zoned += int((~np.isnat(stamps)).sum())
            out[rows[at]] = stamps
    undecided, day_first, month_first = _settle(out, year_last, date_format)
    parsed = int((~np.isnat(out)).sum())
    serials = _from_serials(text, known, out, asked=date_format == EXCEL)
    bad = np.flatnonzero(known & np.isnat(out))
    return Stamps(
        out, tuple(sorted(offsets)), bad, undecided, day_first, month_first, serials, parsed - zoned if zoned else 0
    )


def _groups(text: pa.StringArray) -> Iterator[tuple[Rows, pa.StringArray, re.Match[str]]]:
    """Yield the rows of one shape, their values, and where the shape has which number."""
    bounds = pc.min_max(pc.binary_length(text)).as_py()
    if bounds["min"] == bounds["max"] and pc.all(pc.string_is_ascii(text)).as_py():
        # A column written by one machine has one shape: look whether the first one fits all.
        letters = _letters(text)
        digit = (letters >= ord("0")) & (letters <= ord("9"))
        if (digit == digit[0]).all() and (letters[:, ~digit[0]] == letters[0, ~digit[0]]).all():
            if (match := _form(re.sub("[0-9]", "0", text[0].as_py()))) is not None:
                yield np.arange(len(text)), text, match
            return
    plain = pc.match_substring_regex(text, _PLAIN).to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(plain)
    shapes = pc.dictionary_encode(pc.replace_substring_regex(text.take(pa.array(kept)), "[0-9]", "0"))
    codes = shapes.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(shapes.dictionary)))
    # Offices have tens of shapes. A column of a million different ones holds no stamps: it is not searched to its end.
    for code, shape in enumerate(shapes.dictionary.slice(0, _MOST_SHAPES).to_pylist()):
        if (match := _form(shape)) is not None:
            at = kept[order[ends[code - 1] if code else 0 : ends[code]]]
            yield at, text.take(pa.array(at)), match


def _form(shape: str) -> re.Match[str] | None:
    return next((match for form in _FORMS if (match := form.fullmatch(shape))), None)


def _letters(text: pa.StringArray) -> npt.NDArray[np.uint8]:
    """Return ASCII values of equal length as a matrix: they lie back to back in Arrow's buffer."""
    begin, end = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + 2]
    width = int(end - begin)
    if not width:
        return np.zeros((len(text), 0), np.uint8)
    return np.frombuffer(text.buffers()[2], np.uint8, len(text) * width, int(begin)).reshape(len(text), width)


class _Fields:
    """The numbers of values of one shape: all have the same number of characters, so a number is a slice."""

    def __init__(self, text: pa.StringArray, match: re.Match[str]) -> None:
        self._letters = _letters(text)
        self._match = match
        self._found = {name for name, part in match.groupdict().items() if part is not None}

    @property
    def zoned(self) -> bool:
        return "zone" in self._found

    def _number(self, name: str) -> Rows:
        first, last = self._match.span(name) if name in self._found else (0, 0)
        total = np.zeros(len(self._letters), np.int64)
        for position in range(first, last):
            total = total * 10 + (self._letters[:, position].astype(np.int64) - ord("0"))
        return total

    def stamps(self, *, month: str, day: str) -> Times:
        """Return the stamps, NaT where a number is out of its range."""
        year, months, days = self._number("y"), self._number(month), self._number(day)
        hour, minute, second = self._number("h"), self._number("mi"), self._number("s")
        micro = self._number("f")
        digits = self._match.end("f") - self._match.start("f") if "f" in self._found else 6
        micro = micro * 10 ** (6 - digits) if digits <= 6 else micro // 10 ** (digits - 6)
        good = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (months >= 1) & (months <= 12) & (days >= 1)
        good &= (minute < 60) & (second < 60)
        if "half" in self._found:
            if self._match["half"][0] in "\x0eaA":
                # 上午 12:30 is half past midnight; 上午 13:30 contradicts itself.
                good &= hour <= 12
                hour = np.where(hour == 12, 0, hour)
            else:
                good &= hour < 24
                hour = np.where(hour < 12, hour + 12, hour)
        good &= (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0) & (micro == 0))
        at_month = np.where(good, (year - 1970) * 12 + months - 1, 0).astype("datetime64[M]")
        first = at_month.astype("datetime64[D]")
        good &= days <= ((at_month + np.timedelta64(1, "M")).astype("datetime64[D]") - first).astype(np.int64)
        seconds = (days - 1) * 86_400 + hour * 3_600 + minute * 60 + second
        stamps: Times = first.astype("datetime64[us]") + seconds * _SECOND + micro * np.timedelta64(1, "us")
        stamps[~good] = _NAT
        return stamps

    def in_zone(self, stamps: Times, timezone: str | None) -> tuple[Times, set[str]]:
        """Return stamps in a zone (or as written), and the offsets that stood there."""
        sign = -1 if self._match["zone"][0] == "-" else 1
        shift = sign * (self._number("zh") * 60 + self._number("zm"))
        stamps = np.where((np.abs(shift) <= 14 * 60) & (self._number("zm") < 60), stamps, _NAT)
        written = {_offset(int(m)) for m in np.unique(shift[~np.isnat(stamps)])}
        if timezone is not None:
            stamps = _in_zone(stamps - shift * np.timedelta64(60_000_000, "us"), timezone)
        return stamps, written


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _in_zone(utc: Times, timezone: str) -> Times:
    local: Times = pd.DatetimeIndex(utc, tz="UTC").tz_convert(timezone).tz_localize(None).to_numpy("datetime64[us]")
    return local


def _plausible(stamps: Times) -> Booleans:
    first, last = np.datetime64(f"{_FIRST_YEAR}-01-01"), np.datetime64(f"{_LAST_YEAR + 1}-01-01")
    return (stamps >= first) & (stamps < last)


def _settle(
    out: Times, year_last: list[tuple[Rows, Times, Times]], date_format: str | None
) -> tuple[Rows, int | None, int | None]:
    """Set stamps whose year stands last, if the column or the format says what stands first."""
    if not year_last:
        return _none(), None, None
    rows = np.concatenate([r for r, _d, _m in year_last])
    by_day = np.concatenate([d for _r, d, _m in year_last])
    by_month = np.concatenate([m for _r, _d, m in year_last])
    only_day, only_month = ~np.isnat(by_day) & np.isnat(by_month), np.isnat(by_day) & ~np.isnat(by_month)
    day_first = int(rows[only_day].min()) if only_day.any() else None
    month_first = int(rows[only_month].min()) if only_month.any() else None
    asked = None if date_format is None else _day_leads(date_format)
    if asked is not None:
        out[rows] = by_day if asked else by_month
        return _none(), None, None
    if day_first is not None and month_first is not None:
        return np.sort(rows[~np.isnat(by_day) | ~np.isnat(by_month)]), day_first, month_first
    if day_first is not None:
        out[rows] = by_day
    elif month_first is not None:
        out[rows] = by_month
    else:
        same = by_day == by_month
        out[rows[same]] = by_day[same]
        return np.sort(rows[~same & ~np.isnat(by_day)]), None, None
    return _none(), day_first, month_first


def _day_leads(date_format: str) -> bool | None:
    """Say whether a format has the day before the month, None where it says nothing about it."""
    day, month = date_format.find("%d"), min(date_format.find(m) % 1_000 for m in ("%m", "%b", "%B"))
    return None if day < 0 or month > 900 else day < month


def _by_format(text: pa.Array, out: Times, date_format: str, timezone: str | None) -> set[str]:
    """Set the stamps that a ``strptime`` format fits; return the offsets that stood there."""
    plain = _cleaned(pa.array([date_format]))[0].as_py()
    try:
        if "%z" not in plain:
            tried = pd.to_datetime(text.to_pandas(), format=plain, errors="coerce").to_numpy("datetime64[us]")
            good = ~np.isnat(tried) & _plausible(tried)
            out[good] = tried[good]
            return set()
        datetime.strptime(datetime(2020, 1, 5).strftime(plain.replace("%z", "")), plain.replace("%z", ""))
    except ValueError as error:
        raise InputError(
            _("date_format '{format}' is not understood: {reason}.", format=date_format, reason=error),
            hint=_("formats look like %d/%m/%Y %H:%M."),
        ) from error
    coded = pc.dictionary_encode(text)
    offsets: set[str] = set()
    stamps = np.full(len(coded.dictionary) + 1, _NAT)
    for number, cell in enumerate(coded.dictionary.to_pylist()):
        try:
            found = datetime.strptime(cell, plain)
        except ValueError:
            continue
        shift = found.utcoffset()
        minutes = 0 if shift is None else int(shift.total_seconds() // 60)
        offsets.add(_offset(minutes))
        stamps[number] = np.datetime64(found.replace(tzinfo=None), "us")
        if timezone is not None:
            stamps[number] = _in_zone(stamps[number : number + 1] - np.timedelta64(minutes, "m"), timezone)[0]
    out[:] = stamps[pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)]
    out[~np.isnat(out) & ~_plausible(out)] = _NAT
    return offsets


def _from_epoch(text: pa.Array, out: Times, micros: int, timezone: str | None) -> set[str]:
    """Set the stamps of counts since 1970."""
    shape = r"^-?[0-9]{1,11}(\.[0-9]+)?$" if micros == 10**6 else r"^-?[0-9]{1,14}$"
    at = np.flatnonzero(pc.fill_null(pc.match_substring_regex(text, shape), False).to_numpy(zero_copy_only=False))
    count = text.take(pa.array(at)).cast(pa.float64()).to_numpy(zero_copy_only=False)
    # Eleven digits and six decimals are more than a float holds; whole and broken part are taken apart.
    whole = np.floor(count)
    part = np.rint((count - whole) * micros)
    utc = (whole * micros + part).astype(np.int64) * np.timedelta64(1, "us") + np.datetime64(0, "us")
    stamps = _in_zone(utc, timezone) if timezone is not None else utc
    out[at] = np.where(_plausible(stamps), stamps, _NAT)
    return {"+00:00"} if len(at) else set()


def _from_serials(text: pa.Array, known: Booleans, out: Times, *, asked: bool) -> Rows:
    """Set the stamps of a spreadsheet's days, where that was asked for or the column's other stamps lie beside them."""
    todo = np.flatnonzero(known & np.isnat(out))
    others = out[~np.isnat(out)]
    if not len(todo) or not (asked or len(others)):
        return _none()
    cells = text.take(pa.array(todo))
    shaped = pc.match_substring_regex(cells, r"^[1-7][0-9]{4}(\.[0-9]+)?$").to_numpy(zero_copy_only=False)
    todo = todo[shaped]
    if not len(todo):
        return _none()
    cells = cells.filter(pa.array(shaped))
    days = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
    whole = np.floor(days)
    seconds = (days - whole) * 86_400
    # Ten decimals and more hold milliseconds; fewer hold seconds at best.
    fine = pc.greater_equal(pc.utf8_length(cells), 16).to_numpy(zero_copy_only=False)
    rounded = np.where(fine, np.rint(seconds * 1_000) * 1_000, np.rint(seconds) * 1_000_000)
    stamps = _SERIAL_DAY_0 + whole.astype("timedelta64[D]") + rounded.astype("timedelta64[us]")
    good = (whole >= _FIRST_SERIAL) & (whole <= _LAST_SERIAL)
    if not asked:
        good &= (stamps >= others.min() - _NEAR) & (stamps <= others.max() + _NEAR)
    out[todo[good]] = stamps[good]
    return _none() if asked else todo[good]


def stamp_problems(stamps: Stamps, column: str, lines: Callable[[list[int]], list[int]]) -> list[dict[str, Any]]:
    """Return what is worth a row of the quality table in a column that was read: nothing is understood silently."""
    found: list[dict[str, Any]] = []

    def add(check: str, rows: int, at: list[int]) -> None:
        shown = [str(n) for n in lines(at)] if at else list(stamps.offsets)
        share = rows / len(stamps.values) if len(stamps.values) else None
        found.append({"check": check, "rows": rows, "share": share, "examples": shown, "column": column})

    if len(stamps.serials):
        add("excel_serials", len(stamps.serials), stamps.serials[:SHOWN].tolist())
    if stamps.day_first is not None and not len(stamps.bad):
        add("day_first", len(stamps.values), [stamps.day_first])
    if stamps.month_first is not None and not len(stamps.bad):
        add("month_first", len(stamps.values), [stamps.month_first])
    if stamps.local:
        add("mixed_zones", stamps.local, [])
    return found


def demand_good(
    stamps: Stamps, values: object, *, file: str, column: str, lines: Callable[[list[int]], list[int]]
) -> None:
    """Raise InputError with the first bad cells and their line numbers, if there are any."""
    if not len(stamps.bad):
        return
    if len(stamps.undecided):
        raise _undecided(stamps, values, file, column, lines)
    rows = [int(r) for r in stamps.bad[:SHOWN]]
    cells = _cells(values, rows)
    shown = "; ".join(
        _("line {line}: '{cell}'", line=n, cell=harmless(c)) for n, c in zip(lines(rows), cells, strict=True)
    )
    raise InputError(
        _(
            "'{file}', column '{column}': {n} cells are not times ({shown}).",
            file=file, column=column, n=len(stamps.bad), shown=shown,
        ),
        hint=_advice([c.strip() for c in cells]),
    )  # fmt: skip


def _undecided(
    stamps: Stamps, values: object, file: str, column: str, lines: Callable[[list[int]], list[int]]
) -> InputError:
    hint = _(
        'say it in a mapping file: date_format = "%d/%m/%Y" (day first) or date_format = "%m/%d/%Y" (month first).'
    )
    if stamps.day_first is not None and stamps.month_first is not None:
        rows = [stamps.day_first, stamps.month_first]
        (day, month), (first, second) = lines(rows), _cells(values, rows)
        return InputError(
            _(
                "'{file}', column '{column}': on line {day} the day comes first ('{first}'), on line {month} the month ('{second}').",
                file=file, column=column, day=day, first=first, month=month, second=second,
            ),
            hint=hint,
        )  # fmt: skip
    row = int(stamps.undecided[0])
    return InputError(
        _(
            "'{file}', column '{column}': {n} cells could mean two days (line {line}: '{cell}'), and no row shows whether the day or the month comes first.",
            file=file, column=column, n=len(stamps.undecided), line=lines([row])[0], cell=_cells(values, [row])[0],
        ),
        hint=hint,
    )  # fmt: skip


def _advice(cells: list[str]) -> str:
    """Return what to do about cells that are not times, by the look of them."""
    if all(re.fullmatch(r"[1-7]\d{4}(\.\d+)?", c) for c in cells):
        return _('if these are days counted by a spreadsheet, say date_format = "excel" in a mapping file.')
    if all(re.fullmatch(r"\d{9,10}(\.\d+)?|\d{12,13}", c) for c in cells):
        return _(
            'a bare number is not taken for a time: if these count seconds since 1970, say date_format = "unix" ("unix_ms" for milliseconds) in a mapping file.'
        )
    if all(re.fullmatch(r"\d+(\.\d+)?", c) for c in cells):
        return _("a bare number is not taken for a time: export the column as text such as 2020-01-05 09:30:00.")
    if all(re.match(r"(\d\d?[-/.年]\d\d?[-/.月]\d\d?)(?!\d)", c) for c in cells):
        return _("years need four digits: export them so, or say date_format in a mapping file.")
    if all(re.match(r"(0000|9\d{3}|[3-8]\d{3}|2[2-9]\d\d|[01]\d{3})[-/.年]?\d", c) for c in cells):
        return _(
            'years from 1900 to 2199 are read; list cells that mean "not recorded" under missing_times of a mapping file.'
        )
    return _("write times such as 2020-01-05 09:30:00, or give date_format in a mapping file.")


def _cells(values: object, rows: list[int]) -> list[str]:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        if pa.types.is_temporal(values.type):
            # Python's own stamps end with the year 9999.
            return [str(cell) for cell in values.take(pa.array(rows)).to_numpy(zero_copy_only=False)]
        return [str(values[row].as_py()) for row in rows]
    return [str(cell) for cell in pd.Series(values).iloc[rows]]


def harmless(cell: str) -> str:
    """Return a cell as a message may show it: one that stands in the wrong place may name a person.

    Digits, signs and the words of dates stay, so that it can be found; other letters do not.

    Examples
    --------
    >>> harmless("2024-13-45 张三 Zhang San N/A")
    '2024-13-45 某某 xxxxx xxx N/A'
    """
    hidden = re.sub(r"[^\W\da-zA-Z_年月日号时時点點分秒上下午未知待定空无不详暂缺]", "某", cell)
    hidden = re.sub(r"[A-Za-z]{2,}", lambda m: m[0] if m[0].casefold() in _DATED else "x" * len(m[0]), hidden)
    return re.sub(r"\d{11,}", lambda m: m[0] if len(m[0]) in (12, 13, 14, 17) else "***", hidden)[:60]
