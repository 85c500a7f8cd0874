import { useState } from "preact/hooks";
import type { Control } from "../api";
import { controls } from "../state/about";
import { applies, differs, problemWith, reset } from "../state/form";
import { isSearching, matches, search } from "../state/search";
import { Field } from "./Field";
import { Problem, ResetButton } from "./ResetButton";

/** All other settings: what painters understand, and below it the laboratory, in the groups of the command's help. */
export function MoreSettings() {
  const hidden = controls.value.filter((control) => !control.primary);
  const shown = hidden.filter((control) => applies(control) && (isSearching() || differsInText(control)));
  const sought = shown.filter(matches);
  return (
    <details class="more">
      <summary>
        More settings <Counts controls={shown} />
      </summary>
      <div class="find">
        <input
          type="search"
          aria-label="Find a setting"
          placeholder="Find a setting"
          spellcheck={false}
          autocomplete="off"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
        <p class="help" role="status" aria-label="Settings found">
          {isSearching() && found(sought.length, hidden.filter((control) => !applies(control) && matches(control)).length)}
        </p>
      </div>
      <Idle controls={hidden.filter((control) => differs(control) && !applies(control))} />
      <Group name="Look" controls={sought.filter((control) => control.level === "look")} />
      <Laboratory controls={sought.filter((control) => control.level === "laboratory")} />
    </details>
  );
}

/** Shares and crops of paintings stand beside them; as text they are shown only where they are sought, or wrong. */
const BESIDE_PAINTINGS = ["style_blend", "style_crop"];
const differsInText = (control: Control): boolean => !BESIDE_PAINTINGS.includes(control.name) || problemWith(control) !== "";

function found(shown: number, idle: number): string {
  const others = idle ? `; ${idle} more would change nothing now` : "";
  return `${shown || "No"} ${shown === 1 ? "setting" : "settings"} found${others}.`;
}

/** Changed settings that have no effect now: they are kept, in case they have one again. */
function Idle({ controls: idle }: { controls: Control[] }) {
  if (!idle.length) return null;
  return (
    <p class="help idle">
      Changed, but of no effect with the other settings: {idle.map((control) => control.label).join(", ")}.{" "}
      <button type="button" class="reset" onClick={() => idle.forEach(reset)}>
        Reset
      </button>
    </p>
  );
}

/** What changes how the method works; open while something is sought. */
function Laboratory({ controls: shown }: { controls: Control[] }) {
  const [open, setOpen] = useState(false);
  if (!shown.length) return null;
  const groups = [...new Set(shown.map((control) => control.group))];
  return (
    <details class="laboratory" open={open || isSearching()} onToggle={(event) => !isSearching() && setOpen(event.currentTarget.open)}>
      <summary>
        Laboratory <Counts controls={shown} />
      </summary>
      {groups.map((group) => (
        <Group key={group} name={group} controls={shown.filter((control) => control.group === group)} />
      ))}
    </details>
  );
}

function Counts({ controls: shown }: { controls: Control[] }) {
  const [changed, wrong] = [shown.filter(differs).length, shown.filter(problemWith).length];
  return (
    <>
      {changed > 0 && <span class="count">{changed} changed</span>}
      {wrong > 0 && <span class="wrong"> {wrong} to correct</span>}
    </>
  );
}

function Group({ name, controls: shown }: { name: string; controls: Control[] }) {
  if (!shown.length) return null;
  return (
    <fieldset>
      <legend>{name}</legend>
      {shown.map((control) => (
        <Row key={control.name} control={control} />
      ))}
    </fieldset>
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
        {range(control)}
      </p>
    </div>
  );
}

/** Small ranges are worth knowing before something is typed. */
const KNOWN_RANGE = 100;

function range({ minimum, maximum, kind }: Control): string {
  return (kind === "number" || kind === "integer") && minimum !== null && maximum !== null && maximum <= KNOWN_RANGE ? ` From ${minimum} to ${maximum}.` : "";
}
