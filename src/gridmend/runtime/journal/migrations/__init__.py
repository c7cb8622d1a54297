"""The revisions of the journal's tables, carried out by Alembic."""
