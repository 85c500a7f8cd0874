import { useState } from "preact/hooks";
import type { Control } from "../api";
import { change, differs, problemWith, recipeValue, reset, valueOf } from "../state/form";
import { parseValue, formatValue } from "../state/values";

/** A setting as a form field of its kind. */
export function Field({ control }: { control: Control }) {
  const id = `field-${control.name}`;
  const value = valueOf(control);
  if (control.kind === "choice") {
    return (
      <select id={id} value={formatValue(value)} aria-describedby={`help-${control.name}`} onChange={(event) => change(control, event.currentTarget.value)}>
        {control.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  if (control.kind === "boolean") {
    return <input id={id} type="checkbox" checked={value === true} aria-describedby={`help-${control.name}`} onChange={(event) => change(control, event.currentTarget.checked)} />;
  }
  return <TextField control={control} id={id} />;
}

/** A text field; while it has the focus it shows the text as typed rather than the parsed value. */
function TextField({ control, id }: { control: Control; id: string }) {
  const [draft, setDraft] = useState<string | null>(null);
  const value = valueOf(control);
  const isNumber = control.kind === "number" || control.kind === "integer";
  const wrong = problemWith(control) !== "";
  return (
    <span class={`text-field ${isNumber ? "number" : ""}`}>
      <input
        id={id}
        value={draft ?? formatValue(value)}
        inputMode={isNumber && control.minimum !== null && control.minimum >= 0 ? "decimal" : "text"}
        placeholder={control.nullable ? (formatValue(recipeValue(control)) || "auto") : undefined}
        aria-invalid={wrong}
        aria-describedby={`${wrong ? `wrong-${control.name} ` : ""}help-${control.name}`}
        data-changed={differs(control)}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => {
          setDraft(event.currentTarget.value);
          change(control, isNumber ? parseValue(control, event.currentTarget.value) : event.currentTarget.value);
        }}
        onBlur={() => {
          setDraft(null);
          if (value === "") reset(control); // an empty number means the recipe's
        }}
      />
      {control.unit && control.unit.length < 4 && <span class="unit">{control.unit}</span>}
    </span>
  );
}
