"""LDAP filters of `list_configurations`."""

import re

import pytest

import config_admin
from config_admin import ConfigAdmin, ConfigAdminError

# Lists hold one type here, so the channels and times of the original are two each.
PROPERTIES = {
    "room": "bedroom",
    "channel": [34, 35],
    "channel name": ["101", "102"],
    "status": "(on\\)*",
    "max record time": [150, 100],
    "canrecord": "true(x)",
    "intvalue": 100_000,
    "longvalue": 10_000_000_000,
    "negative": -5,
    "doublevalue": 2.01,
    "booleanvalue": False,
    "intlist": [1, 2, 3],
    "doublelist": [1.1, 2.2, 3.3],
    "booleanlist": [False],
    "textlist": ["A", "b", "Cd"],
    "emptylist": [],
    "empty": "",
    "*": "foo",
    "&": "c",
    "|": "c",
    "!": "c",
}

TRUE = [
    "(room=*)",
    "(room=bedroom)",
    "(ROOM=bedroom)",
    "(room~= B E D R O O M )",
    " ( room >=aaaa)",
    "  ( room =b*) ",
    "  ( room =*m) ",
    "(room=bed*room)",
    "  ( room =b*oo*m) ",
    "  ( room =*b*oo*m*) ",
    "  (& (room =bedroom) (channel ~=34))",
    "(| (room =bed*)(channel=222)) ",
    "(| (room =boom*)(channel name=101)) ",
    "  (! (room =ab*b*oo*m*) ) ",
    "  (status =\\(o*\\\\\\)\\*) ",
    "  (canRecord =true\\(x\\)) ",
    "(max Record Time <=140) ",
    "(intValue >=100) ",
    "(intValue <=100001) ",
    "(longValue >=10000000000) ",
    "  (  &  (  negative <=100)  (  negative >=-10)  )  ",
    "(doubleValue >=2.0) ",
    "(doubleValue <=2.011) ",
    "(booleanValue =false) ",
    "(intList =1) ",
    "(doubleList =2.2) ",
    "(booleanList =false) ",
    "(textList ~=CD) ",
    "(textlist=b)",
    "(& (| (room =d*m) (room =bed*) (room=abc)) (! (channel=999)))",
    "(empty=)",
    "(empty=*)",
    "(*=foo)",
    "(&=c)",
    "(|=c)",
    "(!=c)",
    "(!(absent=*))",
    "(!(room=abc))",
    "(&(room=bedroom))",
    "(|(room=bedroom))",
    "(service.pid=p)",
    "(SERVICE.PID=p)",
    "(!(service.factoryPid=*))",
]

FALSE = [
    "(room=abc)",
    "(room=Bedroom)",
    "(room= bedroom)",
    "(room=bedroom )",
    "(room <=aaaa)",
    "  ( room =b*b*  *m*) ",
    "  (&  (room =b*)  (room =*x) (channel=34))",
    "(absent=*)",
    "(absent=x)",
    "(absent<=x)",
    "(absent~=x)",
    "(!(room=bedroom))",
    "(intvalue=99999)",
    "(channel=36)",
    "(textlist=B)",
    "(emptylist=x)",
    "(service.pid=q)",
    "(service.factoryPid=*)",
    # A number is compared as one, so it has no beginning and no end.
    "(intValue =100*) ",
    "(longValue =100*) ",
    "(negative =-*5) ",
    "(doubleValue =2*01) ",
    "(booleanValue =f*lse) ",
    # What is no number equals none.
    "(intvalue=b)",
    "(intvalue=)",
    "(intvalue>=b)",
    "(longvalue=b)",
    "(doublevalue=b)",
    "(doublevalue=)",
    "(booleanvalue=b)",
    "(booleanvalue=)",
]

