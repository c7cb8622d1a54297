"""The endpoints, a module for each thing they are about."""
