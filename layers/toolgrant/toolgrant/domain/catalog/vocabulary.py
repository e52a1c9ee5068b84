"""The permission vocabulary of a catalog text: every name that a row may require."""

from __future__ import annotations

from collections.abc import Iterable

from toolgrant.domain.catalog.fields import Table
from toolgrant.domain.catalog.rows import Permission
from toolgrant.domain.service_limits import takes


def read_permissions(table: Table, known: Iterable[Permission]) -> tuple[Permission, ...]:
    """The permissions that a text adds to the known ones. Raises CatalogError."""
    seen = {permission.name for permission in known}
    permissions = []
    for entry in table.tables("permission"):
        for permission in _console_row(entry):
            if permission.name in seen:
                raise entry.fault("names", f"{permission.name!r} is already in the vocabulary")
            seen.add(permission.name)
            permissions.append(permission)
    return tuple(permissions)


def _console_row(entry: Table) -> list[Permission]:
    """One row of the console's grid: the same place, one box per name."""
    names = entry.texts("names")
    if not names:
        raise entry.fault("names", "expected at least one name")
    for name in names:
        if not takes("connect", "Permissions[]", name):
            raise entry.fault("names", f"Connect takes no such name, found {name!r}")
    path_en = f"{entry.text('section_en')} > {entry.text('row_en')}"
    path_ja, evidence = entry.optional("path_ja"), entry.urls("evidence")
    entry.end()
    return [Permission(name, path_en, path_ja, evidence) for name in names]
