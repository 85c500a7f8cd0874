import type { Knob } from "../api";
import { knobs } from "../state/about";
import { differs, problemWith } from "../state/form";
import { Field } from "./Field";
import { Problem, Reset } from "./Reset";

/** Every other setting, in the groups that the command's help has. */
export function More() {
  const hidden = knobs.value.filter((knob) => !knob.shown);
  const groups = [...new Set(hidden.map((knob) => knob.group))];
  const changed = hidden.filter(differs).length;
  const wrong = hidden.filter(problemWith).length;
  return (
    <details class="more">
      <summary>
        More settings {changed > 0 && <span class="count">{changed} changed</span>}
        {wrong > 0 && <span class="wrong"> {wrong} to correct</span>}
      </summary>
      {groups.map((group) => (
        <fieldset key={group}>
          <legend>{group}</legend>
          {hidden.filter((knob) => knob.group === group).map((knob) => (
            <Row key={knob.name} knob={knob} />
          ))}
        </fieldset>
      ))}
    </details>
  );
}

function Row({ knob }: { knob: Knob }) {
  return (
    <div class={`setting ${knob.kind}`}>
      <div class="setting-head">
        <label for={`field-${knob.name}`}>{knob.label}</label>
        <Reset knob={knob} />
      </div>
      <Field knob={knob} />
      <Problem knob={knob} />
      <p class="help" id={`help-${knob.name}`}>
        {knob.help}
        {knob.unit.length > 3 && ` In ${knob.unit}.`}
      </p>
    </div>
  );
}
