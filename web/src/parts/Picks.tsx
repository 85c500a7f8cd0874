import { useState } from "preact/hooks";
import * as api from "../api";
import type { Picture, Role } from "../api";
import { about } from "../state/about";
import { give, paintings, photo } from "../state/form";
import { attempt } from "../state/notices";
import { recent } from "../state/recent";
import { title } from "../words";

/** Pictures that one click puts in: those that ship, and those that were used before. */
export function Picks({ role }: { role: Role }) {
  const [before, setBefore] = useState(false);
  const used = recent[role].value;
  const tab = (label: string, value: boolean) => (
    <button type="button" class="tab" aria-pressed={before === value} onClick={() => setBefore(value)}>
      {label}
    </button>
  );
  return (
    <div class="picks">
      <div class="tabs" role="group" aria-label={`Which ${role === "photo" ? "photographs" : "paintings"}`}>
        {tab("Examples", false)}
        {used.length > 0 && tab("Used before", true)}
      </div>
      <div class="thumbnails">{before && used.length ? used.map((one) => <Used key={one.id} role={role} picture={one} />) : <Shelf role={role} />}</div>
    </div>
  );
}

const WHAT = { photo: "photograph", painting: "painting" };

function Shelf({ role }: { role: Role }) {
  const shelf = about.value?.shelf.filter((picture) => picture.role === role) ?? [];
  return shelf.map((one) => (
    <button
      type="button"
      class="pick"
      key={one.name}
      title={`${one.title}. ${one.credit}`}
      aria-label={`Example ${WHAT[role]}: ${one.title}`}
      aria-pressed={chosen(role, (given) => given.shelf === one.name)}
      onClick={async () => {
        const taken = await attempt(() => api.takeFromShelf(one.name));
        if (taken) give(role, taken);
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
      aria-label={`Used before: ${title(picture)}`}
      aria-pressed={chosen(role, (given) => given.id === picture.id)}
      onClick={() => give(role, picture)}
    >
      <img class="fill" src={picture.thumbnail} alt="" loading="lazy" draggable={false} />
    </button>
  );
}

const chosen = (role: Role, is: (given: Picture) => boolean): boolean => (role === "photo" ? [photo.value] : paintings.value).some((given) => given && is(given));
