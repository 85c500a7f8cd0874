import { useState } from "preact/hooks";
import type { Knob } from "../api";
import { change, differs, problemWith, recipeValue, reset, valueOf } from "../state/form";
import { read, written } from "../state/values";

/** One setting as a form field of its kind. */
export function Field({ knob }: { knob: Knob }) {
  const id = `field-${knob.name}`;
  const value = valueOf(knob);
  if (knob.kind === "choice") {
    return (
      <select id={id} value={written(value)} aria-describedby={`help-${knob.name}`} onChange={(event) => change(knob, event.currentTarget.value)}>
        {knob.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  if (knob.kind === "boolean") {
    return <input id={id} type="checkbox" checked={value === true} aria-describedby={`help-${knob.name}`} onChange={(event) => change(knob, event.currentTarget.checked)} />;
  }
  return <Written knob={knob} id={id} />;
}

/** A field that is typed into; while it has the focus it shows what was typed, not what was made of it. */
function Written({ knob, id }: { knob: Knob; id: string }) {
  const [draft, setDraft] = useState<string | null>(null);
  const value = valueOf(knob);
  const isNumber = knob.kind === "number" || knob.kind === "integer";
  const wrong = problemWith(knob) !== "";
  return (
    <span class={`written ${isNumber ? "number" : ""}`}>
      <input
        id={id}
        value={draft ?? written(value)}
        inputMode={isNumber && knob.minimum !== null && knob.minimum >= 0 ? "decimal" : "text"}
        placeholder={knob.nullable ? (written(recipeValue(knob)) || "auto") : undefined}
        aria-invalid={wrong}
        aria-describedby={`${wrong ? `wrong-${knob.name} ` : ""}help-${knob.name}`}
        data-changed={differs(knob)}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => {
          setDraft(event.currentTarget.value);
          change(knob, isNumber ? read(knob, event.currentTarget.value) : event.currentTarget.value);
        }}
        onBlur={() => {
          setDraft(null);
          if (value === "") reset(knob); // nothing is no number: the recipe's own
        }}
      />
      {knob.unit && knob.unit.length < 4 && <span class="unit">{knob.unit}</span>}
    </span>
  );
}
