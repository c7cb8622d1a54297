"""Minimum-loss radial configuration: which switches to open so that the network loses least."""

from gridmend.operations.reconfiguration.answer import Reconfiguration
from gridmend.operations.reconfiguration.readiness import prepare
from gridmend.operations.reconfiguration.reconfigure import reconfigure

__all__ = ["Reconfiguration", "prepare", "reconfigure"]
