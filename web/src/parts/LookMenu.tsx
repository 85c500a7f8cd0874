import { useRef, useState } from "preact/hooks";
import { recipeToml, type Job, type Settings } from "../api";
import { focusSoon } from "../focus";
import { canSend } from "../state/actions";
import { changed, recipe } from "../state/form";
import { changesOfLook, deleteLook, importLooks, settingsOfLook, shownJob } from "../state/looks";
import { formatValue } from "../state/values";
import { Confirm } from "./Confirm";
import { RenameLook, SaveLook } from "./LookDialog";
import { Menu } from "./Menu";

interface Saving {
  settings: Settings;
  changes: string[];
  job: Job | undefined;
}

/** Saves the form's settings as a look of one's own, and whatever else can be done with a recipe. */
export function LookMenu() {
  const [saving, setSaving] = useState<Saving | null>(null);
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const one = recipe.value;
  if (!one) return null;
  const save = () => {
    if (!canSend()) return;
    setSaving({
      settings: settingsOfLook(),
      changes: changesOfLook().map((control) => `${control.label} ${formatValue(changed.value[control.name])}`),
      job: shownJob(),
    });
  };
  const end = () => {
    setSaving(null);
    setAsked(null);
    focusSoon(".look-menu .menu > button");
  };
  return (
    <div class="look-menu">
      {changesOfLook().length > 0 && (
        <button type="button" class="quiet" onClick={save}>
          Save this look
        </button>
      )}
      <Menu label="Looks" quiet>
        <button type="button" onClick={save}>
          Save as a look …
        </button>
        <button type="button" onClick={() => file.current?.click()}>
          Import a look …
        </button>
        <a href={recipeToml(one.name)} download>
          Export {one.name}
        </a>
        {one.own && (
          <>
            <button type="button" onClick={() => setAsked("rename")}>
              Rename {one.name} …
            </button>
            <button type="button" onClick={() => setAsked("delete")}>
              Delete {one.name} …
            </button>
          </>
        )}
      </Menu>
      <input
        ref={file}
        type="file"
        hidden
        accept=".toml,application/toml"
        multiple
        onChange={({ currentTarget }) => {
          void importLooks(Array.from(currentTarget.files ?? []));
          currentTarget.value = ""; // so that the same file can be chosen again
        }}
      />
      {saving && <SaveLook {...saving} onEnd={end} />}
      {asked === "rename" && <RenameLook look={one} onEnd={end} />}
      {asked === "delete" && (
        <Confirm
          question={`Delete the look ${one.name}? It cannot be restored.`}
          action="Delete"
          onYes={() => void deleteLook(one)}
          onEnd={end}
        />
      )}
    </div>
  );
}
