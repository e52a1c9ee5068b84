"""toolgrant: keeps the tools of Amazon Connect AI agents working.

`domain` is pure, `usecases` tell the story of one review or one sweep in terms of ports, `adapters`
speak to AWS, `bootstrap` puts them together. Arrows point inward only (docs/architecture.md).
"""

__version__ = "0.1.0"
