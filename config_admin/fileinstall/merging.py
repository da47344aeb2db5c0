"""What becomes of an edit when the admin has moved on: a merge by key."""

from config_admin.core.properties import Properties, Value, typed


def merge_by_key(
    base: Properties, admin: Properties, file: Properties
) -> tuple[Properties, tuple[str, ...]]:
    """
    Both sides' changes since *base*.

    A key that one side changed is kept from that side; one that both changed takes the
    file's value, because its author has not seen the other.

    Returns:
        The merged properties, and the keys whose change in the admin was superseded.
    """
    superseded: list[str] = []
    changed: dict[str, Value] = {}
    removed: list[str] = []
    for key in dict.fromkeys((*base, *file)):
        if _same(base.get(key), file.get(key)):
            continue
        if not _same(base.get(key), admin.get(key)) and not _same(
            admin.get(key), file.get(key)
        ):
            superseded.append(key)
        if key in file:
            changed[key] = file[key]
        else:
            removed.append(key)
    return admin.without(removed).with_items(changed), tuple(superseded)


def loses_most(before: Properties, after: Properties) -> bool:
    """Whether *after* kept less than half of the keys: it may be a truncated head."""
    kept = sum(key in after for key in before)
    return len(before) > 0 and 2 * kept < len(before)


def _same(one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return one is other
    return typed(one) == typed(other)
