"""The rules as the second checker reads them, with figures of its own."""

from collections.abc import Iterator
from itertools import accumulate
from math import inf, nan
from typing import Any

from gridmend.interlock.recheck.memory import FED, LIVE, LOOP, NONE, SECTION, WORK, Entry, Memory
from gridmend.model.command import same_deed, step_of
from gridmend.model.deed import moved_by
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action

Judged = Iterator[tuple[str, object, str]]  # a rule, what is true where it is broken, and how
_MOST = {"dv_pu": 0.03, "dangle_deg": 10.0, "df_hz": 0.1}
_NO_SWITCH: dict[str, Any] = {"interrupts": "load", "interrupting_a": inf}
_ORDERS = ("order_written", "order_suspended", "order_studied", "order_approved", "order_issued")


class Case:
    """A deed and the phases open before it: doubtful devices closed (`may`) or open (`must`), its
    own open (`apart`) or closed (`joined`), only what is held and surely open (`proof`)."""

    def __init__(self, m: Memory, e: Entry) -> None:
        self.m, self.e, self.key, self.does = m, e, e["key"], e["step"].action
        self.closes, self.opens = self.does is Action.CLOSE, self.does is Action.OPEN
        self.doubtful = {key for key in m.remote if not -1 <= m.now - m.heard.get(key, -inf) <= 4}
        self.doubtful |= {key for key, bits in m.bits.items() if bits is None}
        self.doubtful |= {p["key"] for p in m.pending.values() if p["step"].action in MOVES}
        self.may = {key: 0 if key in self.doubtful else bits or 0 for key, bits in m.bits.items()}
        self.must = {key: m.mask[key] if key in self.doubtful else self.may[key] for key in m.bits}
        own, moves = self.may.get(self.key, 0), e["moves"]
        self.apart, self.joined = ({**self.may, self.key: x} for x in (own | moves, own & ~moves))
        self.on = {key for key in m.sources if not self.may[key]}
        der = {key for key in {*m.feeds} - m.sources if m.snapshot.power_kw(m.grid, key)}
        self.running = self.on | der | (self.doubtful & {*m.feeds})
        lifts = {sent["deed"] for sent in (e, *m.pending.values())}
        tags = [t for n, t in m.books["tag_placed"].items() if (Action.UNTAG, n) not in lifts]
        self.held = {tag["key"] for tag in tags if tag["kind"] == "hold"}
        self.proof = {key: bits if key in self.held else 0 for key, bits in self.may.items()}
        self.able = {*m.feeds} - (self.held - self.running)
        self.holding = [m.behind, *m.at(self.able & m.forming)]
        self.live = m.reach(self.holding, self.apart, FED)


def work(k: Case) -> Judged:
    """Tags, clearances and grounds."""
    m, e, key, does, mark = k.m, k.e, k.key, k.does, k.e["step"].mark
    stand = {rule: [*m.books[facts[0]].values()] for rule, facts in WORK.items()}
    for sent in m.pending.values():
        for rule, facts in WORK.items():
            stand[rule] += [sent] if sent["fact"] in facts else []
    bears = {tag["kind"] for tag in stand["tags"] if tag["key"] in moved_by(m.grid, e["step"], key)}
    is_held = does in MOVES and (bears - {"hot_line"} or (k.closes and bears))
    is_early = does is Action.TAG and e["kind"] != "hot_line" and key in k.running
    yield "tags", is_held or is_early, "it bears a tag, or is to be held and is on"
    is_hold = m.books["tag_placed"].get(mark, NONE)["kind"] == "hold" and key not in k.held
    part = m.at([key] if k.closes or (does is Action.UNTAG and is_hold) else [])
    part, energy = m.reach(part, k.joined if k.closes else k.proof, SECTION), m.at(k.able)
    leads = part if part & energy else set[int]()
    asked = [sent["principal"] for sent in m.pending.values() if sent["deed"] == e["deed"]]
    proves = does in (Action.CLEAR, Action.GROUND) and not asked
    is_live = proves and m.reach(energy, k.proof, SECTION) & m.at(e["keys"])
    by = e["by"] or e["principal"]
    asks = [sent["key"] for sent in m.pending.values() if sent["step"].action is Action.CLEAR]
    for rule, (begins, ends) in WORK.items():
        was = m.books[begins].get(mark, NONE)
        is_begun = e["fact"] == begins and (was is not NONE or is_live)
        yield rule, is_begun, "there is one already, or it is not proven dead"
        is_his = was["holder"] == by or (does is Action.UNGROUND and was["holder"] in asked)
        yield rule, e["fact"] == ends and not (is_his and key in was["keys"]), "it is another's"
        places = m.at(at for entry in stand[rule] for at in entry["keys"] if rule != "tags")
        places |= m.reach(m.at(asks), k.proof, SECTION) if rule == "clearance" else set()
        yield rule, leads & places, "it would lead a feeder of energy to people's work"
    zone = {*m.books["clearance_issued"].get(mark, NONE)["keys"]}
    left = {earth["key"] for earth in stand["ground"] if earth["holder"] == by}
    yield "ground", does is Action.RELEASE and zone & left, "earths of its holder stand there"


