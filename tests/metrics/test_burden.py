"""The Standard Cost Model: arithmetic on paper, and nothing without a tariff."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from flowaudit.catalogue import Catalogue, read_catalogue
from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog import as_unit, from_frame, load_sample, sample_folder
from flowaudit.metrics import COMPONENTS, Figure, Reduction, Tariffs, burden, case_measures, read_tariffs, typed_fields

ALL = {
    "wage_yuan_per_h": 30, "travel_h": 1, "queue_h": 0.5, "fare_yuan": 4, "preparation_h": 0.25, "seconds_per_field": 12,
    "fees_yuan": 10, "courier_yuan": 15,
}  # fmt: skip


def tariffs(**given) -> Tariffs:
    return Tariffs(source_note="示例单价", **(ALL | given))


def guide() -> Catalogue:
    items = pd.DataFrame({"item_code": ["a", "b"], "name": ["A", "B"], "visits_min": [2, 1]})
    papers = pd.DataFrame(
        {
            "item_code": ["a", "a", "b"],
            "canonical_id": ["x", "y", "x"],
            "name": "纸",
            "necessity": "required",
            "source": "applicant",
        }
    )
    fields = pd.DataFrame(
        {
            "item_code": ["a"] * 3 + ["b"] * 2,
            "form": "表",
            "field_label": list("12345"),
            "class": ["type", "手工填写", "自动填写", "type", "select"],
        }
    )
    return Catalogue(items=items, item_materials=papers, form_fields=fields)


def test_worked_example_of_the_guides():
    """3 journeys, 3 papers, 3 typed fields: 3 x (1.5 x 30 + 4) = 147; 3 x 0.25 x 30 = 22.5; 3 x 12 / 3600 x 30 = 0.3."""
    found = burden(guide(), tariffs())
    values = {key: found.components[key].value for key in COMPONENTS}
    assert values == {"travel": 147, "preparation": 22.5, "form": pytest.approx(0.3), "fees": 10, "courier": 15}
    assert found.total.value == pytest.approx(194.8)
    assert "示例单价" in found.total.rule.text("zh")
    assert not found.per_year.recorded
    assert burden(guide(), tariffs(applications_per_year=1000)).per_year.value == pytest.approx(194_800)


@pytest.mark.parametrize("name", sorted(ALL))
def test_without_a_tariff_there_is_no_component_and_no_total(name):
    found = burden(guide(), tariffs(**{name: None}))
    lacking = [key for key, one in found.components.items() if not one.recorded]
    assert lacking
    assert not found.total.recorded
    assert not found.per_year.recorded
    assert all(name in found.components[key].reason("en") for key in lacking)
    rows = found.table("en").set_index("component")
    assert rows["yuan"].isna().sum() == len(lacking) + 2
    assert "0 yuan" not in found.text("en").replace("10 yuan", "")


def test_a_tariff_of_zero_is_a_figure():
    assert burden(guide(), tariffs(fees_yuan=0)).components["fees"].value == 0


def test_the_total_holds_what_was_asked_for():
    found = burden(guide(), tariffs(courier_yuan=None), components=("travel", "fees"))
    assert found.total.value == 157
    assert "travelling and queueing, charges" in found.total.rule.text("en")
    with pytest.raises(UsageError, match="joy"):
        burden(guide(), tariffs(), components=("joy",))


def test_finished_applications_as_they_went():
    """On the sample: each component is its mean quantity times the price, recomputed from the table of cases."""
    log, catalogue = load_sample("newborn/before"), read_catalogue(sample_folder("newborn/before") / "catalogue")
    found = burden(log, tariffs(), catalogue=catalogue)
    cases = case_measures(log)
    cases = cases[cases["complete"]]
    assert found.components["travel"].value == pytest.approx(cases["trips"].mean() * 49)
    assert found.components["preparation"].value == pytest.approx(cases["materials"].mean() * 7.5)
    fields = typed_fields(catalogue)
    events = as_unit(log).to_pandas()
    per_bundle = events.dropna(subset=["item_code"]).drop_duplicates(["case_id", "item_code"])
    done = set(cases["case_id"])
    sums = per_bundle["item_code"].astype(str).map(fields).groupby(per_bundle["case_id"].astype(str)).sum()
    assert found.components["form"].value == pytest.approx(sums[[b for b in sums.index if b in done]].mean() * 0.1)
    assert found.total.rule.baseline == "log_before"


def test_what_the_data_do_not_tell_is_not_recorded():
    log = from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["受理"], "end": pd.to_datetime(["2024-03-04"])}))
    found = burden(log, tariffs())
    assert [key for key in COMPONENTS if found.components[key].recorded] == ["fees", "courier"]
    assert not found.total.recorded


def test_fields_of_unknown_kind_are_not_counted_as_none():
    table = guide()
    fields = table.form_fields.assign(**{"class": ["type", "口述", "auto", "type", "select"]})
    assert "口述" in typed_fields(Catalogue(items=table.items, form_fields=fields)).reason("zh")
    only = table.form_fields[table.form_fields["item_code"] == "a"]
    assert "b" in typed_fields(Catalogue(items=table.items, form_fields=only)).reason("en")


def test_before_and_after_compare_at_the_same_tariffs_only():
    before, after = burden(guide(), tariffs()), burden(guide(), tariffs(), baseline="guide_after")
    assert Reduction(before.total, after.total).difference == 0
    dearer = burden(guide(), tariffs(wage_yuan_per_h=60))
    with pytest.raises(UsageError, match="different rules"):
        Reduction(before.total, dearer.total)
    assert isinstance(before.total, Figure)


def test_a_file_of_tariffs(tmp_path):
    path = tmp_path / "tariffs.toml"
    path.write_text('source_note = "问卷"\nwage_yuan_per_h = 30\n', encoding="utf-8")
    assert read_tariffs(path) == Tariffs(source_note="问卷", wage_yuan_per_h=30)
    for content, words in (
        ("wage_yuan_per_h = 30\n", "source_note"),
        ('source_note = " "\n', "where the tariffs come from"),
        ('source_note = "x"\nwage_yuan_per_h = -1\n', "wage_yuan_per_h: at least 0"),
        ('source_note = "x"\nwage_yuan_per_h = inf\n', "wage_yuan_per_h"),
        ('source_note = "x"\nwage_yuan = 3\n', "wage_yuan"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=words) as error:
            read_tariffs(path)
        assert "tariffs.toml" in str(error.value)
        assert error.value.hint


def test_no_tariff_has_a_default():
    assert all(field.default is None for name, field in Tariffs.model_fields.items() if name != "source_note")
    with pytest.raises(ValidationError):
        Tariffs()
