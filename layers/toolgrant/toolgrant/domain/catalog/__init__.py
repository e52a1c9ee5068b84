"""The catalog: what each tool needs. The data is in `catalog.toml` beside this folder.

`source` reads it, `fields` checks it, `rows` are its values, `lookup` finds what a tool needs.
"""

from toolgrant.domain.catalog.lookup import Catalog, Requirement, packaged
from toolgrant.domain.catalog.rows import (
    Advisory,
    AdvisoryWhen,
    Family,
    Known,
    Permission,
    Row,
)

__all__ = [
    "Advisory",
    "AdvisoryWhen",
    "Catalog",
    "Family",
    "Known",
    "Permission",
    "Requirement",
    "Row",
    "packaged",
]
