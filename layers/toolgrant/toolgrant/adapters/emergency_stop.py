"""The emergency stop: an SSM parameter, read before each write and never kept.

It is an operator's: the stack only names it, so that no deployment can overwrite it.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from toolgrant.usecases.ports import Journal

GO, STOP = "false", "true"


class SSMEmergencyStop:
    """`usecases.ports.EmergencyStop`. Anything but `false` stops, a missing parameter too."""

    def __init__(self, client: Any, parameter: str, journal: Journal) -> None:
        self._client = client
        self._parameter = parameter
        self._journal = journal

    def pulled(self) -> bool | None:
        """Whether writes must stop; None if the parameter is missing, cannot be read or is neither
        word."""
        try:
            answer = self._client.get_parameter(Name=self._parameter)
        except (ClientError, BotoCoreError) as error:
            fields = {"parameter": self._parameter, "error": type(error).__name__}
            self._journal.failure("emergency-stop-unreadable", **fields)
            return None
        value = str(answer["Parameter"]["Value"]).strip().lower()
        return {GO: False, STOP: True}.get(value)
