"""What closing joins: loops, and parts that are energised by themselves."""

from __future__ import annotations

import numpy as np

from gridmend.interlock.move import Move
from gridmend.interlock.site import Flags, Ints, among
from gridmend.interlock.standing import Standing
from gridmend.model.plan import Action


def radiality(move: Move) -> str | None:
    """The number of loops does not rise, the transmission behind all sources counted as one path.

    A leave names the device, the sources of the loop and an end within `Policy.loop_most_s`.
    """
    if not move.closes:
        return None
    site, before = move.before.site, move.before
    usable = site.topology.conducting(move.without(before.danger))
    one, other = move.sides
    joined = site.topology.parts(usable & site.conductors)
    parts = site.topology.parts(usable)
    is_loop = move.row >= 0 and bool((joined[one] == joined[other]).any())
    behind = [_sources(move, parts, side) for side in (one, other)]
    if move.row < 0:
        behind[1] = frozenset({move.key})
        behind[0] -= behind[1]
    joins = bool(behind[0] and behind[1]) and not (parts[one] == parts[other]).all()
    joins |= move.row < 0 and bool(behind[0])
    sources = behind[0] | behind[1]
    if not is_loop and (not joins or _completes(move)):
        return None
    missing = _without_leave(move, sources)
    if missing is None:
        return None
    named = " and ".join(sorted(source.partition(".")[2] for source in sources))
    what = f"a loop through sources {named}" if joins else "a loop"
    return f"it would close {what}{missing}"


def synchronism(move: Move) -> str | None:
    """Two parts that are live by themselves join only by a late check within limits.

    Both are live where doubtful devices count as closed, and are one only where that does not
    rest on a doubtful device. Nothing parts what a command that has no outcome yet was to join
    as one, and nothing makes live what such a command would then join unchecked.
    """
    if not move.closes:
        return _parts_what_is_to_join(move)
    return _joins_unchecked(move) or _feeds_what_is_to_join(move)


def _joins_unchecked(move: Move) -> str | None:
    """Closing that joins two live parts by itself, without a check."""
    site, before = move.before.site, move.before
    one, other = move.sides
    live = move.apart
    surely = site.topology.parts_at(move.without(before.reliance))
    must = live[one] & live[other] & ((surely[one] != surely[other]) | (move.row < 0))
    if not must.any():
        return None
    at = int(np.flatnonzero(must)[0])
    if _completes(move):
        return None
    if move.row < 0:
        names = [_feeder(move, surely, int(one[at])), move.key]
    else:
        names = [_feeder(move, surely, int(side[at])) for side in (one, other)]
    sources = " and ".join(name.partition(".")[2] for name in names)
    why = _without_check(move)
    return None if why is None else f"it would join sources {sources}{why}"


def _completes(move: Move) -> bool:
    """Whether poles close beside others of their switch, which surely are closed, and one source
    holds the voltage of all that is on both sides: what is live on the far side the other phases
    feed, through a transformer say, and closing only makes the switch whole."""
    site, before = move.before.site, move.before
    if not move.step.phases:
        return False
    others = int(site.mask[move.row]) & ~move.bits
    if not others or int(before.reliance[move.row]) & others:
        return False
    parts = site.topology.parts_at(move.without(before.danger))
    here = among(parts, np.concatenate(move.sides))[parts[site.feed_node]]
    feeding = np.unique(site.feed_of[here & before.feeds[site.feed_of]])
    return len(feeding) == 1 and bool(site.source_row[feeding[0]] >= 0)


def _parts_what_is_to_join(move: Move) -> str | None:
    """Opening, or freeing a DER, where a command to close that is on its way might then join two
    live parts, and did not surely do so before."""
    if not (move.opens or move.step.action is Action.UNTAG):
        return None
    here = np.concatenate(move.sides)
    for id, close in move.to_close_yet():
        if (
            _may_concern(close, here, opens=move.opens)
            and _joins(close, move.after, surely=False)
            and not _joins(close, move.before, surely=True)
            and _without_check(close) is not None
        ):
            return f"the command {id} may close {close.key} yet, and would join"
    return None


