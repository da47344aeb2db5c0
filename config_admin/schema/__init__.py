"""What may be configured: one JSON Schema (2020-12) per PID, found and applied."""
