import { useState } from "preact/hooks";
import { paint, preview, sending } from "../state/actions";
import { about } from "../state/about";
import { estimated, impossible, summary } from "../state/estimate";
import { clip } from "../state/film";
import { copies, missing, photo, photos } from "../state/form";
import { running } from "../state/jobs";
import { allow, offered } from "../state/notifications";
import { select, selected } from "../state/selection";
import { stopUploads, uploads } from "../state/uploads";
import { plural, title } from "../format";
import { SheetDialog } from "./SheetDialog";

const COMMAND_KEY = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl";
/** A device without a hovering pointer hardly has a keyboard. */
const KEYS = matchMedia("(hover: none)").matches ? "" : ` (${COMMAND_KEY} + Enter)`;
const MOST_COPIES = 4;

/** The order: what it will take, how many, and the button. */
export function SubmitBar() {
  const [sheet, setSheet] = useState(false);
  const ready = about.value !== null && !missing.value && !uploads.value.length && !impossible.value && !sending.value;
  const many = photos.value.length > 1;
  return (
    <div class="submit-bar">
      <p class={impossible.value ? "wrong" : "help"} id="paint-hint" role="status" aria-label="Estimate">
        <Hint />
      </p>
      <div class="order">
        <button type="button" class="paint" aria-disabled={!ready} aria-describedby="paint-hint" aria-keyshortcuts="Control+Enter" title={`Paint${KEYS}`} onClick={paint}>
          {many ? `Paint ${plural(photos.value.length, "photograph")}` : "Paint"}
        </button>
        {clip.value && (
          <button type="button" class="preview-button" aria-disabled={!ready} title="A few frames, small, to see the look and learn how long the whole takes" onClick={preview}>
            Preview
          </button>
        )}
        {!many && !clip.value && (
          <select class="copies" aria-label="How many, each with another seed" title="How many, each with another seed" value={copies.value} onChange={(event) => (copies.value = Number(event.currentTarget.value))}>
            {Array.from({ length: MOST_COPIES }, (_, index) => (
              <option key={index} value={index + 1}>
                {index + 1}×
              </option>
            ))}
          </select>
        )}
        {!many && !clip.value && (
          <button type="button" class="sheet-button" aria-disabled={!ready} title="Paint small pictures with several values of a setting" onClick={() => ready && setSheet(true)}>
            Sheet …
          </button>
        )}
      </div>
      {sheet && <SheetDialog onEnd={() => setSheet(false)} />}
    </div>
  );
}

function Hint() {
  if (!about.value) return <>One moment …</>;
  if (uploads.value.length > 1) {
    return (
      <>
        {plural(uploads.value.length, "picture")} on their way …{" "}
        <button type="button" class="quiet" onClick={stopUploads}>
          Stop
        </button>
      </>
    );
  }
  if (uploads.value.length) return <>A picture is on its way …</>;
  if (missing.value || impossible.value) return <>{missing.value || impossible.value}</>;
  if (offered.value) {
    return (
      <>
        {summary.value} ·{" "}
        <button type="button" class="quiet" onClick={allow}>
          Tell me when it is done
        </button>
      </>
    );
  }
  const same = photos.value.length > 1 ? null : estimated.value?.same_as;
  if (same) {
    return (
      <>
        {summary.value}. Ordered already:{" "}
        <button type="button" class="quiet" onClick={() => select(same)}>
          show it
        </button>
      </>
    );
  }
  const other = selected.value && photo.value && selected.value.photo?.id !== photo.value.id;
  if (summary.value && other && photos.value.length < 2) {
    return (
      <>
        <strong>{title(photo.value!)}</strong>: {summary.value}
      </>
    );
  }
  return <>{summary.value || (running.value ? "The next one waits in the queue" : "Everything stays on this machine")}</>;
}
