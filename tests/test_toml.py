"""What is wrong with a TOML file is said with its place, in the user's language."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flowaudit.errors import InputError
from flowaudit.messages import speaking
from flowaudit.targets import read_targets
from flowaudit.toml import problems_of, read_toml


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    share: float = Field(gt=0, le=1)
    count: int = Field(default=1, ge=1, lt=9)
    kind: Literal["a", "b"] = "a"
    name: str = "x"
    flag: bool = False
    names: tuple[str, ...] = Field(default=("x",), min_length=1)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'a = 1\nb = "C:\\data"\n', "line 2, column 9"),
        ("a = 1\nb = '办件'\n".encode("gb18030"), "line 2 is not UTF-8"),
    ],
)
def test_the_line_is_told(tmp_path, content, place):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=place):
        read_toml(path)


def test_a_signature_of_windows_editors_is_taken(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_toml(path) == ("a = 1\n", {"a": 1})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "share: 未填写"),
        ({"share": 0.0}, "share: 须大于 0.0，实为 0.0"),
        ({"share": 2.0}, "share: 最多 1.0，实为 2.0"),
        ({"share": 0.5, "count": 0}, "count: 至少 1，实为 0"),
        ({"share": 0.5, "count": 9}, "count: 须小于 9，实为 9"),
        ({"share": 0.5, "count": "一"}, "count: 须为整数，实为 '一'"),
        ({"share": "多"}, "share: 须为数字，实为 '多'"),
        ({"share": 0.5, "kind": "c"}, "kind: 须为 'a', 'b' 之一，实为 'c'"),
        ({"share": 0.5, "name": 3}, "name: 须为加引号的文字，实为 3"),
        ({"share": 0.5, "flag": 3}, "flag: 须为 true 或 false，实为 3"),
        ({"share": 0.5, "names": 3}, 'names: 须为列表 ["...", "..."]，实为 3'),
        ({"share": 0.5, "names": ()}, "names: 太短，实为 ()"),
        ({"share": 0.5, "nam": 3}, "nam: 没有这个键"),
    ],
)
def test_the_words_of_a_refusal_are_chinese(given, said):
    with speaking("zh"), pytest.raises(ValidationError) as caught:
        Wanted(**given)
    with speaking("zh"):
        assert problems_of(caught.value) == said


@pytest.mark.parametrize("content", ["target = 3", "target = [3]"])
def test_targets_that_are_no_tables_are_refused(tmp_path, content):
    path = tmp_path / "targets.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="neither a phrase nor a list of tables"):
        read_targets(path)
