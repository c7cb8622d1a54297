"""The rules as the second checker reads them, with figures of its own."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from gridmend.interlock.recheck.memory import PAPER, Memory, Payload
from gridmend.interlock.recheck.paths import LOOP, SECTION, Node
from gridmend.model.command import Command, World, same_deed
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, Step

Judged = Iterator[tuple[str, object, str]]
"""A rule, what is true where it is broken, and how it is."""
NONE: dict[str, Any] = {"holder": None, "keys": [], "at": -1e9, "mode": "off", "sources": [],
                        "expires": 0, "stage": 0, "steps": [], "done": 0, "converged": False,
                        "worse": [], "application": "", "approver": "", "area": None,
                        "interrupts": "", "kind": "", "interrupting_a": 0.0}  # fmt: skip


class Case:
    """What is done, by whom, and what is certain before it.

    Edges: `may` are surely open, `must` not surely closed, `proof` surely open and held.
    """

    def __init__(self, m: Memory, kind: str, p: Payload, step: Step, keys: list[str]) -> None:
        self.m, self.kind, self.p, self.step, self.keys = m, kind, p, step, keys
        self.key, own = (*keys, "")[0], m.edges.get((*keys, "")[0], [])
        self.closes, self.opens = step.action is Action.CLOSE, step.action is Action.OPEN
        asked = {c.step.mark: c.principal for c, _ in m.waiting(step.action)}
        self.asked = asked.get(step.mark, "")
        self.by = str(p.get("by") or p.get("principal") or self.asked)
        self.doubtful, self.own = {k for k in m.bits if m.doubts(k)}, {edge for edge, *_ in own}
        ends = [(k, edge, m.bits[k] & bit) for k in m.bits for edge, _, _, bit in m.edges[k]]
        self.may = {edge for k, edge, is_open in ends if is_open and k not in self.doubtful}
        self.must = self.may | {edge for k, edge, _ in ends if k in self.doubtful}
        self.joins = [end[:3] for end in own if self.closes and end[0] in self.must]
        self.on = {k for k in m.sources if k in self.doubtful or not m.bits[k]}
        lifted = {c.step.mark for c, _ in m.waiting(Action.UNTAG)}
        tags = [(n, t) for n, t in m.books["tag_placed"].items() if t["kind"] == "hold"]
        self.held = {(tag["keys"][0], name) for name, tag in tags if name not in lifted}
        held = {key for key, _ in self.held}
        self.proof = {edge for k, edge, _ in ends if edge in self.may and k in held}
        self.running = self.on | {k for k, kw in m.stands.items() if kw or m.doubts(k)}
        feeders = {*m.feeds} - (held - self.running)
        self.energy, able = self.at(feeders), feeders & (self.on | m.forming)
        self.live = m.reach(self.at(able - {self.key}), self.may | self.own)

    def at(self, keys: Iterable[str]) -> set[Node]:
        """The nodes of elements and buses."""
        return {node for key in keys for node in self.m.feeds.get(key) or self.m.nodes_of(key)}

    def energises(self, places: set[Node]) -> bool:
        """Whether a step leads energy to places of work, or no longer proves them dead."""
        others = {key for key, name in self.held if name != self.step.mark}
        is_given = self.kind == "tag_handed_over" or self.key in others
        lifts = self.step.action is Action.UNTAG and not is_given
        cut, m = self.may if self.closes else self.proof, self.m
        return (self.closes or lifts) and m.leads(self.key, self.energy, places, cut, SECTION)


def work(k: Case) -> Judged:
    """Tags, clearances and grounds."""
    m, does, by, mark = k.m, k.step.action, k.by, k.step.mark
    tag, zone, earth = (m.books[book].get(mark, NONE) for book in PAPER)
    names = m.units.get(k.key, {k.key})
    kinds = {t["kind"] for t in m.books["tag_placed"].values() if names & {*t["keys"]}}
    kinds |= {c.step.kind for c, key in m.waiting(Action.TAG) if key == k.key}
    yield "tags", does in MOVES and kinds - {"hot_line"}, "it bears a hold tag"
    yield "tags", k.closes and "hot_line" in kinds, "it bears a hot-line tag"
    two, lifts = {by, str(k.p.get("witness", ""))} - {""}, does is Action.UNTAG
    is_given = k.kind == "tag_handed_over"
    yield "tags", is_given and (len(two) < 2 or tag is NONE), "two people did not sign"
    is_other = (by, k.keys) != (tag["holder"], tag["keys"])
    yield "tags", lifts and not is_given and is_other, "not its holder lifts it"
    earths = [(c.principal, bus) for c, bus in m.waiting(Action.GROUND, Action.UNGROUND)]
    earths += [(e["holder"], e["keys"][0]) for e in m.books["ground_placed"].values()]
    zones = k.at(bus for e in m.books["clearance_issued"].values() for bus in e["keys"])
    asked = k.at(bus for c, _ in m.waiting(Action.CLEAR) for bus in m.zones[c.id])
    zones |= m.reach(asked, k.proof, SECTION)
    yield (
        "clearance",
        not is_given and k.energises(zones),
        "a zone under clearance would not be surely dead",
    )
    earthed = k.at(bus for _, bus in earths)
    yield "ground", not is_given and k.energises(earthed), "an earthed bus would not be surely dead"
    yield "tags", does is Action.TAG and tag is not NONE, f"there is a tag {mark} already"
    holds = does is Action.TAG and str(k.p.get("kind") or k.step.kind or "hold") != "hot_line"
    yield "tags", holds and k.key in k.running, "a hold tag goes on it once it is off"
    yield "clearance", does is Action.CLEAR and zone is not NONE, f"there is a {mark} already"
    yield "ground", does is Action.GROUND and earth is not NONE, f"there is a {mark} already"
    keys = m.about("clearance_issued", k.p) if "buses" in k.p else k.keys
    is_live = not k.asked and m.reach(k.energy, k.proof, SECTION) & k.at(keys)
    yield "clearance", does is Action.CLEAR and is_live, "it is not proven dead"
    yield "ground", does is Action.GROUND and is_live, "it is not proven dead"
    releases, stays = does is Action.RELEASE, {bus for who, bus in earths if who == by}
    yield "clearance", releases and by != zone["holder"], "not its holder releases it"
    yield "ground", releases and stays & {*zone["keys"]}, "earths of its holder stand in the zone"
    is_other = earth["holder"] not in (by or earth["holder"], k.asked) or k.keys != earth["keys"]
    yield "ground", does is Action.UNGROUND and is_other, "not its holder removes it"


def joining(k: Case) -> Judged:
    """Radiality and synchronism."""
    m, now, closed = k.m, k.m.now, k.may - k.own
    leave, check = (m.books[b].get(k.key, NONE) for b in ("loop_authorised", "sync_checked"))
    fed = m.reach((node for _, *ends in k.joins for node in ends), closed)
    sources = {key for key in k.on | ({k.key} & m.sources) if m.feeds[key] & fed}
    named = {f"source.{str(name).lower().removeprefix('source.')}" for name in leave["sources"]}
    is_left = sources <= named and now < leave["expires"] <= leave["at"] + 900
    is_loop = any(b in m.reach([a], closed | {edge}, LOOP) for edge, a, b in k.joins)
    yield "radiality", is_loop and not is_left, f"a loop of {', '.join(sorted(sources))}"
    live = k.live | {a for _, a, _ in k.joins if k.key in m.sources}
    joins = any({a, b} <= live and b not in m.reach([a], k.must | k.own) for _, a, b in k.joins)
    yield "synchronism", joins and not 0 <= now - check["at"] <= 5, "no check is fresh"
    most = {"dv_pu": 0.03, "dangle_deg": 10.0, "df_hz": 0.1}.items()
    agrees = check.get("phasing_known") and all(abs(check[name]) <= bound for name, bound in most)
    yield "synchronism", joins and not agrees, "two live parts do not agree"


def device(k: Case) -> Judged:
    """Capability, wear and look-ahead."""
    m, switches, key = k.m, k.m.grid.switches, k.key
    flow = m.books["flow_recorded"].get(k.p["command"], NONE)
    carries, opens = flow.get("carries_a"), k.opens and key in switches
    row = switches.record(key) if opens else NONE
    a = abs(carries) if isinstance(carries, int | float) else float("nan")
    a = float("nan") if key in k.doubtful else a
    breaks, ends = row["interrupts"] in ("load", "fault"), k.at([key]) if opens else set[Node]()
    is_live = opens and ends & m.reach(k.live, k.may)
    yield "capability", is_live and not breaks and not a <= 1.0, "it does not break load"
    yield "capability", opens and a > row["interrupting_a"], f"it does not break {a:g} A"
    fault = k.at(m.books["fault_suspected"]) - m.reach(k.at(k.on - k.doubtful), k.must)
    leads = k.closes and m.leads(key, k.at(k.on | {*m.feeds} - m.sources), fault, k.may)
    yield "capability", leads, "a faulted element would become live"
    late = [at for at, _ in m.operations[key] if at > m.now - 300]
    is_worn = k.step.action not in POWERS and len(late) >= (3 if k.step.action in SWITCHING else 16)
    yield "wear", is_worn, f"it was operated {len(late)} times in 5 min"
    yield "wear", k.closes and key in m.locked, "it is locked out"
    for rating_kva, nodes in feeders(k) if k.step.action in POWERS else ():
        beside = [other for other, at in m.feeds.items() if at & nodes]
        moved = sorted(pair for other in beside for pair in m.operations[other])
        late = [kw for at, kw in reversed(moved) if at > m.now - 60]
        kw = max(map(abs, accumulate([m.change(k.step, key), *late])))
        yield "wear", key in beside and kw > 0.1 * rating_kva + 1e-9, f"DER would change {kw:g} kW"
    is_split = any(a in k.live and b in k.live for _, a, b, _ in m.edges.get(key, ()))
    breaks |= k.opens and key in m.sources
    is_safe = breaks and not is_split and not k.p.get("application")
    yield "look-ahead", flow is NONE, "no flow was recorded"
    yield "look-ahead", flow["worse"], "a limit would be violated"
    is_dead = not (k.on - {key} if k.opens else k.on | {key} & m.sources if k.closes else k.on)
    is_open = not (flow["converged"] or is_safe or is_dead)
    yield "look-ahead", is_open, "the flow has not converged"
    yield "fresh data", k.p.get("application") and not flow["converged"], "there is no solution"


def feeders(k: Case) -> list[tuple[float, set[Node]]]:
    """Ratings of feeders [kVA] and what each feeds; sources where the grid has no feeders."""
    m, grid, fed = k.m, k.m.grid, k.m.reach(k.at(k.on), k.may)
    rows = [grid.feeders.record(name) for name in grid.feeders]
    rated = {grid.key(row["head"]): row["rating_kva"] for row in rows if row["head"]}
    rated = rated or {key: grid.sources.record(key[7:])["capacity_kva"] for key in k.on}
    cuts = {key: k.may | {edge for edge, *_ in m.edges[key]} for key in rated}
    without = {key: m.reach(k.at(k.on - {key}), cut) for key, cut in cuts.items()}
    return [(kva, fed - without[key] | m.feeds.get(key, set())) for key, kva in rated.items()]


def automation(k: Case) -> Judged:
    """Fresh data: nothing doubtful beside a step, on the way to it, or behind it."""
    m, on, own = k.m, k.on, k.own
    every = {edge for key in m.bits for edge, *_ in m.edges[key]}
    section = m.reach(k.at(k.keys), every, SECTION)
    near = [key for key in m.bits for _, a, b, _ in m.edges[key] if {a, b} & section]
    yield "fresh data", k.doubtful & {*near}, "a device beside it is doubtful"
    will = on | {*k.keys} & m.sources if k.closes else on - {*k.keys} if k.opens else on
    may, must = m.reach(k.at(on), k.may), m.reach(k.at(on - k.doubtful), k.must)
    cuts = [cut - own if k.closes else cut | own if k.opens else cut for cut in (k.may, k.must)]
    after, sure = m.reach(k.at(will), cuts[0]), m.reach(k.at(will - k.doubtful), cuts[1])
    yield "fresh data", section & may - must, "the way to a source is doubtful"
    yield "fresh data", (must | after - may) & after - sure, "supply would rest on a doubtful one"


def command(k: Case, c: Command, world: World) -> Judged:
    """Worlds apart, at most once, one authority, autonomy and select before operate."""
    m, books, app = k.m, k.m.books, c.application
    yield "worlds apart", c.world is not world, f"it is meant for the world '{c.world}'"
    yield "at most once", c.id in m.used, "its id was used"
    age_s = m.now - c.issued_utc.timestamp()
    yield "at most once", not -1 <= age_s <= 30, "it was not issued within 30 s"
    is_busy = any(key == k.key for _, key in m.pending.values())
    waits = k.step.action in MOVES and (app or not k.opens)
    yield "at most once", is_busy and waits, "another has no outcome"
    epoch, holder = m.say.get(c.area, (None, ""))
    is_other = (m.areas.get(k.key, ""), epoch) != (c.area, c.epoch)
    yield "one authority", is_other, f"the epoch of the area is {epoch}"
    is_bound = not app and k.step.action not in (Action.UNTAG, Action.UNGROUND, Action.RELEASE)
    is_other = is_bound and holder not in (c.principal, c.login)
    yield "one authority", is_other, f"{holder} has the say there"
    order = books["order_written"].get(c.order, NONE)
    mode = books["mode_set"].get(f"{app}\n{c.area}", NONE)["mode"]
    yield "autonomy", app and mode not in ("approve", "automatic"), f"{app} may not act there"
    yield "autonomy", app and books["killed"].keys() & {c.area, ""}, f"{app} is stopped there"
    yield "autonomy", order["application"] != app != "", f"{app} has no order for it"
    is_unasked = mode == "approve" and order["approver"].startswith("leave:")
    yield "autonomy", app and is_unasked, "no person approved it"
    s = books["selected"].get(c.select, {**NONE, "step": k.step})
    is_late = k.step.action in MOVES and not 0 <= m.now - s["at"] <= 10
    yield "select before operate", is_late, "no select of it is young enough"
    hand = [s.get(name) for name in ("key", "principal", "login", "epoch")]
    is_other = hand != [k.key, c.principal, c.login, c.epoch] or not same_deed(s["step"], k.step)
    yield "select before operate", k.step.action in MOVES and is_other, "the select is another"


def orders(k: Case, c: Command) -> Judged:
    """Order and two people."""
    m, order = k.m, k.m.books["order_written"].get(c.order, NONE)
    steps, turn = order["steps"], order["done"] + 1
    yield "order", order["stage"] < 3, f"the order {c.order} is not issued"
    is_turn = c.number == turn <= len(steps) and same_deed(steps[turn - 1], k.step)
    yield "order", not is_turn or order["area"] != c.area, "another step is due"
    waits = [other.id for other, _ in m.pending.values() if other.order == c.order]
    yield "order", waits, "a step before it has no outcome"
    who, app = order["approver"], order["application"]
    name = who.removeprefix("leave:")
    leave: dict[str, Any] = m.books["leave_given"].get(name, {}) if name != who else {}
    writers = {author.casefold() for author in ("", app, *order.get("authors", ()))}
    is_own = leave.get("by", "" if name != who else who).casefold() in writers
    yield "two people", is_own, "no second person approved it"
    covers = (leave.get("application"), leave.get("area")) == (app, c.area)
    is_less = leave and not (covers and len(steps) <= leave["steps_most"])
    yield "two people", is_less, "the leave covers less"
    is_over = leave.get("expires", m.now) < m.now or name in m.books["leave_withdrawn"]
    yield "two people", is_over, "the leave has ended"


def judged(k: Case, c: Command, world: World) -> Judged:
    """All that is to be said of a command."""
    yield from work(k)
    yield from command(k, c, world)
    yield from orders(k, c) if c.order else ()
    yield from joining(k)
    yield from device(k) if k.step.action in MOVES else ()
    yield from automation(k) if c.application else ()
