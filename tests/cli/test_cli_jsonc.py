import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.cli import jsonc

COMMENTED = """\
// Settings of the editor
{
  "theme": "One Dark", // the dark one
  /* servers */
  "context_servers": {
    "other": {
      "command": "other", // keep
      "args": ["a // no comment", "b"],
    },
  },
  "tabs": 4
}
"""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


def test_a_member_is_added_and_every_comment_stays() -> None:
    after = jsonc.with_member(COMMENTED, ("context_servers", "codeintel"), {"command": "c"})
    assert jsonc.parse(after).value == {
        "theme": "One Dark",
        "context_servers": {
            "other": {"command": "other", "args": ["a // no comment", "b"]},
            "codeintel": {"command": "c"},
        },
        "tabs": 4,
    }
    kept = iter(after.splitlines())
    assert all(line in kept for line in COMMENTED.splitlines())


def test_adding_and_removing_a_member_gives_the_old_text_back() -> None:
    path = ("context_servers", "codeintel")
    assert jsonc.without_member(jsonc.with_member(COMMENTED, path, {"a": [1]}), path) == COMMENTED


def test_a_missing_section_is_made_and_removed_again() -> None:
    before = '{\n    "a": 1 // one\n}\n'
    after = jsonc.with_member(before, ("servers", "x"), {"k": "v"})
    assert after == (
        '{\n    "a": 1, // one\n    "servers": {\n        "x": {\n            "k": "v"\n'
        "        }\n    }\n}\n"
    )
    assert jsonc.without_member(after, ("servers", "x")) == before


@pytest.mark.parametrize("text", ["", "  \n", "{}", "{ }\n", "{// nothing\n}"])
def test_an_empty_file_or_object_takes_a_member(text: str) -> None:
    after = jsonc.with_member(text, ("a", "b"), 1)
    assert jsonc.parse(after).value == {"a": {"b": 1}}


def test_a_member_that_is_there_is_replaced_in_its_place() -> None:
    after = jsonc.with_member(COMMENTED, ("context_servers", "other"), 7)
    assert '"other": 7,\n  },\n  "tabs": 4' in after


def test_a_missing_member_is_not_removed() -> None:
    assert jsonc.without_member(COMMENTED, ("context_servers", "none")) == COMMENTED


@pytest.mark.parametrize(
    "text", ["{", '{"a": }', '{"a" 1}', "{} {}", '{"a": 1,, }', "{'a': 1}", "{a: 1}", '"x', "[1 2]"]
)
def test_broken_json_is_an_error_that_names_the_line(text: str) -> None:
    with pytest.raises(ValueError, match="line 1 is no JSON"):
        jsonc.parse(text)


@pytest.mark.parametrize("text", ["[1]", '{"a": 3}'])
def test_a_section_that_is_no_object_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no object"):
        jsonc.with_member(text, ("a", "b"), 1)


@given(json_objects, st.sampled_from([None, 1, 2, "\t"]), json_values)
def test_a_change_of_any_object_changes_that_member_only(
    before: dict[str, object], indent: int | str | None, value: object
) -> None:
    text = json.dumps(before, indent=indent)
    after = jsonc.with_member(text, ("section§", "name"), value)
    assert jsonc.parse(after).value == {**before, "section§": {"name": value}}
    assert jsonc.parse(jsonc.without_member(after, ("section§", "name"))).value == before


@given(json_objects)
def test_any_member_can_be_removed(before: dict[str, object]) -> None:
    for name in before:
        after = jsonc.without_member(json.dumps(before, indent=2), (name,))
        assert jsonc.parse(after).value == {k: v for k, v in before.items() if k != name}
