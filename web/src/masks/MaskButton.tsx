import { useState } from "preact/hooks";
import { focusSoon } from "../focus";
import { summary } from "../state/masks";
import { MaskEditor } from "./MaskEditor";

/** Opens the editor of the masks, and says what is drawn. */
export function MaskButton() {
  const [open, setOpen] = useState(false);
  const drawn = summary.value;
  const end = () => {
    setOpen(false);
    focusSoon("#masks");
  };
  return (
    <>
      <button type="button" class="on-picture" id="masks" aria-label={drawn ? `Masks: ${drawn}` : "Masks"} aria-haspopup="dialog" data-changed={drawn !== ""} title="Paint each painting's own place, and what stays as it is" onClick={() => setOpen(true)}>
        <span class="clip">{drawn || "Masks"}</span>
      </button>
      {open && <MaskEditor onEnd={end} />}
    </>
  );
}
