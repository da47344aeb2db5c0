"""
Changes before they are made: asked for, checked, and compared with what is there.

A plan is made without a lock, for checks are foreign code. Whether it still holds is
found out under the commit lock; if not, another one is made.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from config_admin.core.call import require_no_check
from config_admin.core.changes import Change, Step
from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.entry import (
    Entry,
    present,
    require_revision,
    revision_of,
)
from config_admin.core.errors import (
    InvalidConfigurationError,
    NoSuchConfigurationError,
)
from config_admin.core.pid import without_suffixes
from config_admin.core.ports import Checked, Gate, Validator
from config_admin.core.properties import Properties
from config_admin.core.registry import Followed
from config_admin.core.vetting import Vetting
from config_admin.core.wording import as_written

# Who loses a race tries again; only what can never be won ends here.
MOST_CHECKS = 500


class Planner:
    """
    Makes plans.

    Args:
        newest: What is there of a PID.
        validator: Knows what may be configured.
        vetting: Asks the services.
        now: The time, in UTC.

    Attributes:
        gate: Stands before changes that do not come from a file; None: there are none.
    """

    def __init__(
        self,
        newest: Callable[[str], Entry | None],
        validator: Validator,
        vetting: Vetting,
        now: Callable[[], datetime],
    ) -> None:
        self.gate: Gate | None = None
        self._now = now
        self._newest = newest
        self._validator = validator
        self._vetting = vetting

    def require_open(self, changes: Sequence[Change], origin: Origin) -> None:
        """Nothing, if no check asks for *changes*, and no file stands in their way."""
        require_no_check()
        if self.gate is not None and origin.kind is not OriginKind.FILE:
            for change in changes:
                self.gate.require_open(change.pid, force=change.force)

    def plan(
        self, changes: Sequence[Change], origin: Origin
    ) -> tuple[list[Step], list[InvalidConfigurationError]]:
        """
        The steps of *changes*, and what refuses some of them, in their order.

        Services are asked about each as if all of them were made.

        Raises:
            NoSuchConfigurationError: If one to be deleted is not there.
            RevisionConflictError: If a revision is not the one that was asked for.
        """
        drafts, refused = self._drafts(changes, origin)
        is_present = self._presence_after(drafts)
        steps = []
        for draft in drafts:
            pid = draft.change.pid
            try:
                if pid not in refused:
                    steps.append(self._with_consent(draft, is_present))
            except InvalidConfigurationError as error:
                refused[pid] = error
        pids = dict.fromkeys(change.pid for change in changes)
        return steps, [refused[pid] for pid in pids if pid in refused]

    def holds(self, steps: Sequence[Step]) -> bool:
        """Whether what *steps* were based on is still so; under the commit lock."""
        is_present = self._presence_after(steps)
        seen: set[str] = set()
        for step in steps:
            pid = step.change.pid
            if pid not in seen and step.before is not self._newest(pid):
                return False
            seen.add(pid)
            if not self._is_current(step, is_present):
                return False
        return True

    def rechecked(self, before: Entry) -> Entry:
        """
        *before*, as the schema and the services of now read it.

        Raises:
            InvalidConfigurationError: If it does not fit them.
        """
        stored = before.configuration
        checked = self._validator.check(stored.pid, stored.properties)
        judges = self._vetting.judges(stored.pid, self._presence_after(()))
        return self._vetted(replace(before, checked=checked, misfits=()), judges)

    def _drafts(
        self, changes: Sequence[Change], origin: Origin
    ) -> tuple[list[Step], dict[str, InvalidConfigurationError]]:
        """The steps as far as nobody has to be asked, and what their schemas refuse."""
        drafts: list[Step] = []
        refused: dict[str, InvalidConfigurationError] = {}
        first: dict[str, Entry | None] = {}
        planned: dict[str, Entry] = {}
        for change in changes:
            pid = change.pid
            if pid in refused:
                continue  # what it would change will not be there
            there = first.setdefault(pid, self._newest(pid))
            before = planned.get(pid, there)
            # Callers know the revision that is there, or count on from it.
            if change.revision != revision_of(present(before)):
                require_revision(pid, there, change.revision)
            try:
                draft = self._draft(change, before, origin)
            except InvalidConfigurationError as error:
                refused[pid] = error
                continue
            planned[pid] = draft.after
            drafts.append(draft)
        return drafts, refused

    def _draft(self, change: Change, before: Entry | None, origin: Origin) -> Step:
        if change.properties is None:
            return self._deletion(change, before, origin)
        written = self._written(change, before, origin)
        checked = self._validator.check(change.pid, written)
        there = present(before)
        if there is not None and there.configuration.properties == written:
            return Step(change, before, there, checked.schema)
        written = written.with_secrets(checked.properties.secret_keys)
        revision = revision_of(before) + 1
        following = Configuration(
            change.pid,
            written,
            revision,
            origin,
            reason=change.reason,
            changed_at=self._now(),
        )
        incarnation = there.incarnation if there is not None else revision
        entry = Entry(following, checked, incarnation)
        return Step(change, before, entry, checked.schema)

    def _deletion(self, change: Change, before: Entry | None, origin: Origin) -> Step:
        if present(before) is None:
            stems = without_suffixes(change.pid)
            meant = [stem for stem in stems if present(self._newest(stem))]
            raise NoSuchConfigurationError(change.pid, meant)
        tombstone = Configuration(
            change.pid,
            Properties(),
            revision_of(before) + 1,
            origin,
            deleted=True,
            reason=change.reason,
            changed_at=self._now(),
        )
        return Step(change, before, Entry(tombstone, Checked(Properties())))

    def _with_consent(self, draft: Step, is_present: Callable[[str], bool]) -> Step:
        if draft.change.properties is None or not draft.is_news:
            return draft
        judges = self._judges(draft, is_present)
        return replace(draft, after=self._vetted(draft.after, judges), judges=judges)

    def _vetted(self, entry: Entry, judges: tuple[Followed, ...]) -> Entry:
        if not judges and not entry.vetted_by:
            return entry
        pid = entry.configuration.pid
        violations = self._vetting.violations(pid, entry, judges)
        if violations:
            raise InvalidConfigurationError(pid, violations)
        asked = () if violations is None else judges
        return replace(entry, vetted_by=frozenset(one.number for one, _ in asked))

    def _is_current(self, step: Step, is_present: Callable[[str], bool]) -> bool:
        """Whether those who would check *step* now are those who did."""
        if step.change.properties is None:
            return True
        if self._validator.schema_of(step.change.pid) != step.schema:
            return False
        return not step.is_news or self._judges(step, is_present) == step.judges

    def _judges(
        self, step: Step, is_present: Callable[[str], bool]
    ) -> tuple[Followed, ...]:
        return self._vetting.judges(step.change.pid, is_present)

    def _presence_after(self, steps: Sequence[Step]) -> Callable[[str], bool]:
        """Whether a PID has a configuration once *steps* are made."""
        planned = {step.change.pid: step.after for step in steps}

        def is_present(pid: str) -> bool:
            return present(planned.get(pid) or self._newest(pid)) is not None

        return is_present

    def _written(
        self, change: Change, before: Entry | None, origin: Origin
    ) -> Properties:
        """What is given, in the words of the file, which can be made to say them."""
        given = change.properties or Properties()
        if origin.kind is OriginKind.FILE:
            return given
        # In those of an earlier change, then in those that were there before all.
        written = given
        if not change.is_literal:
            written = as_written(change.pid, given, before, self._validator)
            in_force = self._newest(change.pid)
            if before is not in_force:
                written = as_written(change.pid, written, in_force, self._validator)
        if self.gate is not None:
            self.gate.require_writable(change.pid, written)
        return written


def restless(pid: str) -> InvalidConfigurationError:
    """Why *pid* cannot be changed: whoever checks it never comes to rest."""
    return InvalidConfigurationError(
        pid,
        [
            Diagnostic(
                found=f"other values, another schema or other services after each of "
                f"{MOST_CHECKS} checks",
                expected="those that it was checked with",
                cure="See who changes it, its schema or its secrets, or registers "
                "services for it, over and over.",
                rule="check",
            )
        ],
    )
