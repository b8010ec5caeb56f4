"""The line on which each key of a TOML text stands."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from mailgate.config.toml_lines import Loc, find_lines

CASES: dict[str, tuple[str, dict[Loc, int]]] = {
    "keys and comments": ("# a = 1\n\na = 1 # x = 1\nb = 2", {("a",): 3, ("b",): 4}),
    "table": ("[a]\n\nb = 1\n[c.d]\ne = 1", {("a",): 1, ("a", "b"): 3, ("c", "d", "e"): 5}),
    "part of a table": ("[a.b]\n[a]\nc = 1", {("a",): 1, ("a", "b"): 1, ("a", "c"): 3}),
    "array of tables": (
        "[[a]]\nb = 1\n[[a]]\nb = 2",
        {("a",): 1, ("a", 0): 1, ("a", 0, "b"): 2, ("a", 1): 3, ("a", 1, "b"): 4},
    ),
    "table in an array of tables": (
        "[[a]]\n[a.b]\nc = 1\n[[a]]\n[[a.d]]\ne = 1\n[[a.d]]\ne = 2",
        {("a", 0, "b", "c"): 3, ("a", 1, "d", 0, "e"): 6, ("a", 1, "d", 1, "e"): 8},
    ),
    "dotted keys": (
        "a.b = 1\na . 'c d'.\"e\\u0066\" = 2",
        {("a",): 1, ("a", "b"): 1, ("a", "c d", "ef"): 2},
    ),
    "inline table": (
        "x = 1\na = { b = 1, c.d = [1, {e = 2}] }",
        {
            ("a", "b"): 2,
            ("a", "c", "d"): 2,
            ("a", "c", "d", 0): 2,
            ("a", "c", "d", 1, "e"): 2,
        },
    ),
    "array on several lines": (
        "a = [\n  # [ {\n  { b = '}' }, # ]\n  { b = ']' },\n]\nc = 1",
        {("a", 0): 3, ("a", 0, "b"): 3, ("a", 1, "b"): 4, ("c",): 6},
    ),
    "array in an array": (
        "a = [[\n1],\n[2,\n3]\n]\nb = 1",
        {("a", 0, 0): 2, ("a", 1, 1): 4, ("b",): 6},
    ),
    "empty values": ("a = []\nb = {}\nc = [[], {}]\nd = ''", {("c", 1): 3, ("d",): 4}),
    "text on several lines": (
        'a = """\nb = 1\n\\"""\n"""""\nc = \'\'\'\n[d]\n\'\'\'\'\ne = 1',
        {("a",): 1, ("c",): 5, ("e",): 8},
    ),
    "a number sign in a text": ('a = \'# b = 1\'\nb = "# \\" #"\nc = 1', {("c",): 3}),
    "a date with a blank": ("a = [1979-05-27 07:32:00, 1]\nb = 1", {("a", 1): 1, ("b",): 2}),
    "windows line ends": ("a = 1\r\n[b]\r\nc = [\r\n1,\r\n]\r\n", {("b",): 2, ("b", "c", 0): 4}),
    "quoted header": ("['a.b' . \"c\"]\nd = 1", {("a.b", "c", "d"): 2}),
    "nothing": ("", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_lines(case: str) -> None:
    text, expected = CASES[case]
    tomllib.loads(text)
    lines = find_lines(text)
    assert {loc: lines.get(loc) for loc in expected} == expected
    assert set(lines) == set(paths(tomllib.loads(text)))


def test_deep_nesting_needs_no_stack() -> None:
    depth = 2_000
    assert len(find_lines(f"a = {'[' * depth}{']' * depth}")) == depth  # "a", and all but the last


def paths(value: Any, loc: Loc = ()) -> list[Loc]:
    """Every key path of a parsed document."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    found: list[Loc] = []
    for key, inner in items:
        found += [(*loc, key), *paths(inner, (*loc, key))]
    return found


KEYS = st.sampled_from(["a", "b", "c-1", "'d.e'", '"f\\" g"', '"#"', "1"])
DOTTED = st.lists(KEYS, min_size=1, max_size=3).map(" . ".join)
SCALARS = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "''",
        "'#]}'",
        '"\\"=,"',
        "07:32:00",
        "1979-05-27 07:32:00Z",
        '"""\n[a]\n"" \\" """""',
        "'''\n# '' ''''",
        '""""""',
        "inf",
    ]
)
GAPS = st.sampled_from(["", " ", "\n", " # ],}\n", "\r\n\t"])


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(inner, max_size=3))
    body = ",".join(draw(GAPS) + item + draw(GAPS) for item in items)
    return f"[{body}{draw(GAPS)}]"


def inline(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(DOTTED, inner), max_size=3)
    return pairs.map(lambda found: "{" + ", ".join(f"{k} = {v}" for k, v in found) + "}")


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | inline(inner), max_leaves=6)
STATEMENTS = st.one_of(
    st.tuples(DOTTED, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]} # x\n"),
    DOTTED.map(lambda key: f"[{key}]\n"),
    DOTTED.map(lambda key: f"[[ {key} ]] # ]]\r\n"),
    st.just("# [c]\n\n"),
)


@given(st.lists(STATEMENTS, max_size=8).map("".join))
def test_every_key_has_a_line_in_whatever_tomllib_accepts(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        find_lines(text)  # of no use, but it comes
        reject()
    lines = find_lines(text)
    assert set(lines) == set(paths(document))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@given(st.text(st.sampled_from("ab.=[]{}\"'\\#, \n\r1")) | st.text())
def test_nothing_raises(text: str) -> None:
    find_lines(text)
