"""What people and machines are told: the alert, its readable forms, what to click."""
