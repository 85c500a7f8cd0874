/** What works wherever the focus is: dropping, pasting, and the two keys. */

import { cancelWatched, paint } from "./state/deeds";
import { takeFiles } from "./state/uploads";

let leftFullScreen = -Infinity;
let dragging: ReturnType<typeof setTimeout> | undefined;

export function listenEverywhere(): void {
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    showDragging();
  });
  addEventListener("drop", (event) => {
    event.preventDefault(); // the browser would leave the page and show the file
    takeFiles(Array.from(event.dataTransfer?.files ?? []));
  });
  addEventListener("paste", (event) => {
    const files = Array.from(event.clipboardData?.files ?? []);
    if (!files.length || (isField(event.target) && event.clipboardData?.types.includes("text/plain"))) return;
    event.preventDefault();
    takeFiles(files);
  });
  addEventListener("keydown", keys);
  document.addEventListener("fullscreenchange", () => (leftFullScreen = performance.now()));
}

/** Whether something is typed or chosen there. */
const isField = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches("input:not([type=range], [type=radio], [type=checkbox], [type=file]), select");

/** Browsers do not say reliably that a drag has left or ended; that it goes on they say all the time. */
function showDragging(): void {
  document.body.classList.add("dragging");
  clearTimeout(dragging);
  dragging = setTimeout(() => document.body.classList.remove("dragging"), 200);
}

function keys(event: KeyboardEvent): void {
  if (event.repeat || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void paint();
  }
  // In a field it takes back what was typed, or closes a list.
  if (event.key === "Escape" && !isField(event.target) && !event.defaultPrevented) escape();
}

function escape(): void {
  if (document.fullscreenElement) return void document.exitFullscreen();
  // Some browsers leave the full screen by themselves, and pass the key on.
  if (performance.now() - leftFullScreen < 300) return;
  cancelWatched();
}
