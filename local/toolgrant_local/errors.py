"""What can go wrong here.

LocalError                 something did not start, deploy or settle; the text shows its log
└── StopRequestedError     somebody asked to stop
"""


class LocalError(Exception):
    """The local AWS is not usable; the text is meant for a person."""


class StopRequestedError(LocalError):
    """Start-up ended early because a stop was requested."""
