"""Measurements, not tests: `make bench`. Nothing here runs in the test suite."""