ILLEGAL = [
    "",
    "   ",
    "()",
    "(=foo)",
    "(",
    ")",
    "room=bedroom",
    "(room)",
    "(room=bedroom",
    "(room=bedroom))",
    "(room=bedroom)(channel=34)",
    "(room=bed(room)",
    "(abc = ))",
    "(& (abc = xyz) (& (345))",
    "(& (abc = xyz)",
    "(&)",
    "(|)",
    "(!)",
    "(!(room=a)(room=b))",
    "  (room = b**oo!*m*) ) ",
    "  (room = b**oo)*m*) ) ",
    "  (room = *=b**oo*m*) ) ",
    "  (room = =b**oo*m*) ) ",
    "(" * 24 + "!(name=ServiceA" + ")" * 22,
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """An admin with one configuration, "p"."""
    with ConfigAdmin(tmp_path_factory.mktemp("etc")) as admin:
        admin.update("p", PROPERTIES)
        yield admin


@pytest.mark.parametrize("text", TRUE)
def test_a_filter_that_matches(filled, text):
    """CM-12. OSGi AbstractFilterTests.testFilter."""
    assert [one.pid for one in filled.list_configurations(text)] == ["p"]


@pytest.mark.parametrize("text", FALSE)
def test_a_filter_that_does_not_match(filled, text):
    """
    CM-12. OSGi AbstractFilterTests.testFilter, testInvalidValues and
    testScalarSubstring.
    """
    assert filled.list_configurations(text) == ()


@pytest.mark.parametrize("text", ILLEGAL)
def test_a_filter_that_is_none_is_refused_with_the_place(filled, text):
    """CM-12. OSGi AbstractFilterTests.testIllegal, CMControl.testListConfigurations."""
    with pytest.raises(config_admin.InvalidFilterError) as caught:
        filled.list_configurations(text)

    assert isinstance(caught.value, ConfigAdminError)
    assert re.search(r"[0-9]", str(caught.value))


@pytest.mark.parametrize("text", [*TRUE, *FALSE])
def test_not_turns_every_filter_round(filled, text):
    """CM-12. OSGi AbstractFilterTests.testFilter, as a law."""
    matches = filled.list_configurations(text)

    assert bool(filled.list_configurations(f"(!{text})")) is not bool(matches)
    assert filled.list_configurations(f"(&{text}(room=*))") == matches
    assert filled.list_configurations(f"(|{text}(absent=*))") == matches


# Several configurations


@pytest.fixture
def several(admin):
    """Singletons and instances: pid11 to pid22, otherPid, f~x, f~y and g~x."""
    for pid in ("pid22", "pid11", "otherPid", "pid21", "pid12"):
        admin.update(pid, {"someprop": f"somevalue{pid[-1]}", "port": len(pid)})
    for pid in ("f~y", "f~x", "g~x"):
        admin.update(pid, {"someprop": "of an instance"})
    return admin


def pids(found):
    return [one.pid for one in found]


def test_without_a_filter_everything_is_listed_in_pid_order(several):
    """
    CM-12. OSGi CMControl.testListConfigurations, Equinox
    ConfigurationAdminTest.testListConfigurationNull, iPOPO testListConfiguration.
    """
    everything = [
        "f~x", "f~y", "g~x", "otherPid", "pid11", "pid12", "pid21", "pid22",
    ]  # fmt: skip

    assert pids(several.list_configurations()) == everything
    assert pids(several.list_configurations(None)) == everything
    assert pids(several.list_configurations("(service.pid=*)")) == everything


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(service.pid=pid11)", ["pid11"]),
        ("(service.pid=pid*)", ["pid11", "pid12", "pid21", "pid22"]),
        ("(service.pid=*2)", ["pid12", "pid22"]),
        ("(service.pid=PID11)", []),
        ("(service.factoryPid=f)", ["f~x", "f~y"]),
        ("(SERVICE.FACTORYPID=f)", ["f~x", "f~y"]),
        ("(service.factoryPid=*)", ["f~x", "f~y", "g~x"]),
        ("(&(service.factoryPid=f)(service.pid=*x))", ["f~x"]),
        ("(someprop=somevalue1)", ["pid11", "pid21"]),
        ("(&(service.pid=pid11)(someprop=somevalue1))", ["pid11"]),
        ("(&(service.pid=pid11)(someprop=somevalue2))", []),
        (
            "(|(service.pid=pid11)(service.pid=pid22)(service.pid=gone))",
            ["pid11", "pid22"],
        ),
        ("(port>=6)", ["otherPid"]),
        ("(&(port<=5)(!(service.pid=pid1*)))", ["pid21", "pid22"]),
        ("(service.bundleLocation=*)", []),
    ],
)
def test_pids_and_properties_are_searched_alike(several, text, found):
    """
    CM-12. OSGi CMControl.testListConfigurations, Equinox
    ConfigurationAdminTest.testListConfiguration and testListFactoryConfiguration, iPOPO
    ConfigurationAdminTest.testListConfiguration, Karaf ConfigTest.listCommand.
    """
    assert pids(several.list_configurations(text)) == found


def test_what_was_deleted_is_not_listed(several):
    """CM-11, CM-12. OSGi CMControl.testListConfigurations (left configurations)."""
    for pid in ("pid11", "f~x"):
        several.delete(pid)

    assert several.list_configurations("(|(service.pid=pid11)(service.pid=f~x))") == ()
    assert pids(several.list_configurations("(service.factoryPid=f)")) == ["f~y"]


def test_a_filter_finds_the_newest_values(several):
    """CM-12. Felix ConfigurationManagerTest.test_listConfigurations_notcached."""
    several.update("pid11", {"someprop": "changed"})

    (listed,) = several.list_configurations("(someprop=changed)")

    assert listed == several.get("pid11")
    assert pids(several.list_configurations("(someprop=somevalue1)")) == ["pid21"]


def test_nothing_is_found_where_nothing_is(admin):
    """CM-12. iPOPO testListConfiguration; OSGi answers null, here it is empty."""
    assert admin.list_configurations() == ()
    assert admin.list_configurations("(service.pid=*)") == ()


def test_a_bad_filter_is_refused_even_where_nothing_is(admin):
    """CM-12. OSGi CMControl.testListConfigurations (invalid filter string)."""
    with pytest.raises(config_admin.InvalidFilterError):
        admin.list_configurations("(service.pid=pid*")
