"""Names of materials: what is normalised, what is proposed, and that nothing is merged by itself."""

from __future__ import annotations

import pandas as pd
import pytest
from catalogue.planted_materials import HELD_OUT, SEEN, groups
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue, apply_merges, normalise_name, propose_merges, read_catalogue
from flowaudit.catalogue.names import role_of
from flowaudit.errors import InputError, UsageError

ROWS = pd.DataFrame(
    {
        "item_code": ["1", "1", "2", "3"],
        "canonical_id": ["a", "b", "b", "c"],
        "name": ["营业执照", "工商营业执照", "工商营业执照", "平面图"],
        "necessity": "required",
    }
)
MATERIALS = pd.DataFrame(
    {"canonical_id": ["a", "b", "c"], "name": ["营业执照", "工商营业执照", "平面图"], "aliases": [None, "执照", None]}
)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("营业执照（副本）复印件 1份", "营业执照"), ("１．居民身份证（正反面）扫描件", "居民身份证"), ("《食品经营许可申请书》一式两份", "食品经营许可申请书"),
        ("（三）公司章程 原件及复印件", "公司章程"), ("提交授权委托书", "授权委托书"), ("身份证（法定代表人）复印件", "身份证法定代表人"),
        ("出生医学证明（副页）", "出生医学证明副页"), ("3D效果图", "3D效果图"), ("一寸照片2张", "一寸照片"), ("复印件", "复印件"),
        ("一次性告知单", "一次性告知单"), ("第三方检测报告", "第三方检测报告"), ("食品经营许可证正、副本原件", "食品经营许可证"),
    ],
)  # fmt: skip
def test_names_lose_only_how_they_are_handed_in(name, plain):
    assert normalise_name(name) == plain


@given(st.text(alphabet="营业执照身份证复印件原正副本（）()1份、，及和 ＡA4", max_size=20))
def test_normalising_twice_changes_nothing_and_leaves_something(name):
    plain = normalise_name(name)
    assert normalise_name(plain) == plain
    assert bool(plain) == bool(name)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("法定代表人身份证", "法定代表人"), ("法人身份证", "法定代表人"), ("企业法人营业执照", ""), ("经办人身份证", "经办人"), ("委托代理人身份证", "经办人"),
        ("委托人身份证", "委托人"), ("被委托人身份证", "经办人"), ("监护人身份证", "监护人"), ("食品安全管理人员健康证明", "食品安全管理员"), ("身份证", ""),
    ],
)  # fmt: skip
def test_roles(name, role):
    assert role_of(name)[0] == role


def test_papers_of_different_people_are_never_proposed():
    people = [
        "法定代表人",
        "经办人",
        "委托人",
        "监护人",
        "负责人",
        "申请人",
        "配偶",
        "父亲",
        "母亲",
        "股东",
        "继承人",
        "",
    ]
    materials = pd.DataFrame(
        {"canonical_id": [f"M{i}" for i in range(len(people))], "name": [f"{p}身份证" for p in people]}
    )
    assert propose_merges(Catalogue(materials=materials), least=0.01).empty


def precision_and_recall(text):
    rows = [(f"{i:03d}{j}", name, i) for i, names in enumerate(groups(text)) for j, name in enumerate(names)]
    truth = {(a[0], b[0]) for i, a in enumerate(rows) for b in rows[i + 1 :] if a[2] == b[2]}
    table = propose_merges(Catalogue(materials=pd.DataFrame([r[:2] for r in rows], columns=["canonical_id", "name"])))
    assert not table["confirmed"].any()
    found = {tuple(sorted(pair)) for pair in zip(table["keep"], table["merge"], strict=True)}
    return len(found & truth) / len(found), len(found & truth) / len(truth)


def test_proposals_on_the_planted_lists():
    """Published in docs/catalogue.md: the figures there are these."""
    seen, held_out = precision_and_recall(SEEN), precision_and_recall(HELD_OUT)
    assert seen == pytest.approx((1.0, 61 / 64))
    assert held_out == pytest.approx((31 / 33, 31 / 53))


