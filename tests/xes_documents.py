"""XES documents for tests: written in the plain way and in many others, whole and damaged."""

import random

PLAIN_TEXT = [
    "",
    "a",
    "受理",
    "Confirmation of receipt",
    "x" * 7,
    "x" * 8,
    "x" * 9,
    "é",
    "😀",
    "a" * 70,
    " b ",
    "a  b",
    "true",
    "1",
]
TRICKY_TEXT = ["a&b", "<", ">", '"', "'", "a\tb", "a\nb", "a\r\nb", "]]>", "&amp;", "\u00a0", "\x85", "\ufffd", "#"]
DATES = [
    "2011-10-11T13:45:40.276+02:00", "2011-10-11T13:45:40+01:00", "2011-10-11T13:45:40Z", "2011-10-11T13:45:40",
    "2012-02-29T00:00:00.123456789-05:30", "2011-10-11", "2011-10-11 13:45", "1900-01-01T00:00:00.1", "2199-12-31T23:59:59.999999",
    "2011-10-11T13:45:40.276+0200", "2000-02-29T00:00:00+14:00", "2100-02-28T23:59:59+00:00",
]  # fmt: skip
ODD_DATES = [
    "", "2011-10-11T24:00:00", "20111011T134540", "2011年10月11日", "2011-13-11", "2011-02-29", "2100-02-29", "1899-12-31", "2200-01-01",
    "2011-10-11T13:45:60", "2011-10-11T13:45:40+15:00", "2011-10-11T13:45:40.1234567891", "2011-10-11T", "0000-00-00", "nan",
    "2011-10-11T13:45:40.", "2011-10-11T13:45:40+02", "2011-10-11T13:45:40z", " 2011-10-11", "2011-10-11T13:45:40 +02:00", "2011-10-11T13",
]  # fmt: skip
INTS = ["0", "1", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808", "007", "+5", "", "3.0"]
ODD_INTS = ["9223372036854775808", "1.5", "x", "1_000", "0x1F", " 12 ", "1e3", "true", "１２"]
FLOATS = ["0.0", "1.5", "-2.25E7", "1e-3", ".5", "5.", "NaN", "INF", "-INF", "2.3832541524E7", "0.1", "", "1"]
ODD_FLOATS = ["1,5", "abc", "1e400", "1 2", "0x1p3", "infinity", "+1.5", "nan(1)", "1e", "--1"]
BOOLEANS = ["true", "false", "1", "0", "True", ""]
ODD_BOOLEANS = ["yes", "t", "真"]
KEYS = [
    "concept:name",
    "org:group",
    "time:timestamp",
    "lifecycle:transition",
    "k",
    "键",
    "a b",
    "x" * 40,
    "id",
    "case:concept:name",
    "case_id",
]
ODD_KEYS = ["", "a&amp;b", "y" * 300, "a\tb"]
VALUES = {
    "string": (PLAIN_TEXT + TRICKY_TEXT, ["\x01", "\ufffe"]),
    "id": (PLAIN_TEXT, TRICKY_TEXT),
    "date": (DATES, ODD_DATES),
    "int": (INTS, ODD_INTS),
    "float": (FLOATS, ODD_FLOATS),
    "boolean": (BOOLEANS, ODD_BOOLEANS),
}
HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n<!-- written for a test -->\n<log xes.version="1.0">\n<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>\n<global scope="event">\n<string key="concept:name" value="UNKNOWN"/>\n</global>\n<classifier name="A" keys="concept:name"/>\n<float key="n" value="1.0"><float key="m" value="2"/></float>\n'


def escape(rng: random.Random, text: str, *, often: float = 0.01) -> str:
    """Write a text as XML, in one of the ways there are."""
    out = []
    for ch in text:
        if ch in '&<"\t\n\r':
            if ch in "\t\n\r" and rng.random() < 0.3:
                out.append(ch)
            elif ch in '&<"' and rng.random() < 0.7:
                out.append({"&": "&amp;", "<": "&lt;", '"': "&quot;"}[ch])
            else:
                out.append(rng.choice([f"&#{ord(ch)};", f"&#x{ord(ch):x};", f"&#x{ord(ch):04X};"]))
        elif ch in "'>" and rng.random() < 0.5:
            out.append({"'": "&apos;", ">": "&gt;"}[ch])
        elif rng.random() < often:
            out.append(f"&#{ord(ch)};")
        else:
            out.append(ch)
    return "".join(out)


def document(rng: random.Random, *, odd: float = 0.0) -> bytes:
    """Return a document; with ``odd`` above 0 some of its parts are not plain, or wrong."""

    def strange() -> bool:
        return rng.random() < odd

    gap = rng.choice(["", "\n", "\n\t\t", "\r\n  ", " "])
    close = rng.choice(["/>", "/>", " />"])
    kind_of: dict[tuple[str, str], str] = {}

    def attribute(level: str, key: str) -> str:
        kind = kind_of.setdefault(
            (level, key), rng.choice(["string", "string", "date", "int", "float", "boolean", "id"])
        )
        if rng.random() < 0.01 or strange():
            kind = rng.choice(["string", "date", "int", "float", "boolean", "id"])
        good, bad = VALUES[kind]
        value = rng.choice(bad if strange() else good)
        if rng.random() < 0.3 and kind in ("string", "id"):
            value += str(rng.randrange(50))
        end = close
        # References inside a date are legal, and for the parser.
        told = f'"{escape(rng, value, often=0.0 if kind == "date" and not strange() else 0.01)}"'
        if strange():
            match rng.randrange(9):
                case 0:
                    end = f"></{kind}>"
                case 1:
                    end = f'><string key="in" value="x"/></{kind}>'
                case 2:
                    told = f"'{escape(rng, value).replace(chr(39), '&apos;')}'"
                case 3:
                    return f'<{kind} value={told} key="{key}"{close}'
                case 4:
                    return f'<{kind}  key="{key}" value={told}{close}'
                case 5:
                    return f'<{kind} key="{key}"{close}'
                case 6:
                    return f'<x:{kind} key="{key}" value={told}{close}'
                case 7:
                    return '<list key="l"><values><string key="z" value="1"/></values></list>'
                case 8:
                    return rng.choice(["<!-- <trace> -->", "<?pi x?>", "<![CDATA[ ]]>", "text", "&amp;", "<foo/>"])
        return f'<{kind} key="{key}" value={told}{end}'

    def attributes(level: str) -> str:
        keys = rng.sample(KEYS, rng.randrange(len(KEYS)))
        if rng.random() < 0.7:
            keys.sort()
        if strange():
            keys.append(rng.choice(KEYS + ODD_KEYS))
        return "".join(gap + attribute(level, key) for key in keys)

    parts = [HEAD]
    if strange():
        parts = [rng.choice([
            "<log>", '<?xml version="1.0" encoding="GB18030"?><log>', "\ufeff<log>", '<x:log xmlns:x="u">', "<!-- <trace> --><log>",
            '<log><event><string key="a" value="b"/></event>', "<!DOCTYPE log><log>", "<log><foo>", "<html>",
        ])]  # fmt: skip
    for _trace in range(rng.randrange(5)):
        parts.append(gap + "<trace>" + attributes("trace"))
        for _event in range(rng.randrange(5)):
            parts.append(gap + "<event>" + attributes("event") + gap + "</event>")
            if strange():
                parts.append(rng.choice([gap + attribute("trace", "late"), "<event/>", "<event >", "<!-- c -->", "x"]))
        parts.append(gap + "</trace>")
        if strange():
            parts.append(
                rng.choice(
                    ["<trace/>", '<string key="a" value="b"/>', "<event></event>", "<!---->", "</log>", "</trace>"]
                )
            )
    parts.append("</log>")
    if strange():
        parts.append(rng.choice(["\n", "<!-- end -->", "x", "<log></log>", "\0"]))
    return "".join(parts).encode("utf-8", "surrogatepass")
