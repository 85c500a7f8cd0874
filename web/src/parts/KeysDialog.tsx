import { signal } from "@preact/signals";
import { useModal } from "./useModal";

export const showsKeys = signal(false);

const KEYS: [string, string][] = [
  ["Ctrl + Enter", "Paint"],
  ["Esc", "Cancel the picture on the stage, or close what is open"],
  ["← →", "The picture before or after"],
  ["Space", "Hold to see the photograph; plays and pauses a film"],
  ["A", "Again, with another seed"],
  ["D", "Download"],
  ["F", "Full screen"],
  ["L", "Favorite, or no longer"],
  ["Delete", "Delete what is selected, or what is shown"],
  ["Ctrl + Z", "Bring back what was deleted last"],
  ["?", "This list"],
];

/** The keys of the page. */
export function KeysDialog() {
  const dialog = useModal();
  return (
    <dialog ref={dialog} aria-labelledby="keys-heading" onClose={() => (showsKeys.value = false)}>
      <h2 id="keys-heading">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div class="row">
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
