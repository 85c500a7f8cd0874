import type { Knob } from "../api";
import { knobs } from "../state/about";
import { change, valueOf } from "../state/form";
import { Field } from "./Field";
import { Problem, Reset } from "./Reset";
import { Slider } from "./Slider";

/** The few settings that are in sight. */
export function ShownKnobs() {
  return (
    <div class="knobs">
      {knobs.value.filter((knob) => knob.shown).map((knob) => (
        <ShownKnob key={knob.name} knob={knob} />
      ))}
    </div>
  );
}

function ShownKnob({ knob }: { knob: Knob }) {
  if (knob.kind === "choice") return <Segments knob={knob} />;
  return (
    <div class={`knob ${knob.name === "size" ? "wide" : ""}`}>
      <div class="knob-head">
        <label for={`field-${knob.name}`} title={knob.help}>
          {knob.label}
        </label>
        <Field knob={knob} />
      </div>
      {knob.kind === "number" || knob.kind === "integer" ? <Slider knob={knob} /> : <Problem knob={knob} />}
    </div>
  );
}

/** Words of the page's own for the choices that everyone sees. */
const CHOICES: Record<string, string> = { style: "Painting’s", photo: "Photograph’s", match: "Matched" };

function Segments({ knob }: { knob: Knob }) {
  return (
    <fieldset class="knob segments" title={knob.help}>
      <legend>
        {knob.label}
        <Reset knob={knob} />
      </legend>
      <div class="row">
        {knob.choices.map((choice) => (
          <label key={choice}>
            <input type="radio" class="unseen" name={knob.name} value={choice} checked={valueOf(knob) === choice} onChange={() => change(knob, choice)} />
            <span>{CHOICES[choice] ?? choice}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
