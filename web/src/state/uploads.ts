/** Pictures on their way to the studio, one after another, and what becomes of each. */

import { signal } from "@preact/signals";
import { upload, type Picture, type Role } from "../api";
import { about } from "./about";
import { give, photo } from "./form";
import { complain, explain, forget } from "./notices";
import { restore } from "./restoring";

export interface Upload {
  id: number;
  name: string;
  role: Role;
  share: number;
}

export const uploads = signal<Upload[]>([]);
let last = 0;
let turn: Promise<void> = Promise.resolve();

/** Take files in; without a role the first is the photograph where there is none yet, and the others are paintings. */
export function takeFiles(files: ArrayLike<File> & Iterable<File>, role?: Role): void {
  forget("files");
  let photoIsThere = photo.value !== null || uploads.value.some((one) => one.role === "photo");
  for (const file of files) {
    const its = role ?? (photoIsThere ? "painting" : "photo");
    photoIsThere = true;
    start(file, its);
    if (role === "photo") {
      if (files.length > 1) complain(`${files.length} files were dropped, and there is room for one photograph`, `${file.name} was taken; paint the others one by one.`, "files");
      break;
    }
  }
}

function start(file: File, role: Role): void {
  const most = about.value?.max_bytes ?? Infinity;
  const name = file.name || "picture";
  if (file.size > most) {
    complain(`${name} is too large`, `The studio takes files of up to ${Math.floor(most / 1e6)} MB.`, "files");
    return;
  }
  const id = ++last;
  uploads.value = [...uploads.value, { id, name, role, share: 0 }];
  turn = turn.then(() => send(file, id, role));
}

async function send(file: File, id: number, role: Role): Promise<void> {
  try {
    await received(await upload(file, (share) => progress(id, share)), role);
  } catch (error) {
    explain(error, file.name);
  } finally {
    uploads.value = uploads.value.filter((one) => one.id !== id);
  }
}

async function received(given: Picture, role: Role): Promise<void> {
  if (given.origin) await restore(given, role);
  else give(role, given);
}

function progress(id: number, share: number): void {
  uploads.value = uploads.value.map((one) => (one.id === id ? { ...one, share } : one));
}
