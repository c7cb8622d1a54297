"""The revisions of the tables of users, carried out by Alembic."""
