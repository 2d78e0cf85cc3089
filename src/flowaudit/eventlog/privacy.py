"""Pseudonyms: applicants become keyed hashes and officers codes before anything else sees them."""

from __future__ import annotations

import csv
import hashlib
import hmac
import os
import re
import sys
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError
from flowaudit.eventlog.coded import Coded, among, coded, is_text
from flowaudit.eventlog.headers import person_of
from flowaudit.eventlog.staging import staged
from flowaudit.messages import translate as _

SALT_BYTES = 32
_RUNS_AS_FORMULA = "^(?=[=+@\t\r-])"
MASK = "***"
PSEUDONYM = "_pseudonym"
"""Ending of a header whose column our own writers filled with pseudonyms: they stay as they are."""
_PERSON = re.compile(
    r"申请人|申请单位|证件号|身份证|联系人|联系电话|联系方式|手机|代理人|法定代表人|统一社会信用代码|"
    r"applicant|applyer|contact_|id_?number|(^|_)(phone|mobile)",
    re.IGNORECASE,
)
_NOT_PERSON = re.compile(r"类型|类别|所在区|type|kind|channel", re.IGNORECASE)
_FREE_TEXT = re.compile(
    r"意见|备注|说明|评价内容|文字评价|^(opinion|text|rating_text|comments?|remarks?|notes?|aantekening|handle_explain)$",
    re.IGNORECASE,
)
# Keys are long numbers by nature; a telephone number is not looked for in them.
_KEY = re.compile(r"(_id|_code|_no|编号|编码|流水号)$|^(id|case_id|activity|stage|concept:instance)$", re.IGNORECASE)
# An identity number carries a birth date: other 18-digit numbers are left alone.
_ID_NUMBER = r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"
_MOBILE = r"(?<!\d)1[3-9]\d{9}(?!\d)"
_PERSONAL_NUMBER = re.compile(f"{_ID_NUMBER}|{_MOBILE}")
# What either number begins with, for Arrow's search, which knows neither look-behind nor all digits as \d.
_LONG_NUMBER = r"[1-9１-９]\p{Nd}{10}"
_FULL_WIDTH = {ord("０") + digit: ord("0") + digit for digit in range(10)} | {ord("Ｘ"): ord("X"), ord("ｘ"): ord("x")}


