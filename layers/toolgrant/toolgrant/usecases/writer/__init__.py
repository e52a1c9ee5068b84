"""The only writer of security profiles: fix requests and undos, bracketed by the change ledger."""
