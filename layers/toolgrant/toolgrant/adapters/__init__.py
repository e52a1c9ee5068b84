"""The only code that speaks to AWS, one module per service."""
