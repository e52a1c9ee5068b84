"""For all tests: hypothesis takes no machine for a slow one."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("toolgrant", deadline=None)
settings.load_profile("toolgrant")
