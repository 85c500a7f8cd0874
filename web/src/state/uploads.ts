/** Uploads, one after another. */

import { signal } from "@preact/signals";
import { upload, type Picture, type Role } from "../api";
import { about } from "./about";
import { addPicture, photo } from "./form";
import { importLooks, isLookFile } from "./looks";
import { showError, explain, dismiss } from "./notices";
import { restore } from "./restore";

export interface Upload {
  id: number;
  name: string;
  role: Role;
  share: number;
}

export const uploads = signal<Upload[]>([]);
let last = 0;
let turn: Promise<void> = Promise.resolve();

/** Upload files; without a role the first is the photograph if there is none yet, and the others are paintings; TOML is a look. */
export function uploadFiles(given: ArrayLike<File> & Iterable<File>, role?: Role): void {
  dismiss("files");
  const [looks, files] = [Array.from(given).filter(isLookFile), Array.from(given).filter((file) => !isLookFile(file))];
  if (looks.length) void importLooks(looks);
  let photoIsThere = photo.value !== null || uploads.value.some((one) => one.role === "photo");
  for (const file of files) {
    const itsRole = role ?? (photoIsThere ? "painting" : "photo");
    photoIsThere = true;
    start(file, itsRole);
    if (role === "photo") {
      if (files.length > 1) showError(`${files.length} files were dropped, but only one photograph is used`, `${file.name} was used; paint the others one by one.`, "files");
      break;
    }
  }
}

function start(file: File, role: Role): void {
  const limit = about.value?.max_bytes ?? Infinity;
  const name = file.name || "picture";
  if (file.size > limit) {
    showError(`${name} is too large`, `The studio accepts files of up to ${Math.floor(limit / 1e6)} MB.`, "files");
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
  else addPicture(role, given);
}

function progress(id: number, share: number): void {
  uploads.value = uploads.value.map((one) => (one.id === id ? { ...one, share } : one));
}
