"""The resources of the account: read as of now or of then, and changed all or nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime

from connect_emulator.account import Account, Handler, Output, Params, Settings
from connect_emulator.errors import ServiceError
from connect_emulator.fault import Fault
from connect_emulator.history import History, restore, snapshot
from connect_emulator.resources import Resources
from connect_emulator.tokens import Answered, Token, once

Clock = Callable[[], datetime]
Ids = Callable[[], str]


class State:
    """What handlers work on; whoever uses it holds the emulator's lock."""

    def __init__(
        self, region: str, account_id: str, settings: Settings, now: Clock, new_id: Ids
    ) -> None:
        self.region = region
        self.account_id = account_id
        self.now = now
        self.new_id = new_id
        self._first_settings = settings
        self._resources = Resources()
        self._answered: Answered = {}
        self._history = History()
        self.reset_settings()

    def reset_settings(self) -> None:
        """Go back to the settings of the beginning."""
        self.settings = copy.deepcopy(self._first_settings)

    def account(self, resources: Resources | None = None) -> Account:
        """The account with these resources (None: the present ones) at this moment."""
        seen = resources or self._resources
        return Account(self.region, self.account_id, self.settings, seen, self.now(), self.new_id)

    def read(self, handler: Handler, params: Params, stale: Fault | None) -> Output:
        """Run a handler that only reads, on what a fault lets it see."""

        def as_of(resources: Resources) -> Output:
            return handler(self.account(resources), params)

        if stale is None:
            return as_of(self._resources)
        return self._history.answer(stale, self.now(), self._resources, as_of)

    def change(self, handler: Handler, params: Params, token: Token | None = None) -> Output:
        """Run a handler so that it changes all or nothing. A token that was used before gets the
        answer of then, and nothing changes."""
        before = snapshot(self._resources)
        account = self.account()
        try:
            output = once(self._answered, token, handler, account, params)
        except ServiceError:
            self._resources = restore(before)
            raise
        self._history.push(account.now, before)
        return output
