"""The one place that knows SQL: callers hand in and get back rules.model records."""
