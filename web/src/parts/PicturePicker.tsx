import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import * as api from "../api";
import type { Picture, Role } from "../api";
import { about } from "../state/about";
import { addPicture, paintings, photo } from "../state/form";
import { attempt } from "../state/notices";
import { recent } from "../state/recent";
import { title } from "../format";

/** Pictures to add with one click: the samples, and those that were used before. */
export function PicturePicker({ role, children }: { role: Role; children?: ComponentChildren }) {
  const [before, setBefore] = useState(false);
  const used = recent[role].value;
  const tab = (label: string, value: boolean) => (
    <button type="button" class="tab" aria-pressed={before === value} onClick={() => setBefore(value)}>
      {label}
    </button>
  );
  return (
    <div class="picker">
      <div class="tabs" role="group" aria-label={`Which ${role === "photo" ? "photographs" : "paintings"}`}>
        {tab("Examples", false)}
        {used.length > 0 && tab("Recent", true)}
        {children}
      </div>
      <div class="thumbnails">{before && used.length ? used.map((one) => <Used key={one.id} role={role} picture={one} />) : <Samples role={role} />}</div>
    </div>
  );
}

const ROLE_NAMES = { photo: "photograph", painting: "painting" };

function Samples({ role }: { role: Role }) {
  const samples = about.value?.samples.filter((picture) => picture.role === role) ?? [];
  return samples.map((one) => (
    <button
      type="button"
      class="pick"
      key={one.name}
      title={`${one.title}. ${one.credit}`}
      aria-label={`Example ${ROLE_NAMES[role]}: ${one.title}`}
      aria-pressed={chosen(role, (given) => given.sample === one.name)}
      onClick={async () => {
        const added = await attempt(() => api.addSample(one.name));
        if (added) addPicture(role, added);
      }}
    >
      <img class="fill" src={one.thumbnail} alt="" draggable={false} />
    </button>
  ));
}

function Used({ role, picture }: { role: Role; picture: Picture }) {
  return (
    <button
      type="button"
      class="pick"
      title={title(picture)}
      aria-label={`Recent: ${title(picture)}`}
      aria-pressed={chosen(role, (given) => given.id === picture.id)}
      onClick={() => addPicture(role, picture)}
    >
      <img class="fill" src={picture.thumbnail} alt="" loading="lazy" draggable={false} />
    </button>
  );
}

const chosen = (role: Role, is: (given: Picture) => boolean): boolean => (role === "photo" ? [photo.value] : paintings.value).some((given) => given && is(given));
