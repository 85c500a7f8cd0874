import { useEffect, useRef } from "preact/hooks";
import { focusSoon } from "../focus";
import { restored, useInstead } from "../state/restore";
import { Icon } from "./Icon";

/** Shown after a picture made by Impasto was dropped. */
export function RestoredNotice() {
  const last = restored.value;
  const notice = useRef<HTMLDivElement>(null);
  useEffect(() => notice.current?.scrollIntoView({ block: "nearest" }), [last]);
  return (
    <div role="status" aria-label="Restored settings">
      {last && (
        <div class="restored" ref={notice}>
          <p>
            <strong>{last.picture.name}</strong> was painted by Impasto: its settings {!last.missing.length && "and pictures "}are back in the form
            {last.unsupported.length > 0 && `, but for these, which the studio cannot use: ${last.unsupported.join(", ").replaceAll("_", " ")}`}.
            {last.missing.length > 0 && ` Not in the studio: ${last.missing.join(", ")}.`}
          </p>
          <div class="row">
            <button type="button" onClick={() => (useInstead("photo"), focusSoon("#choose-photo"))}>
              Use it as a photograph instead
            </button>
            <button type="button" onClick={() => (useInstead("painting"), focusSoon("#choose-painting"))}>
              Use it as a painting instead
            </button>
            <button type="button" class="plain" aria-label="Close the notice" onClick={() => ((restored.value = null), focusSoon("#choose-photo"))}>
              <Icon name="close" />
            </button>
          </div>
        </div>
      )}
    </div>
  );
}
