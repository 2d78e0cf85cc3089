"""One pass over the bytes of an XES document, compiled: it accepts one plain way of writing, and says where it stops.

Values are not turned into text here. Every distinct value of a column is kept once (in ``pool``) and rows hold its
number, so that what costs time is done once per value by the caller. Words of eight bytes are read at a time, low byte
first; buffers have ``PAD`` spare bytes behind their end, so that reading past it is harmless.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

PAD = 64
KINDS = ("string", "date", "int", "float", "boolean", "id")
DATE = 1
MISSING = np.int32(-1)
NAT = np.iinfo(np.int64).min
MINUTE = 60_000_000
DAY = 86_400_000_000
FIRST_YEAR, LAST_YEAR = 1900, 2199
FURTHEST = 14 * 60
"""Largest UTC offset in minutes."""
LOCAL = 2 * FURTHEST + 1
"""Place of stamps without an offset among the counts by offset; an offset of m minutes stands at m + FURTHEST."""

MORE, FULL, GROW, NEW_KEY, END, STRANGE = range(6)
"""Why a scan returns: it needs more bytes, room for rows, room for values, a column for a new key; or it met the end of
the log, or something that is not written in the plain way."""

POS, LEVEL, EVENT, TRACE, TRACES_BEFORE, VALUES, POOL, KEY_KIND, KEY_AT, KEY_LEN = range(10)
"""Places of the state: byte, depth (0 log, 1 trace), rows of this block, traces of earlier blocks, values kept, bytes used
of the pool, and the new key (its depth is 2 in an event)."""
KEY_LEVEL = 10
STATE = 11

OFFSET, LENGTH, CODE, OWNER = range(4)
"""What is kept of a distinct value: where it stands in the pool, its bytes, its number in its column, its column."""
KEYS = -12
"""Owner of keys: ``KEYS`` + 6 * (level - 1) + kind; their number is that of the column."""
BLANK, REFERENCE, HIGH, FORBIDDEN = 1, 2, 4, 8
"""What may stand in a value: blanks other than spaces, ``&``, bytes beyond ASCII; and what must not."""
MOST_PROBES = 512
"""A value that is not found after so many steps is a sign of values made to collide."""

_QUOTES = np.uint64(0x2222222222222222)
_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)
_PRIME_1 = np.uint64(0x9E3779B97F4A7C15)
_PRIME_2 = np.uint64(0xD6E8FEB86659FD93)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


def words(text: bytes, count: int) -> np.ndarray:
    """Return text as words of eight bytes, filled up with zeros."""
    return np.frombuffer(text.ljust(8 * count, b"\0"), np.dtype("<u8")).astype(np.uint64)


def _mask(text: bytes, count: int) -> np.ndarray:
    return words(b"\xff" * len(text), count)


_OPENINGS = [f'<{kind} key="'.encode() for kind in KINDS]
_OPENING = np.array([words(o, 2) for o in _OPENINGS])
_OPENING_MASK = np.array([_mask(o, 2) for o in _OPENINGS])
_OPENING_LENGTH = np.array([len(o) for o in _OPENINGS])
_VALUE = words(b'" value="', 2)[0]
_EVENT_OPEN, _EVENT_CLOSE = words(b"<event>", 1)[0], words(b"</event>", 1)[0]
_TRACE_OPEN, _TRACE_CLOSE = words(b"<trace>", 1)[0], words(b"</trace>", 1)[0]
_LOG_CLOSE = words(b"</log>", 1)[0]
_CLOSE, _CLOSE_APART = words(b"/>", 1)[0], words(b" />", 1)[0]
_TWO, _THREE = words(b"\xff" * 2, 1)[0], words(b"\xff" * 3, 1)[0]
_LOWS, _ABOVE_SPACE = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x5F5F5F5F5F5F5F5F)
_SEVEN, _SIX = words(b"\xff" * 7, 1)[0], words(b"\xff" * 6, 1)[0]


def _word_code(_context, array, place):  # type: ignore[no-untyped-def]
    """Eight bytes of an array of bytes, from anywhere."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        at = builder.gep(data, [arguments[1]])
        return builder.load(builder.bitcast(at, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(array, types.int64), code


_word: Any = intrinsic(_word_code)


def _low_zeros_code(_context, word):  # type: ignore[no-untyped-def]
    """Number of zero bits below the lowest one of a word that is not zero."""

    def code(_context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), code


_low_zeros: Any = intrinsic(_low_zeros_code)


@njit(inline="always")
def _quotes(word):  # type: ignore[no-untyped-def]
    """A word whose lowest set bit is in the first byte that is a double quote; zero where none is."""
    x = word ^ _QUOTES
    return (x - _ONES) & ~x & _HIGHS


@njit(inline="always")
def _mixed(h, word):  # type: ignore[no-untyped-def]
    h = (h ^ word) * _PRIME_1
    return h ^ (h >> np.uint64(32))


@njit(inline="always")
def _first_bytes(count):  # type: ignore[no-untyped-def]
    """A mask of the first bytes (0 to 7) of a word."""
    return (np.uint64(1) << np.uint64(8 * count)) - np.uint64(1)


@njit(inline="always")
def _seed(owner):  # type: ignore[no-untyped-def]
    return np.uint64(owner + 1_000_003) * _PRIME_2


@njit(inline="always")
def _done(h, length):  # type: ignore[no-untyped-def]
    h = (h ^ np.uint64(length)) * _PRIME_2
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True)
def hash_of(buf, at, length, owner):  # type: ignore[no-untyped-def]
    """Hash of some bytes for one column."""
    h = _seed(owner)
    whole = length >> 3
    for i in range(whole):
        h = _mixed(h, _word(buf, at + 8 * i))
    return _done(_mixed(h, _word(buf, at + 8 * whole) & _first_bytes(length & 7)), length)


@njit(inline="always")
def _same(buf, at, pool, offset, length):  # type: ignore[no-untyped-def]
    whole = length >> 3
    for i in range(whole):
        if _word(buf, at + 8 * i) != _word(pool, offset + 8 * i):
            return False
    rest = length & 7
    return rest == 0 or (_word(buf, at + 8 * whole) ^ _word(pool, offset + 8 * whole)) & _first_bytes(rest) == 0


@njit(inline="always")
def _find(buf, at, length, owner, h, slots, values, pool):  # type: ignore[no-untyped-def]
    """The value's place among those kept; else -1 - the free slot, or ``NAT`` when none was found in time."""
    last = np.uint64(len(slots) - 1)
    tag = h >> np.uint64(32)
    place = h & last
    for _probe in range(MOST_PROBES):
        found = slots[place]
        if found == 0:
            return -1 - np.int64(place)
        if found >> np.uint64(32) == tag:
            k = np.int64(found & np.uint64(0xFFFFFFFF)) - 1
            if (
                values[k, LENGTH] == length
                and values[k, OWNER] == owner
                and _same(buf, at, pool, values[k, OFFSET], length)
            ):
                return k
        place = (place + np.uint64(1)) & last
    return NAT


@njit(inline="always")
def _keep(buf, at, length, owner, h, slot, code, slots, values, pool, state):  # type: ignore[no-untyped-def]
    """Keep a value in a free slot. There must be room."""
    k, offset = state[VALUES], state[POOL]
    for i in range(length):
        pool[offset + i] = buf[at + i]
    values[k, OFFSET] = offset
    values[k, LENGTH] = length
    values[k, CODE] = code
    values[k, OWNER] = owner
    slots[slot] = (h >> np.uint64(32) << np.uint64(32)) | np.uint64(k + 1)
    state[VALUES] = k + 1
    state[POOL] = offset + length


@njit(cache=True, nogil=True)
def keep_key(buf, at, length, owner, code, slots, values, pool, state):  # type: ignore[no-untyped-def]
    """Keep a key as the number of its column; false where there is no room for it."""
    if 2 * (state[VALUES] + 1) > len(slots) or state[VALUES] >= len(values):
        return False
    if state[POOL] + length + PAD > len(pool):
        return False
    h = hash_of(buf, at, length, owner)
    found = _find(buf, at, length, owner, h, slots, values, pool)
    if found >= 0 or found == NAT:
        return False
    _keep(buf, at, length, owner, h, -1 - found, code, slots, values, pool, state)
    return True


@njit(cache=True, nogil=True)
def rehash(values, count, pool, slots):  # type: ignore[no-untyped-def]
    """Fill an empty, larger table with the values kept."""
    last = np.uint64(len(slots) - 1)
    for k in range(count):
        h = hash_of(pool, values[k, OFFSET], values[k, LENGTH], values[k, OWNER])
        place = h & last
        while slots[place] != 0:
            place = (place + np.uint64(1)) & last
        slots[place] = (h >> np.uint64(32) << np.uint64(32)) | np.uint64(k + 1)


@njit(cache=True, nogil=True)
def sizes(values, count, first_value, first_byte):  # type: ignore[no-untyped-def]
    """Fill in where each column's values and bytes begin when they are laid out column by column."""
    for k in range(count):
        owner = values[k, OWNER]
        if owner >= 0:
            first_value[owner + 1] += 1
            first_byte[owner + 1] += values[k, LENGTH]
    for c in range(1, len(first_value)):
        first_value[c] += first_value[c - 1]
        first_byte[c] += first_byte[c - 1]


@njit(cache=True, nogil=True)
def texts(values, count, pool, first_value, first_byte, offsets, data):  # type: ignore[no-untyped-def]
    """Lay out values column by column as Arrow does; return what kinds of bytes they hold.

    ``offsets`` has one place more per column than it has values, counted from the column's first byte.
    """
    number, at = first_value.copy(), first_byte.copy()
    seen = 0
    for k in range(count):
        owner = values[k, OWNER]
        if owner < 0:
            continue
        begin, length, to = values[k, OFFSET], values[k, LENGTH], at[owner]
        for i in range(length):
            byte = pool[begin + i]
            data[to + i] = byte
            if byte < 32:
                seen |= BLANK if byte == 9 or byte == 10 or byte == 13 else FORBIDDEN
            elif byte == 38:
                seen |= REFERENCE
            elif byte == 60:
                seen |= FORBIDDEN
            elif byte > 127:
                seen |= HIGH
        at[owner] = to + length
        number[owner] += 1
        offsets[number[owner] + owner] = to + length - first_byte[owner]
    return seen


@njit(inline="always")
def _digits(buf, at):  # type: ignore[no-untyped-def]
    """Number written in two digits; a large one where they are none."""
    a, b = np.int64(buf[at]) - 48, np.int64(buf[at + 1]) - 48
    return a * 10 + b if 0 <= a <= 9 and 0 <= b <= 9 else 1_000


@njit(inline="always")
def _days(year, month, day):  # type: ignore[no-untyped-def]
    """Days since 1970 (Gregorian calendar, counted from March so that the leap day is the last of its year)."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@njit(inline="always")
def _days_in(year, month):  # type: ignore[no-untyped-def]
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@njit(inline="always")
def _stamp(buf, at):  # type: ignore[no-untyped-def]
    """Wall clock in microseconds, offset in minutes (``LOCAL`` where none), and the byte behind.

    ``2011-10-11``, ``2011-10-11T13:45[:40[.276]]``, with ``Z``, ``+02:00`` or ``+0200`` behind a time; ``NAT`` for
    anything else. Digits below microseconds are cut off.
    """
    year = _digits(buf, at) * 100 + _digits(buf, at + 2)
    month, day = _digits(buf, at + 5), _digits(buf, at + 8)
    if buf[at + 4] != 45 or buf[at + 7] != 45 or year < FIRST_YEAR or year > LAST_YEAR:
        return NAT, 0, at
    if month < 1 or month > 12 or day < 1 or day > 31 or (day > 28 and day > _days_in(year, month)):
        return NAT, 0, at
    total = _days(year, month, day) * DAY
    p = at + 10
    if buf[p] != 84 and buf[p] != 32:
        return total, LOCAL, p
    hour, minute = _digits(buf, p + 1), _digits(buf, p + 4)
    if buf[p + 3] != 58 or hour > 23 or minute > 59:
        return NAT, 0, at
    total += (hour * 60 + minute) * MINUTE
    p += 6
    if buf[p] == 58:
        second = _digits(buf, p + 1)
        if second > 59:
            return NAT, 0, at
        total += second * 1_000_000
        p += 3
        if buf[p] == 46:
            p += 1
            unit, begin = 100_000, p
            while 48 <= buf[p] <= 57 and p - begin < 9:
                total += unit * (np.int64(buf[p]) - 48)
                unit //= 10
                p += 1
            if p == begin or 48 <= buf[p] <= 57:
                return NAT, 0, at
    sign = buf[p]
    if sign == 90:
        return total, 0, p + 1
    if sign != 43 and sign != 45:
        return total, LOCAL, p
    colon = 1 if buf[p + 3] == 58 else 0
    shift_h, shift_m = _digits(buf, p + 1), _digits(buf, p + 3 + colon)
    shift = shift_h * 60 + shift_m
    if shift_m > 59 or shift > FURTHEST:
        return NAT, 0, at
    return total, (shift if sign == 43 else -shift), p + 5 + colon


@njit(inline="always")
def _closing(buf, at):  # type: ignore[no-untyped-def]
    """Bytes of what ends an empty element behind its last attribute; 0 where something else stands."""
    word = _word(buf, at)
    if word & _TWO == _CLOSE:
        return 2
    return 3 if word & _THREE == _CLOSE_APART else 0


@njit(cache=True, nogil=True)
def scan(  # type: ignore[no-untyped-def]
    buf, n, ends, state, heads, head_length, kind, level_of, line_of, following, slots, values, pool, counts,
    codes, stamps, shifts, trace_of,
):  # fmt: skip
    """Read attributes of traces and events until a reason to return; everything before ``state[POS]`` is done.

    Parameters
    ----------
    buf : array of uint8
        Bytes of the document; ``n`` of them count.
    ends : bool
        Whether the document ends with them.
    state : array of int64
        See ``POS`` and the places behind it.
    heads : array of uint64, shape (columns, words)
        How a column's attributes are written, from ``<`` to the quote that opens the value.
    head_length, kind, level_of, line_of : arrays of int64, one per column
        Bytes of the head, kind (place in ``KINDS``), 1 for traces and 2 for events, line in ``codes`` or ``stamps``.
    following : array of int64
        The column that was met after each column at last; the last two places are for the first of a trace or event.
    slots, values, pool, counts
        Table of hashes, values kept (``OFFSET`` and the places behind it), their bytes, and their number per column.
    codes : array of int32, shape (text columns, rows)
        Filled; rows of traces and of events begin at 0 each.
    stamps, shifts : arrays of int64 and int16, shape (date columns, rows)
        Filled: wall clocks, and minutes of their offsets.
    trace_of : array of int32
        Filled: the trace of each event.

    Returns
    -------
    int
        The reason.
    """
    rows = codes.shape[1]
    p, level = state[POS], state[LEVEL]
    e, t = state[EVENT], state[TRACE]
    first_of_event, first_of_trace = len(following) - 1, len(following) - 2
    before = first_of_trace
    gap, gap_width = np.uint64(0), 0
    start = p  # where reading begins again: the attribute of a trace, the event, or the tag
    reason = STRANGE
    while True:
        word = _word(buf, p)
        # Highest bits of bytes beyond the space; what stands before the first one is mostly what stood there at last.
        mark = (((word & _LOWS) + _ABOVE_SPACE) | word) & _HIGHS
        width = np.int64(_low_zeros(mark) >> np.uint64(3)) if mark != 0 else 8
        if width == gap_width and word & _first_bytes(width) == gap and p + width <= n:
            p += width
        else:
            at = p
            while p < n and (buf[p] == 10 or buf[p] == 9 or buf[p] == 32 or buf[p] == 13):
                p += 1
            if p - at == width and width < 8:
                gap, gap_width = word & _first_bytes(width), int(width)
        if level < 2:
            start = p
        word = _word(buf, p)
        c = following[before] if level > 0 else -1
        known = c >= 0
        if known:
            length = head_length[c]
            whole = length >> 3
            if word != heads[c, 0]:
                known = False
            else:
                i = 1
                while i < whole and _word(buf, p + 8 * i) == heads[c, i]:
                    i += 1
                known = i == whole and (_word(buf, p + 8 * whole) ^ heads[c, whole]) & _first_bytes(length & 7) == 0
            if known:
                p += length
        if not known:
            if level == 2 and word == _EVENT_CLOSE:
                p += 8
                trace_of[e] = state[TRACES_BEFORE] + t
                e += 1
                level = 1
                before = first_of_trace
                continue
            if level == 1 and word & _SEVEN == _EVENT_OPEN:
                if e == rows:
                    reason = FULL
                    break
                p += 7
                level = 2
                before = first_of_event
                continue
            if level == 1 and word == _TRACE_CLOSE:
                p += 8
                t += 1
                level = 0
                continue
            if level == 0 and word & _SEVEN == _TRACE_OPEN:
                if t == rows:
                    reason = FULL
                    break
                p += 7
                level = 1
                before = first_of_trace
                continue
            if level == 0:
                if word & _SIX == _LOG_CLOSE:
                    p += 6
                    start = p
                    reason = END
                break
            k = 0
            second = _word(buf, p + 8)
            while k < 6 and (
                (word ^ _OPENING[k, 0]) & _OPENING_MASK[k, 0] != 0
                or (second ^ _OPENING[k, 1]) & _OPENING_MASK[k, 1] != 0
            ):
                k += 1
            if k == 6:
                break
            p += _OPENING_LENGTH[k]
            at = p
            mark = _quotes(_word(buf, p))
            while mark == 0 and p < n:
                p += 8
                mark = _quotes(_word(buf, p))
            if mark == 0:
                p = n
                break
            p += np.int64(_low_zeros(mark) >> np.uint64(3))
            if p >= n or _word(buf, p) != _VALUE or buf[p + 8] != 34:
                break
            owner = KEYS + 6 * (level - 1) + k
            h = hash_of(buf, at, p - at, owner)
            found = _find(buf, at, p - at, owner, h, slots, values, pool)
            if found < 0:
                if p + 9 <= n and found != NAT:
                    state[KEY_KIND], state[KEY_AT], state[KEY_LEN], state[KEY_LEVEL] = k, at, p - at, level
                    reason = NEW_KEY
                break
            c = values[found, CODE]
            following[before] = c
            p += 9
        if p >= n:
            break
        before = c
        row = e if level == 2 else t
        line = line_of[c]
        if kind[c] == DATE:
            if buf[p] == 34:
                # An empty date is a missing one.
                stamp, shift = NAT, LOCAL
            else:
                stamp, shift, p = _stamp(buf, p)
                if stamp == NAT or buf[p] != 34:
                    break
            if stamps[line, row] != NAT:
                break
            closing = _closing(buf, p + 1)
            if closing == 0:
                break
            stamps[line, row] = stamp
            shifts[line, row] = shift
        else:
            at = p
            h = _seed(c)
            word = _word(buf, p)
            mark = _quotes(word)
            while mark == 0 and p < n:
                h = _mixed(h, word)
                p += 8
                word = _word(buf, p)
                mark = _quotes(word)
            if mark == 0:
                p = n
                break
            rest = np.int64(_low_zeros(mark) >> np.uint64(3))
            p += rest
            if p >= n:
                break
            closing = _closing(buf, p + 1)
            if closing == 0 or codes[line, row] != MISSING:
                break
            length = p - at
            h = _done(_mixed(h, word & _first_bytes(rest)), length)
            found = _find(buf, at, length, c, h, slots, values, pool)
            if found >= 0:
                codes[line, row] = values[found, CODE]
            elif found == NAT:
                break
            elif (
                2 * (state[VALUES] + 1) > len(slots)
                or state[VALUES] >= len(values)
                or state[POOL] + length + PAD > len(pool)
            ):
                reason = GROW
                break
            else:
                codes[line, row] = counts[c]
                _keep(buf, at, length, c, h, -1 - found, counts[c], slots, values, pool, state)
                counts[c] += 1
        p += 1 + closing
    if level == 2:
        # The event is read again from its beginning.
        for c in range(len(counts)):
            if level_of[c] == 2:
                if kind[c] == DATE:
                    stamps[line_of[c], e] = NAT
                else:
                    codes[line_of[c], e] = MISSING
        level = 1
    if reason == STRANGE and not ends and p + PAD > n:
        # Nothing looks further ahead than the bytes behind the end: with more of them it may be plain.
        reason = MORE
    state[POS], state[LEVEL], state[EVENT], state[TRACE] = start, level, e, t
    return reason


@njit(cache=True, nogil=True)
def count_shifts(stamps, shifts, zones):  # type: ignore[no-untyped-def]
    """Count a column's stamps by their offset."""
    for i in range(len(stamps)):
        if stamps[i] != NAT:
            shift = np.int64(shifts[i])
            zones[LOCAL if shift == LOCAL else shift + FURTHEST] += 1
