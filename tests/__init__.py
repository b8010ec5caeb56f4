"""The tests; `tests.servers` holds the real servers that they talk to."""
