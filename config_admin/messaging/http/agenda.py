"""What a peer has to tell its hub, besides what it publishes."""

import threading
from collections import deque
from collections.abc import Iterable
from typing import Final

from config_admin.messaging.context import Context
from config_admin.messaging.http.frames import (
    Acknowledge,
    Ask,
    Consume,
    Count,
    FromPeer,
    Hello,
    Subscribe,
    Unsubscribe,
)

_ANSWER_S: Final = 1.0


class Agenda:
    """
    Collects it until it can be sent; any thread may call.

    The tags of every connection begin at 1. Those that are handed out here go on where
    the last connection ended, so that a late acknowledgement hits nothing new.

    Args:
        queue: The queue of the peer.
    """

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._connection: object = None
        self._contexts: dict[Context, None] = {}
        self._left: dict[Context, None] = {}
        self._to_send: deque[FromPeer] = deque()
        self._is_consuming = False
        self._tag = self._tags_before = self._done = self._done_told = 0
        self._questions: dict[int, Question] = {}
        self._asked = 0

    def set_contexts(self, contexts: Iterable[Context]) -> None:
        """What it is subscribed to at first."""
        self._contexts = dict.fromkeys(contexts)

    def hello(self) -> Hello:
        """Everything that a hub has to know that knows nothing yet."""
        with self._lock:
            self._to_send.clear()
            if self._is_consuming:
                self._to_send.append(Consume())
            return Hello(self._queue, tuple(self._contexts), tuple(self._left))

    def begin(self, connection: object) -> None:
        """All goes over *connection* now, to which `hello` was said."""
        with self._lock:
            self._connection = connection
            self._tags_before = self._done_told = self._tag

    def end(self) -> None:
        """There is no connection."""
        with self._lock:
            self._connection = None
            questions = [*self._questions.values()]
        for question in questions:
            question.answered.set()

    def consume(self) -> None:
        """Let deliveries come."""
        with self._lock:
            if not self._is_consuming:
                self._is_consuming = True
                self._to_send.append(Consume())

    def subscribe(self, context: Context) -> None:
        """Let what is published to *context* come."""
        with self._lock:
            self._contexts[context] = None
            self._left.pop(context, None)
            self._to_send.append(Subscribe(context))

    def unsubscribe(self, context: Context) -> None:
        """Let it come no more."""
        with self._lock:
            self._contexts.pop(context, None)
            self._left[context] = None
            self._to_send.append(Unsubscribe(context))

    def tag_of(self, tag: int) -> int:
        """What to hand out for a message that the hub delivers with *tag*."""
        with self._lock:
            self._tag = self._tags_before + tag
            return self._tag

    def acknowledge(self, tag: int) -> None:
        """Everything up to *tag*, as it was handed out, is done with."""
        with self._lock:
            self._done = max(self._done, min(tag, self._tag))

    def ask(self) -> "Question":
        """How many messages are in the queue? Wait for the answer with `answer_to`."""
        question = Question()
        with self._lock:
            self._asked += 1
            question.number = self._asked
            if self._connection is None:
                question.answered.set()
            else:
                self._questions[question.number] = question
                self._to_send.append(Ask(question.number))
        return question

    def answer_to(self, question: "Question") -> int | None:
        """The number; None: there was no answer in time."""
        question.answered.wait(_ANSWER_S)
        with self._lock:
            self._questions.pop(question.number, None)
        return question.count

    def note(self, answer: Count) -> None:
        """The hub has answered."""
        with self._lock:
            question = self._questions.get(answer.question)
        if question is not None:
            question.count = answer.messages
            question.answered.set()

    def frames_for(self, connection: object) -> list[FromPeer]:
        """What is to be sent over *connection* now; nothing if it is not the one."""
        with self._lock:
            if connection is not self._connection:
                return []
            frames = [*self._to_send]
            self._to_send.clear()
            if self._done > self._done_told:
                self._done_told = self._done
                # Before a question: what is done with does not count.
                frames.insert(0, Acknowledge(self._done - self._tags_before))
            return frames


class Question:
    """How many messages are in a queue?"""

    def __init__(self) -> None:
        self.number = 0
        self.answered = threading.Event()
        self.count: int | None = None
