import pytest

from config_admin.core.errors import FormatError
from config_admin.formats.configurator_resource import (
    ResourceConfiguration,
    read_resource,
)

TEXT = """\
// of the shop
{
  ":configurator:resource-version": 1,
  ":configurator:symbolic-name": "org.example.shop",
  ":configurator:version": "1.2.0",
  "org.example.web": {
    "port:Integer": 8080, /* as everywhere */
    ":configurator:ranking": 10,
    ":configurator:policy": "force"
  },
  "org.example.db~first": { "hosts": ["a", "b"] }
}
"""


def test_a_resource_says_who_it_is_and_what_each_pid_gets():
    resource = read_resource(TEXT)

    assert (resource.symbolic_name, resource.version) == ("org.example.shop", "1.2.0")
    assert resource.configurations == (
        ResourceConfiguration("org.example.web", {"port": 8080}, "force", 10),
        ResourceConfiguration("org.example.db~first", {"hosts": ["a", "b"]}),
    )
    assert resource.warnings == ()


def test_an_empty_resource_says_nothing():
    resource = read_resource("{}")

    assert (resource.symbolic_name, resource.version) == (None, None)
    assert resource.configurations == ()


def test_a_directive_that_means_nothing_is_told():
    text = '{":configurator:x": 1,\n"p": {":configurator:y": 1}}'

    warnings = read_resource(text).warnings

    assert sorted((one.line, one.key) for one in warnings) == [
        (1, ":configurator:x"),
        (2, ":configurator:y"),
    ]


FAULTS = [
    ('{":configurator:resource-version": 2}', "unknown version"),
    ('{":configurator:symbolic-name": "a b"}', "no symbolic-name"),
    ('{":configurator:version": 1}', "no version"),
    ('{"p": 1}', "a PID without an object"),
    ('{"a/b": {}}', "no PID"),
    ('{"p": {}, "p": {}}', "a second time"),
    ('{"p": {":configurator:policy": "always"}}', "unknown policy"),
    ('{"p": {":configurator:ranking": true}}', "no ranking"),
    ('{"p": {"a": null}}', "found null"),
]


@pytest.mark.parametrize(("text", "sentence"), FAULTS)
def test_a_fault_refuses_the_resource(text, sentence):
    with pytest.raises(FormatError, match=sentence):
        read_resource(text)


def test_all_faults_are_told_at_once():
    with pytest.raises(FormatError) as caught:
        read_resource('{"p": 1,\n"q": {"a": null,\n"b": {}}}')

    assert [one.line for one in caught.value.diagnostics] == [1, 2, 3]
