"""The verbs of a scenario: one for every reform measure, each returning a new scenario."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

from pydantic import ValidationError

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.redesign.measure import Measure
from flowaudit.redesign.measures import MEASURES
from flowaudit.toml import problems_of


class Verbs:
    """What can be done to a process; ``flowaudit list measures`` explains every parameter."""

    @abstractmethod
    def add(self, measure: Measure) -> Self:
        """Return the scenario with one measure more."""

    def _do(self, number: str, **parameters: Any) -> Self:
        return self.add(build(MEASURES[number], parameters))

    def merge_steps(self, first: str, second: str, **parameters: Any) -> Self:
        """M01 合并环节: one activity instead of two that follow each other in one department."""
        return self._do("M01", first=first, second=second, **parameters)

    def limit_levels(self, department: str, levels: int, **parameters: Any) -> Self:
        """M02 压减审批层级: decide after ``levels`` sign-offs."""
        return self._do("M02", department=department, levels=levels, **parameters)

    def case_worker(self, department: str, *activities: str, **parameters: Any) -> Self:
        """M03 专人通办: one officer sees a case through the department, instead of office after office."""
        return self._do("M03", department=department, activities=activities, **parameters)

    def parallelise(self, *names: str) -> Self:
        """M04 并联审批: let items or activities begin together."""
        return self._do("M04", names=names)

    def one_window(self, *items: str, **parameters: Any) -> Self:
        """M05 综合窗口: one application and one acceptance for several items (none named: all)."""
        return self._do("M05", items=items, **parameters)

    def one_form(self, *items: str, **parameters: Any) -> Self:
        """M06 一表申请: one form for several items (none named: all)."""
        return self._do("M06", items=items, **parameters)

    def use_e_licence(self, *materials: str, **parameters: Any) -> Self:
        """M07 电子证照免交: fetch materials instead of asking for them."""
        return self._do("M07", materials=materials, **parameters)

    def reuse_material(self, material: str) -> Self:
        """M08 材料复用: hand a material in once for all items."""
        return self._do("M08", material=material)

    def notify_once(self, *materials: str, **parameters: Any) -> Self:
        """M09 一次告知: fewer corrections, for the materials named (none: all)."""
        return self._do("M09", materials=materials, **parameters)

    def precheck(self, *items: str, **parameters: Any) -> Self:
        """M10 智能预审: an automatic check before acceptance, for the items named (none: all)."""
        return self._do("M10", items=items, **parameters)

    def decide_automatically(self, *activities: str, **parameters: Any) -> Self:
        """M11 智能批: a share of the cases pass the activities without an officer."""
        return self._do("M11", activities=activities, **parameters)

    def commit(self, *activities: str, **parameters: Any) -> Self:
        """M12 告知承诺: check after the decision what was checked before it."""
        return self._do("M12", activities=activities, **parameters)

    def tolerate_missing(self, *materials: str, **parameters: Any) -> Self:
        """M13 容缺受理: accept without the materials named, which are handed in later."""
        return self._do("M13", materials=materials, **parameters)

    def inspect_together(self, *activities: str, **parameters: Any) -> Self:
        """M14 联合踏勘: one inspection by several departments."""
        return self._do("M14", activities=activities, **parameters)

    def serve_early(self, *activities: str) -> Self:
        """M15 提前服务: do before acceptance what was done after it."""
        return self._do("M15", activities=activities)

    def drop_prerequisite(self, before: str, after: str, **parameters: Any) -> Self:
        """M16 取消前置: ``after`` no longer waits for ``before``."""
        return self._do("M16", before=before, after=after, **parameters)

    def issue_together(self, *items: str, **parameters: Any) -> Self:
        """M17 统一发证: one issuance for several items (none named: all), by counter or courier."""
        return self._do("M17", items=items, **parameters)

    def shorten_promise(self, days: float, **parameters: Any) -> Self:
        """M18 压缩承诺时限: promise ``days`` working days."""
        return self._do("M18", days=days, **parameters)

    def staff(self, pool: str, add: int = 0, **parameters: Any) -> Self:
        """M19 人员与排班: more or fewer officers, longer hours, cross-training."""
        return self._do("M19", pool=pool, add=add, **parameters)

    def agree_by_silence(self, *activities: str, days: float) -> Self:
        """M20 会办限时默认: no reply in ``days`` working days means agreement."""
        return self._do("M20", activities=activities, days=days)

    def delegate(self, *activities: str, to: str, **parameters: Any) -> Self:
        """M21 审批权下放: another department does the activities."""
        return self._do("M21", activities=activities, to=to, **parameters)

    def go_online(self, *activities: str, **parameters: Any) -> Self:
        """M22 全程网办: a share of the visits for the activities named (none: all) is no longer needed."""
        return self._do("M22", activities=activities, **parameters)

    def any_window(self, *activities: str) -> Self:
        """M23 全市通办: whoever is free does the activities, wherever they sit."""
        return self._do("M23", activities=activities)

    def handle_daily(self, *activities: str) -> Self:
        """M24 取消批量会审: do the activities as they come instead of in batches."""
        return self._do("M24", activities=activities)

    def triage(self, **parameters: Any) -> Self:
        """M25 分类分级: a fast lane for simple cases."""
        return self._do("M25", **parameters)


def build(kind: type[Measure], parameters: dict[str, Any]) -> Measure:
    """Return a measure with its parameters.

    Raises
    ------
    UsageError
        Naming the parameter that is out of its range.
    """
    try:
        return kind(**parameters)
    except ValidationError as error:
        raise UsageError(
            _("{verb}: {problem}", verb=kind.verb, problem=problems_of(error)),
            hint=_("flowaudit list measures shows every parameter and its range."),
        ) from None
