import type { Control } from "../api";
import { controls } from "../state/about";
import { differs, problemWith } from "../state/form";
import { Field } from "./Field";
import { Problem, ResetButton } from "./ResetButton";

/** All other settings, in the groups of the command's help. */
export function MoreSettings() {
  const hidden = controls.value.filter((control) => !control.primary);
  const groups = [...new Set(hidden.map((control) => control.group))];
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
          {hidden.filter((control) => control.group === group).map((control) => (
            <Row key={control.name} control={control} />
          ))}
        </fieldset>
      ))}
    </details>
  );
}

function Row({ control }: { control: Control }) {
  return (
    <div class={`setting ${control.kind}`}>
      <div class="setting-head">
        <label for={`field-${control.name}`}>{control.label}</label>
        <ResetButton control={control} />
      </div>
      <Field control={control} />
      <Problem control={control} />
      <p class="help" id={`help-${control.name}`}>
        {control.help}
        {control.unit.length > 3 && ` In ${control.unit}.`}
      </p>
    </div>
  );
}
