/** What the form's picture would take, asked of the server whenever the form changes. */

import { computed, effect, signal } from "@preact/signals";
import { estimate, RefusedError, type Estimate, type JobIn } from "../api";
import { duration, fileSize, plural } from "../format";
import { about } from "./about";
import { copies, faulty, missing, newJob, photos } from "./form";
import { sentence, withLabels } from "./notices";

/** Milliseconds without a change until the server is asked. */
const PAUSE = 180;
/** Milliseconds until it is asked again where the worker has not said yet what it computes with. */
const STARTING = 1500;

export const estimated = signal<Estimate | null>(null);
/** Why the form's picture cannot be painted; empty if it can. */
export const impossible = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;
let turn = 0;

const wanted = computed(() => (about.value && !missing.value && !faulty.value ? JSON.stringify(newJob()) : ""));

effect(() => {
  const order = wanted.value;
  clearTimeout(timer);
  const mine = ++turn;
  impossible.value = "";
  if (order) timer = setTimeout(() => void ask(order, mine), PAUSE);
  else {
    estimated.value = null;
  }
});

async function ask(order: string, mine: number): Promise<void> {
  clearTimeout(timer);
  try {
    const found = await estimate(JSON.parse(order) as JobIn);
    if (mine !== turn) return;
    estimated.value = found;
    impossible.value = "";
    if (found.seconds === null && found.frames === null) timer = setTimeout(() => void ask(order, mine), STARTING);
  } catch (error) {
    if (mine !== turn) return;
    estimated.value = null;
    impossible.value = error instanceof RefusedError && error.status === 422 ? sentence(withLabels(`${error.problem}. ${error.hint}`)) : "";
  }
}

/** Ask again, since a picture was ordered or the server is back. */
export function renewEstimate(): void {
  const order = wanted.peek();
  if (order) void ask(order, turn);
}

/** `512 × 342 · about 25 s · 1.1 GB`, or for many `12 photographs · about 5 min · 1.1 GB`. */
export const summary = computed(() => {
  const it = estimated.value;
  if (!it) return "";
  const count = it.frames !== null ? 1 : photos.value.length > 1 ? photos.value.length : copies.value;
  const size = `${it.width} × ${it.height}`;
  const parts = [photos.value.length > 1 ? plural(count, "photograph") : count > 1 ? `${count} of ${size}` : size];
  if (it.frames !== null) parts.push(plural(it.frames, "frame"));
  if (it.seconds !== null) parts.push(`${it.rough && it.frames === null ? "roughly" : "about"} ${duration(it.seconds * count)}`);
  parts.push(fileSize(it.memory));
  if (it.frames !== null && it.seconds === null) parts.push("a preview tells how long");
  if (it.tiles > 1) parts.push(`in ${it.tiles} tiles`);
  return parts.join(" · ");
});
