import { useState } from "preact/hooks";
import type { Axis, Control } from "../api";
import { duration, plural } from "../format";
import { paintSheet } from "../state/actions";
import { about, controls } from "../state/about";
import { estimated } from "../state/estimate";
import { valueOf } from "../state/form";
import { parseValue, validate } from "../state/values";
import { useModal } from "./useModal";

/** Settings whose values are worth seeing side by side, and values to begin with. */
const USUAL: Record<string, string> = {
  strength: "0.3, 0.5, 0.7",
  style_scale: "0.5, 1, 2",
  color: "style, photo, match",
  seed: "1, 2, 3",
  fill: "0, 0.5, 1",
  detail: "0, 0.5, 1",
};
/** Pixels of a cell's longer side. */
const SIDE = 256;

/** Orders a sheet: small pictures with several values of one or two settings. */
export function SheetDialog({ onEnd }: { onEnd: () => void }) {
  const dialog = useModal();
  const offered = controls.value.filter((control) => control.name !== "size" && (control.kind === "number" || control.kind === "integer" || control.kind === "choice"));
  const [columns, setColumns] = useState({ name: "strength", text: USUAL.strength! });
  const [rows, setRows] = useState({ name: "", text: "" });
  const axes = [columns, rows].filter((axis) => axis.name).map((axis) => read(offered, axis.name, axis.text));
  const problem = axes.map((axis) => axis.problem).find((text) => text) ?? (axes.length === 2 && columns.name === rows.name ? "Choose two different settings." : "");
  const most = about.value?.max_cells ?? Infinity;
  const cells = axes.reduce((product, axis) => product * axis.values.length, 1);
  const wrong = problem || (cells > most ? `A sheet has at most ${most} cells, not ${cells}.` : "");
  const order = async () => {
    if (wrong) return;
    const given: Axis[] = axes.map(({ name, values }) => ({ name, values }));
    const name = given.map((axis) => offered.find((control) => control.name === axis.name)!.label).join(" × ");
    if (await paintSheet(given, name, SIDE)) dialog.current?.close();
  };
  return (
    <dialog ref={dialog} class="sheet-dialog" aria-labelledby="sheet-heading" onClose={onEnd}>
      <h2 id="sheet-heading">A sheet of small pictures</h2>
      <p class="help">The same picture with several values of a setting, to choose by eye: each is painted with {SIDE} pixels.</p>
      <AxisFields legend="Columns" controls={offered} value={columns} onChange={setColumns} />
      <AxisFields legend="Rows" controls={offered} value={rows} onChange={setRows} optional />
      <p class={wrong ? "wrong" : "help"} role="status">
        {wrong || `${plural(cells, "picture")}${time(cells)}`}
      </p>
      <div class="row">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="strong" aria-disabled={!!wrong} onClick={() => void order()}>
          Paint the sheet
        </button>
      </div>
    </dialog>
  );
}

interface Choice {
  name: string;
  text: string;
}

function AxisFields({ legend, controls: offered, value, onChange, optional = false }: { legend: string; controls: Control[]; value: Choice; onChange: (value: Choice) => void; optional?: boolean }) {
  return (
    <fieldset class="axis">
      <legend>{legend}</legend>
      <select
        aria-label={`${legend}: setting`}
        value={value.name}
        onChange={(event) => {
          const name = event.currentTarget.value;
          onChange({ name, text: name ? suggestion(offered.find((control) => control.name === name)!) : "" });
        }}
      >
        {optional && <option value="">none</option>}
        {offered.map((control) => (
          <option key={control.name} value={control.name}>
            {control.label}
          </option>
        ))}
      </select>
      <input aria-label={`${legend}: values`} value={value.text} disabled={!value.name} onInput={(event) => onChange({ ...value, text: event.currentTarget.value })} />
    </fieldset>
  );
}

function suggestion(control: Control): string {
  if (USUAL[control.name]) return USUAL[control.name]!;
  if (control.kind === "choice") return control.choices.join(", ");
  const value = Number(valueOf(control)) || 1;
  return [value / 2, value, value * 2].map((one) => (control.kind === "integer" ? Math.round(one) : one)).join(", ");
}

function read(offered: Control[], name: string, text: string): Axis & { problem: string } {
  const control = offered.find((one) => one.name === name)!;
  const parts = text.split(",").map((part) => part.trim()).filter((part) => part);
  const values = parts.map((part) => (control.kind === "choice" ? part : parseValue(control, part)) as string | number);
  const unknown = control.kind === "choice" ? parts.find((part) => !control.choices.includes(part)) : undefined;
  const problem = !parts.length ? "Name at least one value." : unknown ? `${control.label} has no value ${unknown}.` : (values.map((value) => validate(control, value)).find((it) => it) ?? "");
  return { name, values: [...new Set(values)], problem };
}

/** How long about the sheet takes, by what the form's picture would: time goes with the pixels. */
function time(cells: number): string {
  const it = estimated.value;
  if (!it?.seconds) return "";
  const share = Math.min(1, (SIDE / Math.max(it.width, it.height)) ** 2);
  return ` · about ${duration(cells * Math.max(2, it.seconds * share))}`;
}
