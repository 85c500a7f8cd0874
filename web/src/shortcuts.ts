/** Page-wide shortcuts: dropping, pasting, and keys. */

import { download } from "./api";
import { togglePlaying } from "./film/FilmTools";
import { showsKeys } from "./parts/KeysDialog";
import { fill } from "./stage/LookingTools";
import { again, cancelSelected, paint } from "./state/actions";
import { before } from "./state/before";
import { deleteMarked, favor, markedEntries, remove, step, undoRemoval } from "./state/gallery";
import { selected } from "./state/selection";
import { droppedFiles, uploadBatch, uploadFiles } from "./state/uploads";

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
    if (event.dataTransfer) void take(event.dataTransfer);
  });
  addEventListener("paste", (event) => {
    const files = Array.from(event.clipboardData?.files ?? []);
    if (!files.length || (isField(event.target) && event.clipboardData?.types.includes("text/plain"))) return;
    event.preventDefault();
    uploadFiles(files);
  });
  addEventListener("keydown", keys);
  addEventListener("keyup", (event) => event.key === " " && (before.value = false));
  addEventListener("blur", () => (before.value = false));
  document.addEventListener("fullscreenchange", () => (leftFullScreen = performance.now()));
}

async function take(dropped: DataTransfer): Promise<void> {
  const { files, folder } = await droppedFiles(dropped.items, dropped.files);
  if (folder) uploadBatch(files);
  else uploadFiles(files);
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
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !isField(event.target)) undoRemoval();
  if (!event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented) plainKey(event);
  // In a field it undoes typing or closes a list.
  if (event.key === "Escape" && !isField(event.target) && !event.defaultPrevented) escape();
}

/** Keys without a modifier: not while something is typed, and not where they mean something to what has the focus. */
function plainKey(event: KeyboardEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input:not(.mark), select, textarea, video, [role=toolbar], [contenteditable], .pixels")) return;
  const key = event.key.toLowerCase();
  const job = selected.value;
  const result = job?.state === "finished" ? job : null;
  const act = (what: () => unknown) => (event.preventDefault(), void what());
  if (event.key === "?") act(() => (showsKeys.value = true));
  else if (event.key === "ArrowLeft") act(() => step(-1));
  else if (event.key === "ArrowRight") act(() => step(1));
  else if (event.key === "Delete" && markedEntries.value.length) act(deleteMarked);
  else if (!result || target?.closest(".gallery li")) return;
  else if (event.key === " " && !target?.closest("button, a, summary, label, input")) act(() => result.film ? togglePlaying() : (before.value = true));
  else if (key === "d") act(() => location.assign(download(result.id, "png")));
  else if (key === "f") act(fill);
  else if (key === "l") act(() => favor([result.id], !result.favorite));
  else if (key === "a" && !result.film) act(() => again(result));
  else if (event.key === "Delete") act(() => remove([result.id]));
}

function escape(): void {
  if (document.fullscreenElement) return void document.exitFullscreen();
  // Some browsers leave full screen themselves, and also pass the key to the page.
  if (performance.now() - leftFullScreen < 300) return;
  cancelSelected();
}