def test_nothing_is_merged_by_itself():
    catalogue = Catalogue(items=None, item_materials=ROWS, materials=MATERIALS)
    table = propose_merges(catalogue)
    assert table[["keep", "merge", "reason", "confirmed"]].values.tolist() == [["b", "a", "alias", False]], (
        "b is asked for more often"
    )
    same = apply_merges(catalogue, table)
    pd.testing.assert_frame_equal(same.item_materials, ROWS)
    assert same.materials["canonical_id"].tolist() == ["a", "b", "c"]


def test_confirmed_merges_keep_every_row_and_every_name():
    catalogue = Catalogue(item_materials=ROWS, materials=MATERIALS)
    confirmed = propose_merges(catalogue).assign(confirmed="是")
    merged = apply_merges(catalogue, confirmed)
    assert merged.item_materials["canonical_id"].tolist() == ["b", "b", "b", "c"]
    assert merged.item_materials["name"].tolist() == ROWS["name"].tolist()
    assert merged.materials.set_index("canonical_id")["aliases"].to_dict() == {"b": "营业执照|执照", "c": None}
    assert [merged.required_count(i) for i in "123"] == [1, 1, 1]
    assert [catalogue.required_count(i) for i in "123"] == [2, 1, 1]
    assert ROWS["canonical_id"].tolist() == ["a", "b", "b", "c"], "the catalogue given is not changed"


def test_chains_of_merges_end_in_one():
    merged = apply_merges(Catalogue(item_materials=ROWS, materials=MATERIALS), {"a": "b", "b": "c"})
    assert set(merged.item_materials["canonical_id"]) == {"c"}
    assert merged.materials["aliases"].tolist() == ["营业执照|工商营业执照|执照"]


@pytest.mark.parametrize("pairs", [{"a": "a"}, {"a": "b", "b": "a"}])
def test_merges_in_a_circle_are_refused(pairs):
    with pytest.raises(UsageError, match="itself"):
        apply_merges(Catalogue(item_materials=ROWS, materials=MATERIALS), pairs)


def test_merges_that_contradict_each_other_are_refused():
    table = pd.DataFrame({"merge": ["a", "a"], "keep": ["b", "c"], "confirmed": [True, True]})
    with pytest.raises(UsageError, match="two others"):
        apply_merges(Catalogue(item_materials=ROWS, materials=MATERIALS), table)
    with pytest.raises(UsageError, match="confirmed"):
        apply_merges(Catalogue(item_materials=ROWS), table.drop(columns="confirmed"))
    with pytest.raises(InputError, match="'z'"):
        apply_merges(Catalogue(item_materials=ROWS), {"z": "a"})
    with pytest.raises(UsageError, match="least"):
        propose_merges(Catalogue(item_materials=ROWS), least=0)


@given(st.permutations(range(len(ROWS))))
def test_the_order_of_rows_changes_no_proposal(order):
    turned = Catalogue(item_materials=ROWS.iloc[list(order)].reset_index(drop=True), materials=MATERIALS)
    table = propose_merges(Catalogue(item_materials=ROWS, materials=MATERIALS))
    pd.testing.assert_frame_equal(propose_merges(turned), table)


def test_rows_of_files_stay_known_after_a_merge(tmp_path):
    (tmp_path / "materials.csv").write_text(
        "canonical_id,name\na,营业执照\nb,工商营业执照\nc,平面图\n", encoding="utf-8"
    )
    merged = apply_merges(read_catalogue(tmp_path), {"a": "b"})
    assert merged.origins["materials"].rows == (3, 4)


def test_a_shared_alias_does_not_join_two_people():
    """Both are called 身份证 somewhere; whose it is decides."""
    materials = pd.DataFrame(
        {"canonical_id": ["a", "b"], "name": ["法定代表人身份证", "经办人身份证"], "aliases": ["身份证件", "身份证件"]}
    )
    assert propose_merges(Catalogue(materials=materials), least=0.01).empty
