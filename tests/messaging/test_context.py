"""Addresses: what they are called at a broker, and that no two share a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import UsageError
from config_admin.messaging.context import Context, Kind, context_of

NAMES = st.from_regex(
    r"[A-Za-z0-9_]([A-Za-z0-9_ -]{0,8}[A-Za-z0-9_-])?", fullmatch=True
)
CONTEXTS = st.one_of(
    st.builds(lambda d, a: Context.dm(domain=d, application=a), NAMES, NAMES),
    st.builds(lambda d: Context.dm(domain=d), NAMES),
    st.builds(
        lambda d, a, i: Context.agent(domain=d, application=a, instance="/".join(i)),
        NAMES,
        NAMES,
        st.lists(NAMES, min_size=1, max_size=3),
    ),
    st.builds(
        lambda d, a, c: Context.exporters(c, domain=d, application=a),
        NAMES,
        NAMES,
        NAMES,
    ),
    st.builds(
        lambda d, a, c: Context.importers(c, domain=d, application=a),
        NAMES,
        NAMES,
        NAMES,
    ),
    st.builds(lambda d, f: Context.exporters_anywhere(f, domain=d), NAMES, NAMES),
    st.builds(lambda d, f: Context.importers_anywhere(f, domain=d), NAMES, NAMES),
)

# Source: Roboconf's names of exchanges and queues
NAMED = [
    (Context.dm(), "default.roboconf.dm", ""),
    (Context.dm(application="shop"), "default.roboconf.dm", "shop"),
    (
        Context.agent(domain="d", application="shop", instance="/vm/server"),
        "d.shop.agents",
        "machine.vm.server",
    ),
    (
        Context.exporters("db", application="shop"),
        "default.shop.agents",
        "those.that.export.db",
    ),
    (
        Context.importers("db", application="shop"),
        "default.shop.agents",
        "those.that.import.db",
    ),
    (
        Context.exporters_anywhere("f"),
        "default.roboconf.inter-app",
        "those.that.export.f",
    ),
    (
        Context.importers_anywhere("f"),
        "default.roboconf.inter-app",
        "those.that.import.f",
    ),
]


@pytest.mark.parametrize(("context", "exchange", "topic"), NAMED)
def test_exchanges_and_topics_have_the_names_of_the_original(context, exchange, topic):
    assert (context.exchange, context.topic) == (exchange, topic)
    assert str(context) == f"{exchange}/{topic}"


def test_queues_have_the_names_of_the_original():
    assert Context.dm(domain="d").queue == "d.roboconf-dm"
    agent = Context.agent(application="shop", instance="/vm/server/")
    assert agent.queue == "default.shop.vm.server"


@given(CONTEXTS)
def test_a_context_is_found_by_its_exchange_and_topic(context):
    assert context_of(context.exchange, context.topic) == context


@given(CONTEXTS, CONTEXTS)
def test_no_two_contexts_share_exchange_and_topic(one, other):
    """Else one would get what is for the other."""
    is_same = (one.exchange, one.topic) == (other.exchange, other.topic)
    assert is_same == (one == other)


@given(CONTEXTS, CONTEXTS)
def test_no_two_owners_share_a_queue(one, other):
    try:
        queues = one.queue, other.queue
    except UsageError:
        return  # the address of many
    if queues[0] == queues[1]:
        assert one.kind is other.kind is Kind.DM or one == other
        assert one.domain == other.domain


@pytest.mark.parametrize(
    "text", ["", "a.b", "*", "#", "a/b", " a", "a ", "ä", "a" * 65]
)
def test_a_name_that_could_mean_something_else_is_refused(text):
    for make in (
        lambda: Context.dm(domain=text),
        lambda: Context.agent(application=text, instance="vm"),
        lambda: Context.exporters(text, application="shop"),
        lambda: Context.importers_anywhere(text),
    ):
        with pytest.raises(UsageError, match=r"write letters, digits"):
            make()


@pytest.mark.parametrize("path", ["", "/", "vm//server", "/vm/a.b", "vm/*"])
def test_an_instance_is_a_path_of_names(path):
    with pytest.raises(UsageError, match="instance"):
        Context.agent(application="shop", instance=path)


def test_an_instance_that_no_broker_could_name_is_refused():
    with pytest.raises(UsageError, match="180"):
        Context.agent(application="shop", instance="/".join(["a" * 60] * 4))


def test_the_domain_that_brokers_reserve_is_refused():
    with pytest.raises(UsageError, match="reserve"):
        Context.dm(domain="amq")


def test_an_address_of_many_owns_no_queue():
    with pytest.raises(UsageError, match=r"Context\.agent"):
        _ = Context.exporters("db", application="shop").queue


@pytest.mark.parametrize(
    ("context", "is_of_one"),
    [
        (Context.dm(), False),
        (Context.dm(application="shop"), True),
        (Context.agent(application="shop", instance="vm"), True),
        (Context.exporters("db", application="shop"), False),
        (Context.importers_anywhere("f"), False),
    ],
)
def test_only_what_is_for_one_client_is_missed_there(context, is_of_one):
    assert context.is_of_one is is_of_one


@pytest.mark.parametrize("exchange", ["", "amq.topic", "a", "a.b.c", "a.b.agents.x"])
def test_a_foreign_exchange_has_no_context(exchange):
    with pytest.raises(ValueError, match="no exchange of ours"):
        context_of(exchange, "t")
