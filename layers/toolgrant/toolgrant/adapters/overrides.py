"""Operators' catalog rows from an SSM parameter, on top of the packaged catalog.

The parameter is an operator's: the stack only names it, and without it the packaged catalog is all
there is. Read at most once a minute. Content that is invalid is refused as a whole: the packaged
catalog stays in force, the reason is logged with row and field, and a metric raises the alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from toolgrant.domain.catalog import Catalog, packaged
from toolgrant.errors import CatalogError
from toolgrant.usecases.ports import Journal

KEEP_SECONDS = 60


@dataclass
class CatalogSource:
    """The catalog in force. `provider` reads SSM and keeps the value for KEEP_SECONDS;
    `parameter` is the name to read."""

    provider: SSMProvider
    parameter: str
    journal: Journal
    _last: Catalog | None = None

    @classmethod
    def over(cls, client: Any, parameter: str, journal: Journal) -> CatalogSource:
        """A source with a cache of its own; `client` is a boto3 SSM client."""
        return cls(SSMProvider(boto3_client=client), parameter, journal)

    def catalog(self) -> Catalog:
        """The packaged catalog with the operators' rows; without them if they cannot be used."""
        try:
            text = self.provider.get(self.parameter, max_age=KEEP_SECONDS)
            self._last = packaged().with_overrides(str(text))
            return self._last
        except CatalogError as error:
            self._refuse(str(error))
        except GetParameterError as error:
            name = type(error.__cause__ or error.__context__ or error).__name__
            if name == "ParameterNotFound":
                return packaged()
            self._refuse(f"the parameter cannot be read ({name})")
            if self._last:
                return self._last  # a passing fault must not turn verdicts over
        return packaged()

    def _refuse(self, reason: str) -> None:
        self.journal.failure("catalog-overrides-refused", parameter=self.parameter, reason=reason)
        self.journal.count("CatalogOverridesRefused")
