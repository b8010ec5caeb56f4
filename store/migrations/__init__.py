"""Alembic's revisions: how each version's tables came to be."""