def config_dir() -> Path:
    """Return the user's configuration folder (``FLOWAUDIT_CONFIG_DIR`` if set); it need not exist yet."""
    if given := os.environ.get("FLOWAUDIT_CONFIG_DIR"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "flowaudit"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "flowaudit"


def project_salt() -> bytes:
    """Return this user's salt, made on first use: the same applicant gets the same pseudonym in every log.

    Raises
    ------
    InputError
        If it cannot be read or written: without it nothing is read, since nothing could be pseudonymised.
    """
    path = config_dir() / "salt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except FileExistsError:
            salt = _existing_salt(path)
        else:
            salt = os.urandom(SALT_BYTES)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(salt)
    except OSError as error:
        raise InputError(
            _(
                "the salt for pseudonyms cannot be kept in '{path}': {reason}.",
                path=path,
                reason=error.strerror or error,
            ),
            hint=_("make the folder writable, or name another one in FLOWAUDIT_CONFIG_DIR."),
        ) from error
    if len(salt) != SALT_BYTES:
        raise InputError(
            _("the salt for pseudonyms in '{path}' is damaged.", path=path),
            hint=_("remove it to start afresh; pseudonyms will then differ from earlier ones."),
        )
    return salt


def _existing_salt(path: Path) -> bytes:
    """Read the salt; another process may have created the file a moment ago and not yet filled it."""
    for _attempt in range(20):
        salt = path.read_bytes()
        if salt:
            return salt
        time.sleep(0.05)
    return b""


_witness: ContextVar[dict[str, str] | None] = ContextVar("officer_map", default=None)


@contextmanager
def officer_map() -> Iterator[dict[str, str]]:
    """Learn, while logs are read, which officer each code stands for. Nothing keeps it unless asked to.

    Yields
    ------
    dict of str to str
        Code to the name as the file writes it (two spellings of one officer are joined by " / "). Accounts of systems
        keep their names and are not in it.

    Examples
    --------
    >>> from flowaudit.eventlog import read_frame
    >>> with officer_map() as names:
    ...     log = read_frame(pd.DataFrame({"办件编号": ["1"], "环节名称": ["受理"], "办理人": ["张三"],
    ...                                    "完成时间": ["2024-01-02 09:00"]}), salt=b"0" * 32)
    >>> names
    {'Rb2efda': '张三'}
    """
    names: dict[str, str] = {}
    token = _witness.set(names)
    try:
        yield names
    finally:
        _witness.reset(token)


def write_officer_map(names: Mapping[str, str], path: str | Path) -> None:
    """Write what :func:`officer_map` learned as CSV (code, name), readable by its owner alone where the system can.

    A name that a spreadsheet program would run as a formula gets an apostrophe before it.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with staged(path, private=True) as place, place.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([_("officer code"), _("name")])
        writer.writerows((code, re.sub(_RUNS_AS_FORMULA, "'", names[code])) for code in sorted(names))


class Pseudonymiser:
    """Keyed, stable, one-way names for people.

    Parameters
    ----------
    salt : bytes, optional
        The key; the user's own by default.
    keep : collection of str
        Accounts of systems: their names stay readable.

    Examples
    --------
    >>> hidden = Pseudonymiser(b"0" * 32, keep=["SYSTEM"])
    >>> hidden.officers(pd.Series(["张三", "SYSTEM", "张三"])).tolist()
    ['Rb2efda', 'SYSTEM', 'Rb2efda']
    """

    def __init__(self, salt: bytes | None = None, *, keep: Collection[str] = ()) -> None:
        self._salt = project_salt() if salt is None else salt
        self._keep = frozenset(keep)

    def applicants(self, values: pd.Series) -> pd.Series:
        """Return 16 hexadecimal digits per applicant, missing where missing."""
        return self._each(values, self.applicant_names(_distinct(values)))

    def officers(self, values: pd.Series, *, known: pd.Series | None = None) -> pd.Series:
        """Return ``R`` and 6 hexadecimal digits per officer (10 where two officers would share a code)."""
        return self._each(
            values, self.officer_names([*_distinct(values), *(_distinct(known) if known is not None else ())])
        )

    def applicant_names(self, names: Iterable[str]) -> dict[str, str]:
        """Return the pseudonym of every applicant; blank names have none."""
        return {name: self._digest("applicant", name)[:16] for name in names if name.strip()}

    def officer_names(self, names: Iterable[str]) -> dict[str, str]:
        """Return the code of every officer; blank names have none."""
        there = {name for name in names if name.strip()}
        digests = {v: self._digest("officer", v) for v in sorted(there) if v not in self._keep}
        # One officer may be written in two ways that mean the same; only different digests are different officers.
        short: dict[str, set[str]] = {}
        for digest in digests.values():
            short.setdefault(digest[:6], set()).add(digest)
        codes = {v: "R" + d[: 6 if len(short[d[:6]]) == 1 else 10] for v, d in digests.items()}
        told = _witness.get()
        if told is not None:
            for name, code in codes.items():
                if name not in told.setdefault(code, name).split(" / "):
                    told[code] += f" / {name}"
        return {**codes, **{v: v for v in there if v in self._keep}}

    def _digest(self, kind: str, value: str) -> str:
        # An officer's number passed through a spreadsheet comes back as "10929.0".
        plain = re.sub(r"^(\d+)\.0$", r"\1", unicodedata.normalize("NFKC", value).strip())
        return hmac.new(self._salt, f"{kind}\0{plain}".encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def _each(values: pd.Series, names: dict[str, str]) -> pd.Series:
        text = values.astype("object")
        return text.map(lambda v: names[str(v)] if pd.notna(v) and str(v).strip() else None).astype("str")


def _distinct(values: pd.Series) -> list[str]:
    return [str(v) for v in values.dropna().unique() if str(v).strip()]


def names_person(column: str) -> bool:
    """Say whether a column holds what identifies an applicant."""
    return bool(_PERSON.search(column)) and not _NOT_PERSON.search(column)


def is_free_text(column: str) -> bool:
    """Say whether a column holds free text written by people."""
    return bool(_FREE_TEXT.search(column))


def protect(
    table: dict[str, pa.Array],
    hidden: Pseudonymiser,
    *,
    officers: Iterable[str] | None = None,
    keep_text: bool = False,
    untouched: Collection[str] = (),
) -> tuple[list[str], list[str], dict[str, int]]:
    """Take the names of people out of a table, in place, and tell what was done to it.

    Parameters
    ----------
    table : dict of str to pa.Array
    hidden : Pseudonymiser
    officers : iterable of str, optional
        Officers as the file writes them: a column half of whose values are officers names officers too.
    keep_text : bool
        Keep free text (its identity and telephone numbers are masked all the same).
    untouched : collection of str
        Columns whose meaning is known and is not a person.

    Returns
    -------
    pseudonymised : list of str
    dropped : list of str
        Free-text columns left out.
    masked : dict of str to int
        Cells in which an identity or telephone number was masked, by column.
    """
    pseudonymised: list[str] = []
    dropped: list[str] = []
    masked: dict[str, int] = {}
    crew = [name for name in officers if name.strip()] if officers is not None else []

    def coin(text: Coded) -> pa.Array:
        names = hidden.officer_names([*text.distinct(), *crew])
        return text.mapped(names.get).array()

    done = {c.removesuffix(PSEUDONYM) for c in table if c.endswith(PSEUDONYM)} - set(table)
    if done:
        columns = [(c.removesuffix(PSEUDONYM) if c.removesuffix(PSEUDONYM) in done else c, v) for c, v in table.items()]
        table.clear()
        table.update(columns)
        pseudonymised.extend(sorted(done))
    for column in [c for c in table if c not in done]:
        kind = None if column in untouched else person_of(column)
        if column == "resource" or kind == "officer":
            table[column] = coin(coded(table[column]))
            pseudonymised.append(column)
        elif column in untouched:
            continue
        elif kind == "applicant" or names_person(column):
            text = coded(table[column])
            table[column] = text.mapped(hidden.applicant_names(text.distinct()).get).array()
            pseudonymised.append(column)
        elif not is_text(table[column].type):
            continue
        elif is_free_text(column) and not keep_text:
            del table[column]
            dropped.append(column)
        elif _KEY.search(column):
            continue
        else:
            text = coded(table[column])
            used = (text.counts() > 0) & ~pc.equal(pc.utf8_trim_whitespace(text.labels), "").to_numpy(
                zero_copy_only=False
            )
            if used.any() and (among(text.labels, crew) & used).sum() * 2 >= used.sum():
                table[column] = coin(text)
                pseudonymised.append(column)
                continue
            suspects = pc.match_substring_regex(text.labels, _LONG_NUMBER).to_numpy(zero_copy_only=False) & used
            labels = text.labels.filter(pa.array(suspects)).to_pylist()
            changed = {label: safe for label in labels if (safe := _masked(label)) != label}
            if changed:
                masked[column] = int(text.isin(changed).sum())
                table[column] = text.mapped(lambda label, changed=changed: changed.get(label, label)).array()  # type: ignore[misc]
    return pseudonymised, dropped, masked


def _masked(text: str) -> str:
    """Return text without identity and telephone numbers, whether their digits are half or full width."""
    plain = text.translate(_FULL_WIDTH)
    out, last = [], 0
    for found in _PERSONAL_NUMBER.finditer(plain):
        out += [text[last : found.start()], MASK]
        last = found.end()
    return "".join([*out, text[last:]])
