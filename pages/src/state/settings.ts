// What each person sets for this screen; kept in the browser.
import { effect, signal, type Signal } from "@preact/signals";

export type Theme = "dark" | "light";
export type Units = "si" | "us";
export type Zone = "utility" | "utc" | "browser";

function kept<T extends string>(name: string, allowed: readonly T[], otherwise: T): Signal<T> {
  const key = `gridmend.${name}`;
  let first = otherwise;
  try {
    const found = allowed.find((each) => each === localStorage.getItem(key));
    if (found) first = found;
  } catch {
    // Storage is forbidden here: settings last as long as the page.
  }
  const held = signal<T>(first);
  effect(() => {
    try {
      localStorage.setItem(key, held.value);
    } catch {
      // As above.
    }
  });
  return held;
}

export const theme = kept<Theme>("theme", ["dark", "light"], "dark");
export const units = kept<Units>("units", ["si", "us"], "si");
export const zone = kept<Zone>("zone", ["utility", "utc", "browser"], "utility");
/** Whether single letters work as shortcuts; some people's tools type letters by themselves. */
export const letters = kept<"on" | "off">("letters", ["on", "off"], "on");
/** Whether the signs of the map are explained beside it. */
export const legend = kept<"open" | "closed">("legend", ["open", "closed"], "closed");
/** The map alone, large, for the wall. */
export const wall = signal(false);

/** The page is being laid out for paper, which is white whatever the theme. */
export const isOnPaper = signal(false);
addEventListener("beforeprint", () => (isOnPaper.value = true));
addEventListener("afterprint", () => (isOnPaper.value = false));

effect(() => {
  document.documentElement.dataset.theme = isOnPaper.value ? "light" : theme.value;
  document.documentElement.dataset.wall = wall.value ? "on" : "off";
});
