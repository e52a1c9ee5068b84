"""Client tokens: the same call sent twice takes effect once and is answered twice."""

from __future__ import annotations

import copy

from connect_emulator.account import Account, Handler, Output, Params
from connect_emulator.errors import ServiceError

# The operation and the token.
Token = tuple[str, str]
# What a token came with, and the output it got.
Answered = dict[Token, tuple[Output, Output]]

_KEPT = 500


def once(
    answered: Answered, token: Token | None, handler: Handler, account: Account, params: Params
) -> Output:
    """The answer that the token got before, else the handler's own, which is remembered."""
    if token is None:
        return handler(account, params)
    if token not in answered:
        output = handler(account, params)
        answered[token] = copy.deepcopy((dict(params), output))
        _forget_oldest(answered)
        return output
    first_params, first_output = answered[token]
    if first_params != params:
        # Which error a reused token gets is [inferred] from the names that the models offer.
        code = "IdempotencyException" if "ClientToken" in params else "ConflictException"
        raise ServiceError(code, "The client token was used before with other parameters")
    return first_output


def _forget_oldest(answered: Answered) -> None:
    for token in list(answered)[:-_KEPT]:
        del answered[token]
