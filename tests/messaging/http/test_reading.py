import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.display import escaped
from config_admin.messaging.context import Context
from config_admin.messaging.http import frames
from config_admin.messaging.http.reading import FrameError, from_hub, from_peer
from config_admin.messaging.message import Message

VM = Context.agent(application="shop", instance="vm")
ADDRESS = ["default.shop.agents", "machine.vm"]

CONTEXTS = st.sampled_from(
    [
        VM,
        Context.dm(),
        Context.dm(application="shop"),
        Context.exporters("web", application="shop"),
        Context.importers_anywhere("web", domain="other"),
    ]
)
WHOLE = st.integers(0, 2**63 - 1)
NAMES = st.text("abc.-1", min_size=1, max_size=20)
MESSAGES = st.builds(Message, NAMES, NAMES, CONTEXTS, st.binary(), st.booleans())


def tuples(strategy):
    return st.lists(strategy, max_size=4).map(tuple)


OF_PEER = st.one_of(
    st.builds(frames.Hello, NAMES, tuples(CONTEXTS), tuples(CONTEXTS)),
    st.builds(frames.Publish, tuples(MESSAGES)),
    st.builds(frames.Consume),
    st.builds(frames.Acknowledge, WHOLE),
    st.builds(frames.Subscribe, CONTEXTS),
    st.builds(frames.Unsubscribe, CONTEXTS),
    st.builds(frames.Ask, WHOLE),
)
OF_HUB = st.one_of(
    st.builds(frames.Welcome),
    st.builds(frames.Refused, st.text(max_size=20)),
    st.builds(frames.Answers, tuples(NAMES), tuples(NAMES), tuples(NAMES)),
    st.builds(frames.Deliver, tuples(st.tuples(WHOLE, MESSAGES))),
    st.builds(frames.Count, WHOLE, WHOLE),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(OF_PEER)
def test_the_hub_reads_what_a_peer_writes(frame):
    assert from_peer(frames.text_of(frame)) == frame


@given(OF_HUB)
def test_a_peer_reads_what_the_hub_writes(frame):
    assert from_hub(frames.text_of(frame)) == frame


@given(OF_PEER, st.data())
def test_whatever_is_changed_in_a_frame_it_is_read_or_refused(frame, data):
    fields = json.loads(frames.text_of(frame))
    key = data.draw(st.sampled_from(sorted(fields)))
    fields[key] = data.draw(JSON)

    try:
        what = from_peer(json.dumps(fields))
    except FrameError as error:
        what = str(error)

    assert isinstance(what, frames.FromPeer) or escaped(what) == what


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (b"{}", "found binary data"),
        ("{", "found no JSON"),
        ("[" * 100_000, "found no JSON"),
        ('{"op": ' + "9" * 5000 + "}", "found no JSON"),
        ("[]", "expected a JSON object"),
        ({}, "op: found None"),
        ({"op": ["hello"]}, "op: found"),
        ({"op": "drop"}, "op: found 'drop', expected one of hello, publish"),
        ({"op": "welcome"}, "op: found 'welcome'"),
        ({"op": "consume", "x": 1}, "consume: expected the keys nothing else"),
        ({"op": "acknowledge"}, "acknowledge: expected the keys tag"),
        ({"op": "acknowledge", "tag": True}, "acknowledge: tag: expected a whole"),
        ({"op": "acknowledge", "tag": -1}, "acknowledge: tag: expected a whole"),
        ({"op": "acknowledge", "tag": 2**63}, "acknowledge: tag: expected a whole"),
        ({"op": "subscribe", "context": ["a"]}, "expected an exchange and a topic"),
        ({"op": "subscribe", "context": ["a.b", "c"]}, "is no exchange of ours"),
        ({"op": "subscribe", "context": ["a\n.b.agents", "c"]}, "can be printed"),
        ({"op": "subscribe", "context": ["a.b.agents", "\ud800"]}, "can be printed"),
        ({"op": "subscribe", "context": ["a.b.agents", "c" * 601]}, "600 characters"),
        ({"op": "hello", "queue": "q", "contexts": [], "without": []}, "version"),
        ({"op": "publish", "messages": {}}, "expected a list"),
        ({"op": "publish", "messages": [[]] * 257}, "expected a list of 256 at most"),
        ({"op": "publish", "messages": [["1"]]}, "expected id, sender, exchange"),
        ({"op": "publish", "messages": [["1", "s", *ADDRESS, "?", False]]}, "publish"),
        ({"op": "publish", "messages": [["1", "s", *ADDRESS, "", 0]]}, "expected id"),
        ({"op": "publish", "messages": [["", "s", *ADDRESS, "", True]]}, "text of"),
    ],
)
def test_what_is_no_frame_is_refused_in_words(frame, found):
    text = json.dumps(frame) if isinstance(frame, dict) else frame

    with pytest.raises(FrameError) as caught:
        from_peer(text)

    assert found in str(caught.value)


def test_a_body_that_is_too_long_is_refused():
    body = bytes(frames.MOST_BODY_BYTES + 1)
    text = frames.text_of(frames.Publish((Message("1", "s", VM, body),)))

    with pytest.raises(FrameError, match="1,048,576 bytes at most"):
        from_peer(text)


def test_the_longest_body_fits_into_a_frame():
    message = Message("x" * 300, "y" * 300, VM, bytes(frames.MOST_BODY_BYTES))

    assert (
        len(frames.text_of(frames.Deliver(((1, message),)))) < frames.MOST_FRAME_BYTES
    )


@given(st.lists(st.integers(0, frames.MOST_BODY_BYTES), max_size=600))
def test_portions_keep_everything_in_order_and_each_fits_into_a_frame(sizes):
    portions = list(frames.portions(sizes, lambda size: size))

    assert [size for portion in portions for size in portion] == sizes
    for portion in portions:
        assert 0 < len(portion) <= frames.MOST_MESSAGES
        in_base64 = 4 * sum(portion) // 3 + 1500 * len(portion)
        assert in_base64 < frames.MOST_FRAME_BYTES
