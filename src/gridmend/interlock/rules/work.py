"""Work on the network: tags, clearances and grounds."""

from __future__ import annotations

import numpy as np

from gridmend.interlock.move import Move
from gridmend.interlock.standing import HOLD, HOT_LINE, Standing
from gridmend.model.deed import moved_by
from gridmend.model.plan import MOVES, Action


def tags(move: Move) -> str | None:
    """A hold tag forbids every operation, a hot-line tag closing; only its holder lifts a tag."""
    step, standing = move.step, move.before
    if step.action is Action.TAG:
        if (step.kind or HOLD) not in (HOLD, HOT_LINE):
            return f"a tag is of kind {HOLD} or {HOT_LINE}, not {step.kind}"
        if not step.mark or any(tag.id == step.mark for tag in standing.binding):
            return "a tag needs a name that no other tag bears"
        if (step.kind or HOLD) == HOLD and standing.is_on(move.key):
            return "it may be feeding: a hold tag goes on it once it is off"
        return None
    if step.action is Action.UNTAG:
        found = [tag for tag in standing.tags_on(move.key) if tag.id == step.mark]
        if not found:
            return f"it bears no tag {step.mark}"
        holder = found[0].holder
        return None if holder == move.by.principal else f"the tag {step.mark} is {holder}'s to lift"
    if step.action not in MOVES:
        return None
    units = moved_by(standing.site.grid, step, move.key)
    for tag in (tag for unit in units for tag in standing.tags_on(unit)):
        if tag.kind == HOLD:
            return f"it bears the hold tag {tag.id} of {tag.holder}"
        if tag.kind == HOT_LINE and move.closes:
            return f"it bears the hot-line tag {tag.id} of {tag.holder}"
    return None


def clearance(move: Move) -> str | None:
    """Nothing that may be live is led into a zone under clearance, and none is given elsewhere."""
    step, standing = move.step, move.before
    marks = {clearance.id: clearance for clearance in standing.clearances}
    if step.action is Action.CLEAR:
        if not step.mark or step.mark in marks:
            return "a clearance needs a name that no other bears"
        return _not_proven_dead(move)
    if step.action is Action.RELEASE:
        found = marks.get(step.mark)
        if found is None:
            return f"there is no clearance {step.mark}"
        if found.holder != move.by.principal:
            return f"the clearance {step.mark} is {found.holder}'s to release"
        return None
    for mark, of in marks.items() if move.endangers else ():
        lost, nodes = standing.nodes_of_buses(of.buses)
        if lost and move.closes:
            return f"the clearance {mark} is on {lost[0]}, which the model does not have"
        if (move.endangered & nodes).any():
            return f"it would lead to a live source from the zone of clearance {mark}"
    return None


def ground(move: Move) -> str | None:
    """A ground goes only on what is proven dead, and what is earthed is never energised."""
    step, standing = move.step, move.before
    marks = {ground.id: ground for ground in standing.grounds}
    if step.action is Action.GROUND:
        if not step.mark or step.mark in marks:
            return "a ground needs a name that no other bears"
        return _not_proven_dead(move)
    if step.action is Action.UNGROUND:
        found = marks.get(step.mark)
        if found is None:
            return f"there is no ground {step.mark}"
        if found.holder != move.by.principal:
            return f"the ground {step.mark} is {found.holder}'s to remove"
        return None
    if step.action is Action.RELEASE:
        return _still_earthed(move)
    for mark, of in marks.items() if move.endangers else ():
        lost, nodes = standing.nodes_of_buses((of.bus,))
        if lost and move.closes:
            return f"the ground {mark} is on {lost[0]}, which the model does not have"
        if (move.endangered & nodes).any():
            return f"it would lead to a live source from {of.bus}, which the ground {mark} earths"
    return None


def _not_proven_dead(move: Move) -> str | None:
    standing = move.before
    nodes = standing.site.nodes_at(move.key)
    if not standing.exposed[nodes].any():
        return None
    name = _a_feeder(standing, nodes)
    return f"no device that is surely open and tagged keeps {name} away from it"


def _a_feeder(standing: Standing, nodes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    """A source or DER that could feed some nodes."""
    site = standing.site
    reached = site.topology.reached(standing.by_bus(standing.held), nodes)
    hits = site.feed_of[reached[site.feed_node]]
    able = [int(k) for k in hits if standing.may_feed[k]]
    return site.names[able[0]] if able else "a source"


def _still_earthed(move: Move) -> str | None:
    """A clearance is not released while its holder's grounds stand in its zone."""
    for clearance in move.before.clearances:
        if clearance.id == move.step.mark:
            _, zone = move.before.nodes_of_buses(clearance.buses)
            for ground in move.before.grounds:
                _, here = move.before.nodes_of_buses((ground.bus,))
                if ground.holder == clearance.holder and bool((zone & here).any()):
                    return f"the ground {ground.id} still stands on {ground.bus}"
    return None