def operation(k: Case) -> Judged:
    """What the network and the device allow: from radiality to fresh data."""
    m, e, key, app, books = k.m, k.e, k.key, k.e["application"], k.m.books
    ends = [(a, b) for a, b, bit in m.ends.get(key, []) if bit & e["moves"]]
    sure = {**k.must, key: k.must.get(key, 0) | e["moves"]}
    if k.closes:
        fed = m.reach({node for pair in ends for node in pair}, k.apart, LIVE)
        sources = {s for s in k.on if m.feeds[s] & fed} | ({key} & m.sources)
        leave, check = (books[b].get(key, NONE) for b in ("loop_authorised", "sync_checked"))
        named = {f"source.{str(s).lower().removeprefix('source.')}" for s in leave["sources"]}
        is_left = sources <= named and m.now < leave["expires"] <= leave["at"] + 900
        is_loop = any(b in m.reach([a], k.apart, LOOP) for a, b in ends)
        yield "radiality", is_loop and not is_left, f"a loop of {', '.join(sorted(sources))}"
        joins = any({a, b} <= k.live and b not in m.reach([a], sure, LIVE) for a, b in ends)
        agrees = 0 <= m.now - check["at"] <= 5 and check["phasing_known"]
        agrees = agrees and all(abs(check[name]) <= most for name, most in _MOST.items())
        agrees |= sure[key] == e["moves"] < m.mask[key] and len(sources | fed & m.at(m.forming)) < 2
        yield "synchronism", joins and not agrees, "no fresh check has both live parts agree"
        part = m.reach(m.at([key]), k.joined, LIVE) & m.reach(k.holding, k.joined, FED)
        fault = {n for of, f in books["fault_suspected"].items() for n in m.at([of], f["phases"])}
        fault -= m.reach([m.behind], k.must, FED)
        yield "capability", part & fault, "a faulted element would be live"
    flow = books["flow_recorded"].get(e["command"], NONE)
    a = flow["carries_a"]
    a = abs(a) if isinstance(a, int | float) and key not in k.doubtful else nan
    row = m.grid.switches.record(key) if key in m.grid.switches else _NO_SWITCH
    breaks = row["interrupts"] in ("load", "fault")
    is_load = not (breaks or a <= 1.0) and m.reach(k.live, k.may, LIVE) & m.at([key])
    yield "capability", k.opens and (a > row["interrupting_a"] or is_load), f"it breaks no {a:g} A"
    worn = sum(move["at"] > m.now - 300 for move in m.moves[key])
    is_worn = k.does not in POWERS and worn >= (3 if k.does in SWITCHING else 16)
    part = m.reach(m.at([key]), k.may, LIVE) if k.does in POWERS else set[int]()
    moves = [move for of, nodes in m.feeds.items() if nodes & part for move in m.moves[of]]
    late = sorted((move["number"], move["kw"]) for move in moves if move["at"] > m.now - 60)
    kw = max(abs(kw) for kw in accumulate([e["kw"], *(change for _, change in reversed(late))]))
    sources = [m.grid.sources.record(s[7:]) for s in k.on if m.feeds[s] & part]
    is_steep = sources and kw > 0.1 * sum(s["capacity_kva"] for s in sources) + 1e-9
    is_worn |= k.closes and key in books["tripped"]
    yield "wear", is_worn or is_steep, f"{worn} operations in 5 min, {kw:g} kW, or a lock-out"
    is_safe = k.opens and breaks and not app and not any({a, b} <= k.live for a, b in ends)
    is_solved = flow is not NONE and (flow["converged"] or is_safe)
    yield "look-ahead", flow["worse"] or not is_solved, "no flow without a violation was recorded"
    if app:
        section = m.reach(m.at(e["keys"]), m.mask, SECTION)
        near = {of for of, poles in m.ends.items() for a, b, _ in poles if section & {a, b}}
        cuts = (k.may, k.must, {**{of: bits or 0 for of, bits in m.bits.items()}, key: 255}, sure)
        may, must, after, surely = (m.reach([m.behind], opened, FED) for opened in cuts)
        lost = (section & may - must) | (must & after - surely if k.opens else set[int]())
        is_doubtful = not flow["converged"] or k.doubtful & near or lost
        yield "fresh data", is_doubtful, "the flow, a device beside, or supply would be in doubt"


