"""One module a revision, never changed once it is out."""
