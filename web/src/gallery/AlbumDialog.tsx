import { useState } from "preact/hooks";
import { about } from "../state/about";
import { albums } from "../state/gallery";
import { useModal } from "../parts/useModal";

interface Props {
  onChoose: (name: string) => unknown;
  onEnd: () => void;
}

/** Asks for the album that pictures go into: one that there is, or a new one. */
export function AlbumDialog({ onChoose, onEnd }: Props) {
  const dialog = useModal();
  const [name, setName] = useState("");
  const choose = (chosen: string) => {
    dialog.current?.close();
    void onChoose(chosen);
  };
  return (
    <dialog ref={dialog} aria-labelledby="album-heading" onClose={onEnd}>
      <h2 id="album-heading">Album</h2>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) choose(name.trim());
        }}
      >
        <label class="stacked">
          Name
          <input list="albums" maxLength={about.value?.max_name ?? -1} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <datalist id="albums">
          {albums.value.map((one) => (
            <option key={one.name} value={one.name} />
          ))}
        </datalist>
        <div class="row">
          <button type="button" onClick={() => choose("")}>
            Remove from its album
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="strong" aria-disabled={!name.trim()}>
            Add to album
          </button>
        </div>
      </form>
    </dialog>
  );
}
