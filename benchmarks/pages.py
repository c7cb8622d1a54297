"""What the control room's pages cost on the 8500-node feeder: first picture, event to pixel,
search, script and memory; with a server and a browser that it starts itself.

`python -m benchmarks.pages [MINUTES]` watches memory for so long, 5 unless told."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.machine import busy, machine
from playwright.sync_api import CDPSession, Page, sync_playwright

EXAMPLE = "ieee8500"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
LINES_MOST = 50
EVENTS = 10
SEARCHES = 40
MINUTES = 5
"""How long memory is watched, unless told."""
WAIT_MS = 60_000

# When the network is drawn, when a frame comes, and when the drawn picture is another one: the
# pixels are read in the same turn in which they are drawn, before the browser shows them.
WATCH = """
window.watched = { drawn: 0, frames: 0, frameMs: 0, hash: 0, changedMs: 0,
  isReading: false, isAsked: false };
const watched = window.watched;
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', (message) => {
      const kind = new DataView(message.data).getUint8(4);
      if (kind < 3) { watched.frames += 1; watched.frameMs = performance.now(); }
    });
  }
};
const draw = WebGL2RenderingContext.prototype.drawArrays;
WebGL2RenderingContext.prototype.drawArrays = function (...given) {
  draw.apply(this, given);
  const isFirst = watched.frames && !watched.drawn;
  if (watched.isAsked || !(isFirst || watched.isReading)) return;
  watched.isAsked = true;
  queueMicrotask(() => {
    watched.isAsked = false;
    const [wide, high] = [this.drawingBufferWidth, this.drawingBufferHeight];
    const pixels = new Uint32Array(wide * high);
    const bytes = new Uint8Array(pixels.buffer);
    this.readPixels(0, 0, wide, high, this.RGBA, this.UNSIGNED_BYTE, bytes);
    const now = performance.now();
    if (isFirst) { watched.drawn = now; return; }
    let hash = 0;
    for (const each of pixels) hash = (Math.imul(hash, 31) + each) | 0;
    if (hash !== watched.hash) { watched.hash = hash; watched.changedMs = now; }
  });
};
"""
TAG = """async (device) => {
  const { csrf } = await (await fetch('/api/v1/session')).json();
  const send = async (method, path, body) => {
    const headers = { 'X-CSRF': csrf, 'Content-Type': 'application/json' };
    const answer = await fetch('/api/v1/tags' + path, { method, headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.text();
  };
  const changed = async (since) => {
    for (let k = 0; k < 4000 && window.watched.changedMs <= since; k++)
      await new Promise((done) => setTimeout(done, 5));
    if (window.watched.changedMs <= since) throw new Error('the picture stays as it is');
  };
  const began = performance.now();
  const body = JSON.stringify({ device, kind: 'hold', reason: 'benchmark' });
  const { id } = JSON.parse(await send('POST', '', body));
  const answered = performance.now();
  await changed(began);
  const { changedMs, frameMs } = window.watched;
  await send('DELETE', '/' + id);
  await changed(changedMs);
  return [answered - began, frameMs - began, changedMs - began];
}"""
SEARCH = """async (text) => {
  const field = document.querySelector('[data-test=search]');
  const list = document.getElementById('search-hits');
  const what = { childList: true, subtree: true, characterData: true, attributes: true };
  const seen = new Promise((done) => new MutationObserver((_, watching) => {
    watching.disconnect();
    void list.offsetHeight;
    done(performance.now());
  }).observe(list, what));
  const before = list.textContent;
  field.value = text;
  const began = performance.now();
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  const limit = new Promise((done) => setTimeout(() => done(Infinity), 2000));
  const at = await Promise.race([seen, limit]);
  // A list that is the same as before has nothing to draw.
  return at === Infinity && list.textContent === before ? null : at - began;
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a control room that runs until this ends."""
    command = [
        sys.executable, "-m", "gridmend.ui.cli", "run", EXAMPLE, "--port", "0",
        "--store", f"sqlite:///{folder / 'journal.db'}",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        try:
            assert run.stdout
            for _ in range(LINES_MOST):
                found = ADDRESS.search(run.stdout.readline())
                if found:
                    break
            else:
                raise RuntimeError("the server did not start")
            yield found[0]
        finally:
            run.terminate()


def first_picture(page: Page, url: str) -> dict[str, float]:
    """From the request, with nothing kept from before, to words and to the network [ms]."""
    page.goto(url)
    page.wait_for_function("() => window.watched.drawn > 0", timeout=WAIT_MS)
    return {
        "first contentful paint [ms]": page.evaluate(PAINT),
        "first network drawn [ms]": page.evaluate("() => window.watched.drawn"),
    }


def event_to_pixel(page: Page) -> dict[str, float]:
    """From a request for a tag to its flag in the picture, medians and worst [ms]."""
    told = page.evaluate("async () => (await fetch('/api/v1/network/names')).json()")
    switch = next(name for name in told["elements"] if "." not in name)
    page.goto(f"{page.url.split('#')[0]}#/map/{switch}")
    page.wait_for_selector("[data-test=device-title]")
    page.locator("[data-test=take-authority]").click()
    # In this mode nothing else changes from one second to the next.
    page.locator("[data-test=mode-energised]").click()
    page.wait_for_timeout(3_000)
    page.evaluate("() => { window.watched.isReading = true; }")
    page.wait_for_timeout(3_000)
    rows = np.zeros((EVENTS, 3))
    for k in range(EVENTS):
        # The one before ended with a frame: this one begins anywhere between two of them.
        page.wait_for_timeout(1_000 * k / EVENTS)
        rows[k] = page.evaluate(TAG, switch)
    page.evaluate("() => { window.watched.isReading = false; }")
    answered, framed, changed = np.median(rows, axis=0).tolist()
    return {
        "request answered, median [ms]": answered,
        "frame in the page, median [ms]": framed,
        "event to pixel, median [ms]": changed,
        "event to pixel, worst [ms]": float(rows[:, 2].max()),
        "of it from frame to pixel, median [ms]": float(np.median(rows[:, 2] - rows[:, 1])),
    }


def search(page: Page) -> dict[str, float]:
    """From a letter to the list of what is found [ms]."""
    told = page.evaluate("async () => (await fetch('/api/v1/network/names')).json()")
    names = [*told["elements"], *told["buses"]]
    picked = np.random.default_rng(0).choice(len(names), SEARCHES, replace=False)
    page.keyboard.press("Control+k")
    page.wait_for_selector("[data-test=search]")
    took = [page.evaluate(SEARCH, names[k].split(".")[-1][:length])
            for k in picked.tolist() for length in (2, 5)]  # fmt: skip
    page.keyboard.press("Escape")
    took = [ms for ms in took if ms is not None]
    return {
        "names searched": len(names),
        "search, median [ms]": float(np.median(took)),
        "search, worst [ms]": float(max(took)),
    }


def watched(page: Page, devtools: CDPSession, minutes: int) -> dict[str, float]:
    """Memory after each minute, swept before it is read, and the script of an update."""
    devtools.send("Performance.enable")
    used = [heap_mb(devtools)]
    before = counted(page, devtools)
    for _ in range(minutes):
        page.wait_for_timeout(60_000)
        used.append(heap_mb(devtools))
    frames, script_s, task_s = np.subtract(counted(page, devtools), before).tolist()
    slope_mb = float(np.polyfit(np.arange(len(used)) / 60, used, 1)[0])
    return {
        "heap after the above [MB]": used[0],
        f"heap {minutes} min later [MB]": used[-1],
        "heap at most [MB]": max(used),
        "slope [MB/h]": slope_mb,
        "updates": frames,
        "script an update [ms]": 1e3 * script_s / frames,
        "all of the page's thread, an update [ms]": 1e3 * task_s / frames,
    }


def heap_mb(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    return devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def counted(page: Page, devtools: CDPSession) -> list[float]:
    """Updates so far, and seconds of script and of all tasks."""
    told: list[dict[str, Any]] = devtools.send("Performance.getMetrics")["metrics"]
    figures = {each["name"]: each["value"] for each in told}
    frames = page.evaluate("() => window.watched.frames")
    return [frames, figures["ScriptDuration"], figures["TaskDuration"]]


def section(minutes: int = MINUTES) -> str:
    """The table, as the page has it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise FileNotFoundError("no Chromium: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder)) as url,
        sync_playwright() as run,
    ):
        browser = run.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.add_init_script(WATCH)
        told = f"{machine()}, {busy()}; Chromium {browser.version}, software rendering, one run"
        rows = first_picture(page, url) | event_to_pixel(page) | search(page)
        page.locator("[data-test=mode-voltage]").click()
        rows |= watched(page, page.context.new_cdp_session(page), minutes)
        told += f"; {busy()} at the end"
        browser.close()
    lines = "".join(f"| {name} | {value:,.1f} |\n" for name, value in rows.items())
    return f"{told}\n\n| what, on {EXAMPLE} | figure |\n|---|---:|\n{lines}"


if __name__ == "__main__":
    print(section(*map(int, sys.argv[1:2])))
