"""Adding what is missing: rules, conditions, the choice of a profile, the change ledger."""
