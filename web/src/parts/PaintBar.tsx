import { paint } from "../state/deeds";
import { missing } from "../state/form";
import { about } from "../state/about";
import { running } from "../state/jobs";
import { uploads } from "../state/uploads";

const COMMAND_KEY = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl";
/** Where there is no pointer that hovers, there is hardly a keyboard. */
const KEYS = matchMedia("(hover: none)").matches ? "Everything stays on this machine" : `${COMMAND_KEY} + Enter paints`;

export function PaintBar() {
  const ready = about.value !== null && !missing.value && !uploads.value.length;
  return (
    <div class="paint-bar">
      <button type="button" class="paint" aria-disabled={!ready} aria-describedby="paint-hint" aria-keyshortcuts="Control+Enter" onClick={paint}>
        Paint
      </button>
      <p class="help" id="paint-hint">
        {!about.value ? "One moment …" : uploads.value.length ? "A picture is on its way …" : missing.value || (running.value ? "The next one waits in the queue" : KEYS)}
      </p>
    </div>
  );
}
