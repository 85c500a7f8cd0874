import type { Control } from "../api";
import { controls } from "../state/about";
import { change, valueOf } from "../state/form";
import { Field } from "./Field";
import { Problem, ResetButton } from "./ResetButton";
import { Slider } from "./Slider";

/** The settings that are always visible. */
export function PrimaryControls() {
  return (
    <div class="controls">
      {controls.value.filter((control) => control.primary).map((control) => (
        <PrimaryControl key={control.name} control={control} />
      ))}
    </div>
  );
}

function PrimaryControl({ control }: { control: Control }) {
  if (control.kind === "choice") return <Segments control={control} />;
  return (
    <div class={`control ${control.name === "size" ? "wide" : ""}`}>
      <div class="control-head">
        <label for={`field-${control.name}`} title={control.help}>
          {control.label}
        </label>
        <Field control={control} />
      </div>
      {control.kind === "number" || control.kind === "integer" ? <Slider control={control} /> : <Problem control={control} />}
    </div>
  );
}

/** The page's labels for choices that are always visible. */
const CHOICES: Record<string, string> = { style: "Painting’s", photo: "Photograph’s", match: "Matched" };

function Segments({ control }: { control: Control }) {
  return (
    <fieldset class="control segments" title={control.help}>
      <legend>
        {control.label}
        <ResetButton control={control} />
      </legend>
      <div class="row">
        {control.choices.map((choice) => (
          <label key={choice}>
            <input type="radio" class="unseen" name={control.name} value={choice} checked={valueOf(control) === choice} onChange={() => change(control, choice)} />
            <span>{CHOICES[choice] ?? choice}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
