"""Alembic's migrations of the metadata database."""
