import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Role } from "../api";
import { about } from "../state/about";
import { droppedFiles, uploadBatch, uploadFiles, uploads } from "../state/uploads";

interface Props {
  role: Role;
  label: string;
  multiple?: boolean;
  children: ComponentChildren;
}

/** A drop target for pictures; it is the label of a file field, so that a click and the keyboard open the chooser. */
export function DropZone({ role, label, multiple = false, children }: Props) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    setOver(false);
    const dropped = event.dataTransfer;
    if (!dropped?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    void droppedFiles(dropped.items, dropped.files).then(({ files, folder }) => (folder && role === "photo" ? uploadBatch(files) : uploadFiles(files, role)));
  };
  return (
    <label
      class={`zone ${over ? "over" : ""}`}
      onDragEnter={() => setOver(true)}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        type="file"
        id={`choose-${role}`}
        class="unseen"
        aria-label={label}
        accept={["image/*", ...(about.value?.suffixes ?? []), ...(role === "photo" ? ["video/*", ...(about.value?.clip_suffixes ?? [])] : [])].join(",")}
        multiple={multiple}
        onKeyDown={openByEnter}
        onChange={({ currentTarget }) => {
          uploadFiles(Array.from(currentTarget.files ?? []), role);
          currentTarget.value = ""; // so that the same file can be chosen again
        }}
      />
      {children}
      <Uploading role={role} />
    </label>
  );
}

/** Open the chooser on Enter; on Space every browser does so itself. */
function openByEnter(event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  (event.currentTarget as HTMLInputElement).click();
}

function Uploading({ role }: { role: Role }) {
  const mine = uploads.value.filter((one) => one.role === role);
  if (!mine.length) return null;
  return (
    <span class="uploading">
      {mine.slice(0, 3).map((one) => (
        <span key={one.id}>
          <span class="clip">{one.name}</span>
          <progress value={one.share} max={1} aria-label={`Uploading ${one.name}`} />
        </span>
      ))}
    </span>
  );
}
