"""The `toolgrant` command: offline verdicts, the catalog, the local AWS, the demo."""
