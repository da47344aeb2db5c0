"""Every numbered behaviour is named by a test and explained by the documentation."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "configuration-admin.md"

# All the numbers there are.
NUMBERS = frozenset(range(1, 68))

# "CM-07", in a name "cm_07"; "CM-39…CM-44" and "CM-39...CM-44" name all between.
ONE = r"(?<![A-Za-z0-9])(?:CM|cm)[-_]([0-9]{2})(?![0-9])"
NUMBER = re.compile(ONE)
RANGE = re.compile(rf"{ONE}\s*(?:…|\.\.\.)\s*{ONE}")


def numbers_in(text):
    """Every number that *text* names, by itself or within a range."""
    found = {int(number) for number in NUMBER.findall(text)}
    for first, last in RANGE.findall(text):
        found.update(range(int(first), int(last) + 1))
    return found


def described_in(source):
    """Name and docstring of each test, whether a function or a method."""
    tree = ast.parse(source)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in (*tree.body, *(child for one in classes for child in one.body)):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.name.startswith("test_"):
            yield f"{node.name}\n{ast.get_docstring(node) or ''}"


def named_by_tests():
    own = Path(__file__)
    return {
        number
        for path in sorted(TESTS.rglob("test_*.py"))
        if path != own
        for text in described_in(path.read_text(encoding="utf-8"))
        for number in numbers_in(text)
    }


def shown(numbers):
    return " ".join(f"CM-{number:02}" for number in sorted(numbers))


def test_every_number_is_named_by_a_test():
    assert shown(NUMBERS - named_by_tests()) == ""


def test_no_test_names_a_number_that_does_not_exist():
    assert shown(named_by_tests() - NUMBERS) == ""


def test_the_document_has_a_line_for_every_number():
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    explained = {number for line in lines for number in numbers_in(line)}

    assert shown(NUMBERS - explained) == ""


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("CM-07. What it does.", {7}),
        ("CM-07, CM-11", {7, 11}),
        ("CM-39…CM-42", {39, 40, 41, 42}),
        ("CM-39...CM-41 and CM-50", {39, 40, 41, 50}),
        ("test_cm_07_holds", {7}),
        ("CM-7, CM-071, ACM-12, CM 12, PCM-12", set()),
        ("CM-42…CM-39", {39, 42}),
    ],
)
def test_numbers_are_found(text, numbers):
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def test_a():\n    '''CM-01.'''", ["test_a\nCM-01."]),
        ("async def test_a(): pass", ["test_a\n"]),
        ("class TestA:\n    def test_b(self): 'CM-02'", ["test_b\nCM-02"]),
        ("def help_a():\n    'CM-01'", []),
        ("class TestA:\n    '''CM-01.'''", []),
        ("# CM-01\n'''CM-02'''", []),
        ("def helps():\n    def test_a():\n        'CM-01'", []),
        ("def test_a():\n    # CM-01\n    pass", ["test_a\n"]),
    ],
)
def test_only_names_and_docstrings_of_tests_count(source, found):
    assert list(described_in(source)) == found
