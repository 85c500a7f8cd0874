import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { RefusedError, type Job, type Recipe, type Settings } from "../api";
import { recipeNamed } from "../state/about";
import { renameLook, saveLook, toName } from "../state/looks";
import { explain, sentence, withLabels } from "../state/notices";

interface SaveProps {
  settings: Settings;
  /** Labels of the settings that differ from the recipe's, with their values. */
  changes: string[];
  /** The picture that shows it. */
  job: Job | undefined;
  onEnd: () => void;
}

/** Asks for the name and the description of a new look. */
export function SaveLook({ settings, changes, job, onEnd }: SaveProps) {
  const [description, setDescription] = useState("");
  return (
    <LookDialog title="Save this look" action="Save" start="" onName={(name) => saveLook(name, description, settings, job)} onEnd={onEnd}>
      <label class="dialog-field">
        Description
        <input value={description} maxLength={200} placeholder={`Saved from ${String(settings.recipe)}`} autocomplete="off" onInput={(event) => setDescription(event.currentTarget.value)} />
      </label>
      <div class="look-contents">
        {job?.thumbnail && <img src={job.thumbnail} alt="The picture of this look" width={96} height={72} />}
        <p class="help">{changes.length ? `${String(settings.recipe)}, with ${changes.join(", ")}.` : `All settings of ${String(settings.recipe)}.`}</p>
      </div>
    </LookDialog>
  );
}

/** Asks for another name of a look. */
export function RenameLook({ look, onEnd }: { look: Recipe; onEnd: () => void }) {
  return <LookDialog title={`Rename ${look.name}`} action="Rename" start={look.name} onName={(name) => renameLook(look, name)} onEnd={onEnd} />;
}

interface Props {
  title: string;
  action: string;
  start: string;
  /** Throws what the server refuses. */
  onName: (name: string) => Promise<void>;
  onEnd: () => void;
  children?: ComponentChildren;
}

function LookDialog({ title, action, start, onName, onEnd, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState(start);
  const [refusal, setRefusal] = useState("");
  const [sending, setSending] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector("input")?.select();
  }, []);
  const name = toName(typed);
  const taken = name !== start && recipeNamed(name) !== undefined;
  const usable = name !== "" && name !== start && !taken;
  const send = async (event: Event) => {
    event.preventDefault();
    if (!usable || sending) return;
    setSending(true);
    try {
      await onName(name);
      dialog.current?.close();
    } catch (error) {
      if (error instanceof RefusedError) setRefusal(`${sentence(withLabels(error.problem))}. ${withLabels(error.hint)}`);
      else explain(error);
    }
    setSending(false);
  };
  const says = taken ? `There is a recipe ${name} already.` : name && name !== typed ? `It will be called ${name}.` : "Letters a to z, digits and hyphens.";
  return (
    <dialog ref={dialog} class="look-dialog" aria-labelledby="look-title" onClose={onEnd}>
      {/* No form of its own: it lies within the page’s. */}
      <h2 id="look-title">{title}</h2>
      <div onKeyDown={(event) => event.key === "Enter" && event.target instanceof HTMLInputElement && void send(event)}>
        <label class="dialog-field">
          Name
          <input
            value={typed}
            maxLength={200}
            aria-describedby="look-says"
            aria-invalid={taken}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => (setTyped(event.currentTarget.value), setRefusal(""))}
          />
        </label>
        <p id="look-says" class={taken ? "wrong" : "help"} aria-live="polite">
          {says}
        </p>
        {children}
      </div>
      <p class="wrong" role="alert">
        {refusal}
      </p>
      <div class="row">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="strong" disabled={!usable || sending} onClick={send}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
