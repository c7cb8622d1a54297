// The keyboard, for every page.
import { go, PAGES } from "../state/route";
import { letters, theme, wall } from "../state/settings";
import { isSearchOpen, press } from "./bindings";
import { isHelpOpen } from "./help";

const PREFIX_LASTS_MS = 1500;
let prefixAt = -Infinity;

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement ||
  (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type));
/** A slider takes arrows, Home and End for itself, and letters go to the page. */
const isSlider = (target: EventTarget | null): boolean => target instanceof HTMLInputElement && target.type === "range";

export function watchKeys(): void {
  addEventListener("keydown", (event) => {
    if (onKey(event)) event.preventDefault();
  });
}

function onKey(event: KeyboardEvent): boolean {
  if (event.isComposing || event.altKey) return false;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    go("map");
    isSearchOpen.value = true;
    return true;
  }
  if (event.ctrlKey || event.metaKey) return false;
  if (event.key === "Escape") return escape();
  if (isSlider(event.target) && event.key.length > 1) return false;
  if (isWriting(event.target) || document.querySelector("dialog[open]")) return false;
  if (letters.peek() === "off" && event.key.length === 1) return false;
  if (performance.now() - prefixAt < PREFIX_LASTS_MS) {
    prefixAt = -Infinity;
    const page = PAGES.find((each) => each.key === event.key.toLowerCase());
    if (page) go(page.id);
    return page !== undefined;
  }
  switch (event.key) {
    case "g":
      prefixAt = performance.now();
      return true;
    case "?":
      isHelpOpen.value = true;
      return true;
    case "d":
      theme.value = theme.peek() === "dark" ? "light" : "dark";
      return true;
    case "w":
      wall.value = !wall.peek();
      return true;
    case "Enter":
    case " ":
      // What has the focus takes these itself.
      return false;
    default:
      return press(event.key);
  }
}

function escape(): boolean {
  if (document.querySelector("dialog[open]")) return false;
  if (isSearchOpen.peek()) {
    isSearchOpen.value = false;
    return true;
  }
  if (press("Escape")) return true;
  if (wall.peek()) {
    wall.value = false;
    return true;
  }
  return false;
}
