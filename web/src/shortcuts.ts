/** Page-wide shortcuts: dropping, pasting, and two keys. */

import { cancelSelected, paint } from "./state/actions";
import { uploadFiles } from "./state/uploads";

let leftFullScreen = -Infinity;
let dragging: ReturnType<typeof setTimeout> | undefined;

export function addShortcuts(): void {
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    showDragging();
  });
  addEventListener("drop", (event) => {
    event.preventDefault(); // the browser would leave the page to show the file
    uploadFiles(Array.from(event.dataTransfer?.files ?? []));
  });
  addEventListener("paste", (event) => {
    const files = Array.from(event.clipboardData?.files ?? []);
    if (!files.length || (isField(event.target) && event.clipboardData?.types.includes("text/plain"))) return;
    event.preventDefault();
    uploadFiles(files);
  });
  addEventListener("keydown", keys);
  document.addEventListener("fullscreenchange", () => (leftFullScreen = performance.now()));
}

/** Whether the element is a text field or a list. */
const isField = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches("input:not([type=range], [type=radio], [type=checkbox], [type=file]), select");

/** Browsers do not reliably report the end of a drag, but they report its progress continuously. */
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
  // In a field it undoes typing or closes a list.
  if (event.key === "Escape" && !isField(event.target) && !event.defaultPrevented) escape();
}

function escape(): void {
  if (document.fullscreenElement) return void document.exitFullscreen();
  // Some browsers leave full screen themselves, and also pass the key to the page.
  if (performance.now() - leftFullScreen < 300) return;
  cancelSelected();
}
