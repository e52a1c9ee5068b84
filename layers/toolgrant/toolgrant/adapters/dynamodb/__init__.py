"""The table: records, outbox and change ledger, and the stored form of their values."""