def admission(m: Memory, c: Entry) -> Judged:
    """What a command is, whatever the network: from worlds apart to two people."""
    books, app, name, key, does = m.books, c["application"], c["order"], c["key"], c["step"].action
    yield "worlds apart", c["world"] != m.world, f"it is meant for the world '{c['world']}'"
    orders, keys = ({sent[word] for sent in m.pending.values()} for word in ("order", "key"))
    waits = key in keys and does in MOVES and (app or does is not Action.OPEN)
    is_again = c["command"] in m.used or not -1 <= m.now - c["issued"] <= 30 or waits
    yield "at most once", is_again, "its id was used, it is late, or another has no outcome"
    say = books["authority_granted"].get(c["area"], NONE)
    lifts = (Action.UNTAG, Action.UNGROUND, Action.RELEASE)
    is_other = (m.areas.get(key, ""), say["epoch"]) != (c["area"], c["epoch"])
    is_other |= not (app or does in lifts or say["holder"] in (c["principal"], c["login"]))
    yield "one authority", is_other, f"{say['holder']} has the say there in epoch {say['epoch']}"
    written, rests, *words = (books[kind].get(name, NONE) for kind in _ORDERS)
    by, mode = words[1]["by"], books["mode_set"].get(f"{app}\n{c['area']}", NONE)["mode"]
    acts = {"automatic": 1, "restore only": does is Action.CLOSE, "approve": by[:6] != "leave:"}
    may = acts.get(mode) and not books["killed"].keys() & {c["area"], ""}
    yield "autonomy", app and not (may and written["application"] == app), f"{app} may not do it"
    s, hand = books["selected"].get(c["select"], NONE), ("principal", "login", "epoch")
    is_same = m.last.get(key) is s and same_deed(s["step"], c["step"]) and m.now - s["at"] <= 10
    is_same = is_same and all(s[word] == c[word] for word in hand)
    yield "select before operate", does in MOVES and not is_same, "no young select is the same"
    numbers = [max(written["number"], rests["number"]), *(said["number"] for said in words)]
    is_issued = numbers == sorted(numbers) and name not in books["order_aborted"]
    steps, turn = written["steps"], m.done[name] + 1
    is_due = c["number"] == turn <= len(steps) and same_deed(step_of(steps[turn - 1]), c["step"])
    is_due = is_due and written["area"] == c["area"] and name not in orders
    yield "order", name and not (is_issued and is_due), "it is not issued, or another step is due"
    leave = books["leave_given"].get(by[6:], NONE) if by.startswith("leave:") else words[1]
    is_own = leave["by"].casefold() in {"", written["application"].casefold(), *written["authors"]}
    covers = (leave["application"], leave["area"]) == (app, c["area"]) and m.now <= leave["expires"]
    covers = leave is words[1] or (covers and len(steps) <= leave["steps_most"])
    yield "two people", name and (is_own or not covers), "no second person approved it"


def judged(m: Memory, kind: str, p: Any) -> Judged:
    """All that is to be said of an entry."""
    e = m.entry(kind, p)
    if kind == "outcome":
        yield "record first", p["command"] not in m.used, "unheard of"
    elif kind == "tag_handed_over":
        is_signed = p["tag"] in m.books["tag_placed"] and len({p["by"], p["witness"]} - {""}) > 1
        yield "tags", not is_signed, "two people did not sign"
    elif kind == "commanded":
        k = Case(m, e)
        yield from work(k)
        yield from admission(m, e)
        yield from operation(k) if k.does in MOVES else ()
    elif e["step"] and kind != "selected":
        sent = m.pending.get(str(e["command"]), NONE)
        fits = sent.get("deed") == e["deed"] and sent["key"] in e["keys"] and sent.pop("awaited", 0)
        yield "record first", "command" in p and not fits, "no such command waits for it"
        yield from work(Case(m, e)) if e["step"].action not in MOVES else ()
