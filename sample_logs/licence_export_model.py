"""One department's raw office export 办件环节导出 (合成数据, synthetic): a flat table as its system hands it over.

The cases are food licences of the sample ``restaurant/``; what is added is the dress of an export: GB18030 without a
signature, Chinese headers, codes, stamps in six forms, and the faults that such tables have. The workbook holds the
same rows, with real dates where a spreadsheet has them.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAME = "办件环节导出"
SHEET = "办件环节"
HEADERS = (
    "办件编号", "事项编码", "事项名称", "事项版本", "申请人类型", "申请方式", "申请时间", "受理时间", "办结时间", "办结结果", "承诺办结时限",
    "环节序号", "环节名称", "环节类型", "环节开始时间", "环节结束时间", "处理单位名称", "处室", "环节处理人", "业务动作", "环节处理意见",
    "特别程序种类", "启动理由", "数据版本号", "数据来源",
)  # fmt: skip
DATES = ("申请时间", "受理时间", "办结时间", "环节开始时间", "环节结束时间")
ACTIONS = {"受理": "4", "通过": "1", "补正": "5", "退回": "7", "不予许可": "0", "撤回": "7", "": "1"}
RESULTS = {"准予许可": "0", "不予许可": "1", "撤回": "5", "": ""}
OPINIONS = {
    "4": "材料齐全，予以受理。",
    "1": "同意。",
    "5": "请补正材料。",
    "6": "启动特别程序。",
    "7": "退回。",
    "0": "不予许可。",
}
SPECIAL = {"expert_review": ("专家评审", "6"), "extension": ("延长审批", "1")}
"""Kind and 业务动作 of a special procedure: a suspension (特别程序（挂起）), and an extension somebody agreed to."""


def excel_style(t: datetime) -> str:
    """Return a stamp as a spreadsheet shows it."""
    return f"{t.year}/{t.month}/{t.day} {t.hour}:{t:%M:%S}"


# Every office has a system of its own, and every system its own way to write a stamp.
FORMS: dict[str, Callable[[datetime], str]] = {
    "审批一科": excel_style,
    "审核科": lambda t: f"{t.year}年{t.month}月{t.day}日 {t.hour}时{t.minute}分{t.second}秒",
    "审批办": lambda t: f"{t:%Y%m%d%H%M%S}",
    "局领导": lambda t: f"{t:%Y-%m-%d %H:%M:%S}".translate(
        {**{ord(str(d)): 0xFF10 + d for d in range(10)}, ord(":"): "："}
    ),
    "技术科": lambda t: f"{t:%Y-%m-%d}",
    "证照室": lambda t: f"{t:%Y-%m-%d} {'上午' if t.hour < 12 else '下午'} {(t.hour - 1) % 12 + 1}:{t:%M:%S}",
}
Row = dict[str, str]


def table(name: str) -> list[Row]:
    """Return a table of the sample ``restaurant/``."""
    plain = HERE / "restaurant" / f"{name}.csv"
    text = (
        plain.read_text("utf-8")
        if plain.exists()
        else gzip.decompress(plain.with_name(f"{name}.csv.gz").read_bytes()).decode()
    )
    return list(csv.DictReader(io.StringIO(text)))


def moment(text: str) -> datetime | None:
    """Return a stamp of the sample, None where it is empty."""
    return datetime.fromisoformat(text) if text else None


def rows(n: int, seed: int) -> Iterator[Row]:
    """Yield the rows of the export, case by case."""
    chance = random.Random(seed)
    events = {event["event_id"]: event for event in table("events")}
    of_case: dict[str, list[Row]] = {}
    for link in table("e2o"):
        if link["object_type"] == "case":
            of_case.setdefault(link["object_id"], []).append(events[link["event_id"]])
    specials: dict[str, list[Row]] = {}
    for episode in table("special_episodes"):
        if episode["type"] in SPECIAL and episode["end"]:
            specials.setdefault(episode["case_id"], []).append(episode)
    chosen = [case for case in table("cases") if case["item_code"] == "SP"][:n]
    for number, case in enumerate(chosen):
        steps = [e for e in of_case[case["case_id"]] if e["department"] != "申请人" and e["start"] and e["end"]]
        steps.sort(key=lambda e: (e["start"], e["end"], e["event_id"]))
        if steps:
            yield from dressed(case, with_special(steps, specials.get(case["case_id"], [])), number, chance)


def with_special(steps: list[Row], episodes: list[Row]) -> list[Row]:
    """Return the steps with their special procedures: a suspension spans its step, an extension is granted in a row of its own."""
    out = list(steps)
    for episode in episodes:
        kind, action = SPECIAL[episode["type"]]
        told = {"special_type": kind, "reason": episode["reason"], "action": action}
        if episode["type"] == "extension":
            before = [step for step in steps if step["end"] <= episode["start"]][-1]
            asked = datetime.fromisoformat(episode["start"])
            stamps = {"start": f"{asked + timedelta(minutes=5)}", "end": f"{asked + timedelta(minutes=25)}"}
            out.append({**before, **stamps, **told, "activity": "延长审批", "result": ""})
        else:
            (place,) = (n for n, step in enumerate(out) if step["end"] == episode["end"] and kind in step["activity"])
            out[place] = {**out[place], **told, "start": episode["start"]}
    return sorted(out, key=lambda step: (step["start"], step["end"]))


def dressed(case: Row, steps: list[Row], number: int, chance: random.Random) -> Iterator[Row]:
    """Yield the rows of one case, with the faults of its number."""
    apply_time = moment(case["apply_time"]) or moment(steps[0]["start"])
    assert apply_time is not None
    # Void, and sent back: the codes of two provinces differ on 5.
    result = "2" if number in (40, 120) else "5" if number in (33, 101) else RESULTS[case["result"]]
    limit = (
        "20自然日" if number % 29 == 7 else "１５个工作日" if number % 5 == 3 else f"{case['promised_days']}个工作日"
    )
    head = {
        "办件编号": case["case_id"] + "\t", "事项编码": "SP", "事项名称": "食品经营许可（合成）",
        "事项版本": "1" if apply_time < datetime(2023, 2, 10) else "2",
        "申请人类型": "2" if case["applicant_type"] == "企业法人" else "6",
        "申请方式": "1" if case["channel"] == "窗口" else chance.choice("23"),
        "申请时间": excel_style(apply_time),
        **{column: excel_style(t) if (t := moment(case[key])) else "" for column, key in (("受理时间", "accept_time"), ("办结时间", "finish_time"))},
        "办结结果": result, "承诺办结时限": limit, "数据来源": "合成数据",
    }  # fmt: skip
    typed_in = moment(steps[-1]["end"]) if number in (77, 150) else None
    for place, step in enumerate(steps):
        start, end = moment(step["start"]), moment(step["end"])
        assert start is not None
        assert end is not None
        if typed_in is not None:
            start, end = typed_in + timedelta(seconds=40 * place), typed_in + timedelta(seconds=40 * place + 30)
        if step["activity"] == "食品许可受理" and chance.random() < 0.7:
            # The exchange standard: where there is no end, the start is sent as end.
            end = start
        action = step.get("action") or ACTIONS[step["result"]]
        write = FORMS.get(step["office"], FORMS["审批一科"])
        officer = "综合窗口2" if step["activity"] == "食品许可受理" and chance.random() < 0.15 else step["resource"]
        row = {
            **head, "环节序号": str(place + 1), "环节名称": step["activity"],
            "环节类型": "1" if place == 0 else "3" if place == len(steps) - 1 else "2",
            "环节开始时间": write(start), "环节结束时间": write(end),
            "处理单位名称": step["department"] if chance.random() > 0.004 else "", "处室": step["office"],
            "环节处理人": officer, "业务动作": action, "环节处理意见": OPINIONS[action],
            "特别程序种类": step.get("special_type", ""), "启动理由": step.get("reason", ""), "数据版本号": "1",
        }  # fmt: skip
        if step["office"] == "证照室" and chance.random() < 0.02:
            row["环节结束时间"] = f"{end:%Y/%m/%d} 24:00"
        if number % 60 == 11 and step["activity"] == "食品许可审核":
            row["环节开始时间"], row["环节结束时间"] = row["环节结束时间"], row["环节开始时间"]
        yield row
        if number % 37 == 5 and place == 1:
            yield dict(row)
        if number % 41 == 9 and place == 2:
            yield {**row, "环节结束时间": write(end + timedelta(minutes=25)), "数据版本号": "2"}


def as_csv(found: list[Row]) -> bytes:
    """Return the export as the bytes of its file, with an empty row at the end as many systems write one."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADERS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(found)
    writer.writerow(dict.fromkeys(HEADERS, ""))
    return text.getvalue().encode("gb18030")