def _feeds_what_is_to_join(move: Move) -> str | None:
    """Closing, where a command to close another device that is on its way might then join two live
    parts, and could not before: whatever is checked here, that one joins them if it comes last."""
    for id, close in move.to_close_yet():
        if (
            _joins(close, move.after, surely=False)
            and not _joins(close, move.before, surely=False)
            and _without_check(close) is not None
        ):
            return f"the command {id} may close {close.key} yet, and would join"
    return None


def _may_concern(close: Move, here: Ints, *, opens: bool) -> bool:
    """Whether opening at some nodes may part the sides of a device that is to close, or a DER
    there, once free, may hold the voltage of one."""
    topology = close.before.site.topology
    parts = topology.parts_at(close.without(close.before.danger))
    one, other = (parts[side] for side in close.sides)
    hit = among(parts, here)
    if opens:
        return bool(hit[one[one == other]].any())
    return bool(hit[one].any() or hit[other].any())


def _joins(close: Move, standing: Standing, *, surely: bool) -> bool:
    """Whether closing a device joins two live parts in what stands: surely, or perhaps."""
    site, own = standing.site, close.row < 0
    near, far = standing.reliance, standing.danger
    feeds = standing.surely_feeds
    if not surely:
        near, far, feeds = far, near, standing.feeds
    if own:
        feeds = feeds & np.array([name != close.key for name in site.names], bool)
    one, other = close.sides
    live = site.topology.reached_at(close.without(near), site.fed_nodes(feeds))
    parts = site.topology.parts_at(close.without(far))
    return bool((live[one] & live[other] & ((parts[one] != parts[other]) | own)).any())


def _sources(move: Move, parts: Ints, nodes: Ints) -> frozenset[str]:
    """Sources, as opposed to DER, that are on in the parts of some nodes."""
    site = move.before.site
    on = move.before.feeds & (site.source_row >= 0)
    here = among(parts, nodes)[parts[site.feed_node]] & on[site.feed_of]
    return frozenset(site.names[int(k)] for k in site.feed_of[here])


def _feeder(move: Move, parts: Ints, node: int) -> str:
    """What holds the voltage of a node; a doubtful device may stand between."""
    site = move.before.site
    on: Flags = move.before.feeds[site.feed_of]
    here = np.flatnonzero(on & (parts[site.feed_node] == parts[node]))
    if len(here):
        return site.names[int(site.feed_of[here[0]])]
    return "?.what a device in doubt may feed"


def _without_leave(move: Move, sources: frozenset[str]) -> str | None:
    """What a leave for the loop lacks; None where one holds."""
    situation, now_s = move.situation, move.now_s
    leave = situation.loops.get(move.key) if situation is not None else None
    if leave is None or now_s is None:
        return ""
    left_s = leave.expires_s - now_s
    named = {name.lower().rpartition(".")[2] for name in leave.sources}
    if not {source.partition(".")[2] for source in sources} <= named:
        return ", and the leave for it names other sources"
    if not leave.by:
        return ", and nobody signed the leave for it"
    if left_s <= 0:
        return ", and the leave for it has expired"
    if left_s > move.policy.loop_most_s:
        return f", and the leave for it lasts longer than {move.policy.loop_most_s:.0f} s"
    return None


def _without_check(move: Move) -> str | None:
    """What a check of synchronism lacks; None where one holds."""
    situation, now_s, policy = move.situation, move.now_s, move.policy
    check = situation.syncs.get(move.key) if situation is not None else None
    if check is None or now_s is None:
        return ""
    if not 0 <= now_s - check.at_s <= policy.sync_s:
        return f", and the check of synchronism is older than {policy.sync_s:g} s"
    if not check.phasing_known:
        return ", whose phasing is not known"
    for value, most, what in (
        (check.dv_pu, policy.sync_dv_pu, "pu"),
        (check.dangle_deg, policy.sync_dangle_deg, "degrees"),
        (check.df_hz, policy.sync_df_hz, "Hz"),
    ):
        if not abs(value) <= most:
            return f", which are {abs(value):g} {what} apart, more than {most:g}"
    return None
