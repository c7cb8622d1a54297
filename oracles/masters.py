"""The feeders that are compared, by short name, and where their data lies."""

from __future__ import annotations

import os
from pathlib import Path

_ENWL = {
    f"enwl-{network}-{feeder}": f"enwl/network_{network}/Feeder_{feeder}/Master.dss"
    for network, feeders in ((1, 4), (2, 5), (3, 6))
    for feeder in range(1, feeders + 1)
}

MASTERS: dict[str, str] = {
    "4Bus-DY-Bal": "ieee/4Bus-DY-Bal/4Bus-DY-Bal.DSS",
    "4Bus-GrdYD-Bal": "ieee/4Bus-GrdYD-Bal/4Bus-GrdYD-Bal.DSS",
    "4Bus-OYOD-Bal": "ieee/4Bus-OYOD-Bal/4Bus-OYOD-Bal.DSS",
    "4Bus-OYOD-UnBal": "ieee/4Bus-OYOD-UnBal/4bus-OYOD-UnBal.dss",
    "4Bus-YD-Bal": "ieee/4Bus-YD-Bal/4Bus-YD-Bal.DSS",
    "4Bus-YY-Bal": "ieee/4Bus-YY-Bal/4Bus-YY-Bal.DSS",
    "4Bus-YYD": "ieee/4Bus-YYD/YYD-Master.DSS",
    "ieee13": "ieee/13Bus/IEEE13Nodeckt.dss",
    "ieee34": "ieee/34Bus/ieee34Mod1.dss",
    "ieee37": "ieee/37Bus/ieee37.dss",
    "ieee123": "ieee/123Bus/IEEE123Master.dss",
    "ieee123-switches": "ieee/123Bus/IEEE123Switches.dss",
    "ieee8500": "ieee/8500-Node/Master.dss",
    "ieee8500-unbal": "ieee/8500-Node/Master-unbal.dss",
    "european-lv": "ieee/LVTestCase/Master.dss",
    "ckt5": "epri/ckt5/Master_ckt5.dss",
    "J1": "epri/J1/Master_noPV.dss",
    "J1-pv": "epri/J1/Master_withPV.dss",
    "iowa240": "iowa240/network.iowa240.dss",
    **_ENWL,
}
"""Every master, relative to the feeders' folder."""


def data_folder() -> Path | None:
    """`GRIDMEND_DATA`, else `../shared/data` beside the project; None where neither is."""
    named = os.environ.get("GRIDMEND_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


def master(name: str) -> Path | None:
    """The path of a master; None where the data is absent."""
    folder = data_folder()
    return folder / "feeders" / MASTERS[name] if folder else None
