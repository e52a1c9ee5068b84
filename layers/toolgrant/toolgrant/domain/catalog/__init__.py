"""The catalog: what each tool needs. The data is in `catalog.toml` beside this folder.

`source` and `vocabulary` read it, `fields` checks it, `rows` are its values, `lookup` finds what a
tool needs.
"""

from toolgrant.domain.catalog.lookup import Catalog as Catalog
from toolgrant.domain.catalog.lookup import Requirement as Requirement
from toolgrant.domain.catalog.lookup import packaged as packaged
from toolgrant.domain.catalog.rows import Advisory as Advisory
from toolgrant.domain.catalog.rows import AdvisoryWhen as AdvisoryWhen
from toolgrant.domain.catalog.rows import Claim as Claim
from toolgrant.domain.catalog.rows import Family as Family
from toolgrant.domain.catalog.rows import Known as Known
from toolgrant.domain.catalog.rows import Permission as Permission
from toolgrant.domain.catalog.rows import Row as Row
