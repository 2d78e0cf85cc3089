"""Write the sample export 办件环节导出 (合成数据, synthetic): one flat table as an office system would hand it over.

    python sample_logs/generate_export.py [--seed 6] [--cases 165] [--out DIR]

The cases are food licences of the sample ``restaurant/``; what is added is the dress of an export: GB18030 without a
signature, Chinese headers, codes, stamps in six forms, and the faults that such tables have. The same seed writes the
same bytes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import random
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
NAME = "办件环节导出.csv"
HEADERS = (
    "办件编号", "事项编码", "事项名称", "事项版本", "申请人类型", "申请方式", "申请时间", "受理时间", "办结时间", "办结结果", "承诺办结时限",
    "环节序号", "环节名称", "环节类型", "环节开始时间", "环节结束时间", "处理单位名称", "处室", "环节处理人", "业务动作", "环节处理意见",
    "数据版本号", "数据来源",
)  # fmt: skip
ACTIONS = {"受理": "4", "通过": "1", "补正": "5", "退回": "7", "不予许可": "0", "撤回": "7", "": "1"}
RESULTS = {"准予许可": "0", "不予许可": "1", "撤回": "5", "": ""}
OPINIONS = {"4": "材料齐全，予以受理。", "1": "同意。", "5": "请补正材料。", "7": "退回。", "0": "不予许可。"}

# Every office has a system of its own, and every system its own way to write a stamp.
FORMS: dict[str, Callable[[datetime], str]] = {
    "审批一科": lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:{t:%M:%S}",
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
    chosen = [case for case in table("cases") if case["item_code"] == "SP"][:n]
    for number, case in enumerate(chosen):
        steps = [e for e in of_case[case["case_id"]] if e["department"] != "申请人" and e["start"] and e["end"]]
        steps.sort(key=lambda e: (e["start"], e["end"], e["event_id"]))
        if steps:
            yield from dressed(case, steps, number, chance)


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
        "申请时间": f"{apply_time:%Y-%m-%d %H:%M:%S}", "受理时间": case["accept_time"], "办结时间": case["finish_time"],
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
        write = FORMS.get(step["office"], FORMS["审批一科"])
        officer = "综合窗口2" if step["activity"] == "食品许可受理" and chance.random() < 0.15 else step["resource"]
        row = {
            **head, "环节序号": str(place + 1), "环节名称": step["activity"],
            "环节类型": "1" if place == 0 else "3" if place == len(steps) - 1 else "2",
            "环节开始时间": write(start), "环节结束时间": write(end),
            "处理单位名称": step["department"] if chance.random() > 0.004 else "", "处室": step["office"],
            "环节处理人": officer, "业务动作": ACTIONS[step["result"]], "环节处理意见": OPINIONS[ACTIONS[step["result"]]],
            "数据版本号": "1",
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


def content(n: int, seed: int) -> bytes:
    """Return the export as the bytes of its file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADERS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows(n, seed))
    writer.writerow(dict.fromkeys(HEADERS, ""))
    return text.getvalue().encode("gb18030")


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and write the export."""
    parser = argparse.ArgumentParser(description="Write the sample export 办件环节导出 (合成数据, synthetic).")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--cases", type=int, default=165)
    parser.add_argument("--out", type=Path, default=HERE / "export")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / NAME).write_bytes(content(given.cases, given.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
