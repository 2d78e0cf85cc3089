"""Names of materials: the same paper goes by many names, and two papers by nearly the same."""

from __future__ import annotations

import re
import unicodedata

from flowaudit.catalogue.text import fold

# What says how a paper is handed in, not which one it is.
_HANDED_IN = re.compile(
    r"(?:原件及复印件|原件和复印件|原件或复印件|原件与复印件|正[、,/]?副本|正本[及和、,/]副本|复印件|影印件|扫描件|电子件|电子版|"
    r"纸质版|文本$|原件|正本|副本|彩色|加盖公章|盖公章|正反两面|正反面|双面|"
    r"(?:一式)?[0-9一二三四五六七八九十两]+[份张页套](?:$|(?=[^\w]))|[aA]4纸?)"
)
_BRACKETS = re.compile(r"[(\[【〔{<]([^()\[\]【】〔〕{}<>]*)[)\]】〕}>]")
_NUMBERING = re.compile(r"^(?:[(（]?[0-9一二三四五六七八九十]{1,2}[)）]?[、.．)）]\s*|[(（][0-9]{1,2}[)）])")
_EDGE = re.compile(r"^[\s、,，;；:：.。的及和与或]+|[\s、,，;；:：.。及和与或]+$")
# A paper named after the act of handing it in: 提供营业执照, 需提交身份证.
_ASKED = re.compile(r"^(?:需|须|应|请)?(?:提供|提交|出具|携带|上传)(?:的)?")

# Whose paper it is. 法人 is the representative only where a person's paper follows; 企业法人营业执照 is the firm's.
_ROLES: tuple[tuple[str, str], ...] = (
    (r"法定代表人(?:\(负责人\)|或负责人|或主要负责人)?|法人代表|法人(?=(?:的)?(?:身份|居民|有效身份|护照|户口|签字|照片|联系))", "法定代表人"),
    (r"经办人员?|代办人|(?:委托)?代理人|受托人|被委托人|受委托人|办理人", "经办人"),
    (r"委托人", "委托人"),
    (r"主要负责人|负责人", "负责人"),
    (r"监护人", "监护人"),
    (r"被继承人|死者|逝者|死亡人员|亡者", "逝者"),
    (r"继承人", "继承人"),
    (r"新生儿|婴儿|新生婴儿", "新生儿"),
    (r"父母双方|父母", "父母"),
    (r"父亲", "父亲"),
    (r"母亲|产妇", "母亲"),
    (r"夫妻双方|配偶", "配偶"),
    (r"出租人|出租方|房东", "出租人"),
    (r"承租人|承租方", "承租人"),
    (r"产权人|房屋所有权人|业主", "产权人"),
    (r"股东|投资人|出资人|合伙人", "股东"),
    (r"从业人员|工作人员|操作人员|作业人员", "从业人员"),
    (r"食品安全管理(?:人员|员)", "食品安全管理员"),
    (r"受让人|受让方", "受让人"),
    (r"转让人|转让方", "转让人"),
    (r"申请人|本人|参保人|退休人员|当事人", "申请人"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), role) for pattern, role in _ROLES)


def normalise_name(name: str) -> str:
    """Return a material's name without width, spaces, numbering, copies and how it is handed in.

    Nothing that tells one paper from another is lost: roles and what brackets say besides stay.

    Examples
    --------
    >>> normalise_name("１、营业执照（副本）复印件 1份"), normalise_name("居民身份证（正反面扫描件）")
    ('营业执照', '居民身份证')
    >>> normalise_name("身份证（经办人）")
    '身份证经办人'
    """
    plain = _stripped(name)
    # What one pass lays bare may be an edge again.
    while (again := _stripped(plain)) != plain:
        plain = again
    return plain


def _stripped(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).replace("（", "(").replace("）", ")")
    text = (
        re.sub(r"\s+", "", text) if not re.search(r"[A-Za-z]\s+[A-Za-z]", text) else re.sub(r"\s+", " ", text).strip()
    )
    text = _NUMBERING.sub("", text)

    def inside(found: re.Match[str]) -> str:
        kept = _EDGE.sub("", _HANDED_IN.sub("", found.group(1)))
        return f"({kept})" if kept else ""

    text = _BRACKETS.sub(inside, text)
    bare = _EDGE.sub("", _ASKED.sub("", _HANDED_IN.sub("", text)))
    # A name that says nothing else (复印件) keeps what it says.
    return re.sub(r"[()《》“”\"'「」]", "", bare) or fold(name) or name


def role_of(name: str) -> tuple[str, str]:
    """Return whose paper a name means ('' where it does not say) and the name without that.

    Examples
    --------
    >>> role_of("法人代表身份证"), role_of("经办人身份证"), role_of("企业法人营业执照")
    (('法定代表人', '身份证'), ('经办人', '身份证'), ('', '企业法人营业执照'))
    """
    for pattern, role in _COMPILED:
        found = pattern.search(name)
        if found:
            rest = _EDGE.sub("", name[: found.start()] + name[found.end() :])
            return (role, rest) if rest else ("", name)
    return "", name


def aliases_of(cell: object) -> list[str]:
    """Return the single aliases of a cell, separated by ``|``, ``;`` or ``、``.

    Examples
    --------
    >>> aliases_of("工商营业执照|企业法人营业执照；")
    ['工商营业执照', '企业法人营业执照']
    """
    return [part.strip() for part in re.split(r"[|｜;；、\n]", str(cell)) if part.strip()]
