"""Which objects of an object-centric log are people, told by the name of their type."""

from __future__ import annotations

import re
from typing import Literal

_APPLICANTS = re.compile(r"applicant|customer|client|citizen|person|patient|申请人|当事人|客户|群众", re.IGNORECASE)
_OFFICERS = re.compile(
    r"employee|officer|clerk|worker|staff|resource|(^|[_ ])(user|agent)s?$|办理人|经办人|审批人|人员|员工|工作人员",
    re.IGNORECASE,
)


def people_of(kind: str) -> Literal["applicant", "officer"] | None:
    """Say whether objects of a type are people, and which.

    Examples
    --------
    >>> people_of("Customers"), people_of("办理人员"), people_of("orders")
    ('applicant', 'officer', None)
    """
    if _APPLICANTS.search(kind):
        return "applicant"
    return "officer" if _OFFICERS.search(kind) else None