def write_workbook(path: Path, found: list[Row]) -> None:
    """Write the same rows as a workbook: what looks like a spreadsheet's date is one, everything else is text."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        # A workbook carries the moment of its making, unless it is given one.
        book.set_properties({"title": "办件环节导出（合成数据）", "created": datetime(2024, 1, 1)})
        sheet = book.add_worksheet(SHEET)
        stamp = book.add_format({"num_format": "yyyy/m/d h:mm:ss"})
        for column, header in enumerate(HEADERS):
            sheet.write_string(0, column, header)
        for row, values in enumerate(found, 1):
            for column, header in enumerate(HEADERS):
                text = values[header].strip()
                when = _spreadsheet_date(text) if header in DATES else None
                if when is not None:
                    sheet.write_datetime(row, column, when, stamp)
                elif text:
                    sheet.write_string(row, column, text)


def _spreadsheet_date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y/%m/%d %H:%M:%S")
    except ValueError:
        return None


def write_export(out: Path, n: int, seed: int) -> dict[str, Any]:
    """Write both files; return the truth."""
    found = list(rows(n, seed))
    (out / f"{NAME}.csv").write_bytes(as_csv(found))
    write_workbook(out / f"{NAME}.xlsx", found)
    results = {row["办件编号"].strip(): row["办结结果"] for row in found}
    return {
        "notice": "合成数据：由示例 restaurant/ 的食品经营许可办件改写为导出表，不含任何真实办件、单位或个人信息。",
        "synthetic": True,
        "seed": seed,
        "rows": len(found),
        "cases": len(results),
        "void_cases": sorted(case for case, result in results.items() if result == "2"),
        "returned_cases": sorted(case for case, result in results.items() if result == "5"),
        "steps": dict(sorted(Counter(row["环节名称"] for row in found).items())),
        "start_equals_end": sum(row["环节开始时间"] == row["环节结束时间"] for row in found),
        "higher_versions": sum(row["数据版本号"] == "2" for row in found),
        "special_procedures": {
            kind: sorted({row["办件编号"].strip() for row in found if row["特别程序种类"] == kind}) for kind, _a in SPECIAL.values()
        },
        "sign_off_levels": ["食品许可承办审查", "食品许可审核", "食品许可决定", "食品许可分管审签"],
    }  # fmt: skip
