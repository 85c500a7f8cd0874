import { paint } from "../state/actions";
import { missing } from "../state/form";
import { about } from "../state/about";
import { running } from "../state/jobs";
import { uploads } from "../state/uploads";

const COMMAND_KEY = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl";
/** A device without a hovering pointer hardly has a keyboard. */
const KEYS = matchMedia("(hover: none)").matches ? "Everything stays on this machine" : `${COMMAND_KEY} + Enter paints`;

export function SubmitBar() {
  const ready = about.value !== null && !missing.value && !uploads.value.length;
  return (
    <div class="submit-bar">
      <button type="button" class="paint" aria-disabled={!ready} aria-describedby="paint-hint" aria-keyshortcuts="Control+Enter" onClick={paint}>
        Paint
      </button>
      <p class="help" id="paint-hint">
        {!about.value ? "One moment …" : uploads.value.length ? "A picture is on its way …" : missing.value || (running.value ? "The next one waits in the queue" : KEYS)}
      </p>
    </div>
  );
}
