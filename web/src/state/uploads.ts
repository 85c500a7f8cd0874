/** Uploads, one after another. */

import { signal } from "@preact/signals";
import { RefusedError, upload, type Picture, type Role } from "../api";
import { about } from "./about";
import { addPhoto, addPicture, photo, removePhotos } from "./form";
import { importLooks, isLookFile } from "./looks";
import { showError, explain, dismiss } from "./notices";
import { restore } from "./restore";

export interface Upload {
  id: number;
  name: string;
  role: Role;
  share: number;
}

/** A file among many that the studio could not take. */
export interface RefusedFile {
  name: string;
  problem: string;
  file: File;
}

export const uploads = signal<Upload[]>([]);
export const refused = signal<RefusedFile[]>([]);
let last = 0;
let turn: Promise<void> = Promise.resolve();
/** Increases when the photographs are replaced: what was on its way for the former ones is not wanted any more. */
let generation = 0;

/**
 * Upload files. Several photographs become a batch; without a role the first file is the photograph if there is none
 * yet, and the others are paintings, unless they are too many for that. TOML is a look.
 */
export function uploadFiles(given: ArrayLike<File> & Iterable<File>, role?: Role): void {
  dismiss("files");
  const [looks, files] = [Array.from(given).filter(isLookFile), Array.from(given).filter((file) => !isLookFile(file))];
  if (looks.length) void importLooks(looks);
  if (role === "photo" ? files.length > 1 : !role && files.length > most("max_paintings", 16)) return uploadBatch(files);
  let photoIsThere = photo.value !== null || uploads.value.some((one) => one.role === "photo");
  for (const file of files) {
    const itsRole = role ?? (photoIsThere && !isFilm(file) ? "painting" : "photo");
    photoIsThere = true;
    if (itsRole === "photo") refused.value = [];
    start(file, itsRole, (given) => received(given, itsRole));
  }
}

/** Upload photographs that are to be painted alike; what cannot be read is listed, and does not hold up the others. */
export function uploadBatch(files: Iterable<File>): void {
  const [wanted, limit] = [inOrder(files), most("max_batch", 500)];
  if (!wanted.length) return showError("there is no picture in that folder", "Choose another one.", "files");
  if (wanted.length > limit) return showError(`${wanted.length} photographs are too many at once`, `A batch takes up to ${limit}.`, "files");
  removeBatch();
  wanted.forEach(addToBatch);
}

/** Remove all photographs, and those that are still on their way. */
export function removeBatch(): void {
  generation++;
  uploads.value = uploads.value.filter((one) => one.role !== "photo");
  removePhotos();
  refused.value = [];
}

/** Upload files again that were refused. */
export function uploadRefused(): void {
  const files = refused.value.map((one) => one.file);
  refused.value = [];
  files.forEach(addToBatch);
}

/** The pictures of dropped files and folders, in the order of their names; other files are left out of folders. */
export async function droppedFiles(items: DataTransferItemList, files: FileList): Promise<{ files: File[]; folder: boolean }> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry?.() ?? null); // gone after the event
  const plain = Array.from(files);
  if (!entries.some((entry) => entry?.isDirectory)) return { files: plain, folder: false };
  const found: File[] = [];
  for (const entry of entries) if (entry) await collect(entry, found).catch(() => undefined); // one that may not be read
  return { files: picturesOf(found), folder: true };
}

/** Those of a folder's files that are pictures by their names. */
export function picturesOf(files: Iterable<File>): File[] {
  const suffixes = about.value?.suffixes ?? [];
  const isPicture = (file: File) => !file.name.startsWith(".") && suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix));
  return inOrder(files).filter(isPicture);
}

/** By name, 2 before 10. */
const inOrder = (files: Iterable<File>): File[] => [...files].sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));

async function collect(entry: FileSystemEntry, into: File[]): Promise<void> {
  if (entry.isFile) {
    into.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const read = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  for (let part = await read(); part.length; part = await read()) for (const one of part) await collect(one, into); // a hundred at a time
}

const TOGETHER = "It is a film, and films are painted one by one";

function addToBatch(file: File): void {
  const mine = generation;
  const refuse = (problem: string): unknown => mine === generation && (refused.value = [...refused.value, { name: file.name, problem, file }]);
  if (isFilm(file)) return void refuse(TOGETHER);
  const receive = (given: Picture) => mine === generation && (given.clip ? refuse(TOGETHER) : addPhoto(given));
  start(file, "photo", receive, refuse);
}

type Refuse = (problem: string) => unknown;

function start(file: File, role: Role, receive: (given: Picture) => unknown, refuse?: Refuse): void {
  const limit = most(isFilm(file) ? "max_clip_bytes" : "max_bytes", Infinity);
  const name = file.name || "picture";
  if (file.size > limit) {
    const hint = `The studio accepts files of up to ${Math.floor(limit / 1e6)} MB`;
    if (refuse) refuse(hint);
    else showError(`${name} is too large`, `${hint}.`, "files");
    return;
  }
  const id = ++last;
  uploads.value = [...uploads.value, { id, name, role, share: 0 }];
  turn = turn.then(() => send(file, id, receive, refuse));
}

async function send(file: File, id: number, receive: (given: Picture) => unknown, refuse?: Refuse): Promise<void> {
  if (!uploads.value.some((one) => one.id === id)) return; // it was called off
  try {
    await receive(await upload(file, (share) => progress(id, share)));
  } catch (error) {
    if (refuse && error instanceof RefusedError) refuse(error.problem);
    else explain(error, file.name);
  } finally {
    uploads.value = uploads.value.filter((one) => one.id !== id);
  }
}

/** Call off what has not begun. */
export function stopUploads(): void {
  uploads.value = uploads.value.slice(0, 1);
}

async function received(given: Picture, role: Role): Promise<void> {
  if (given.clip && role === "painting" && !given.clip.media_type.startsWith("image/")) showError(`${given.name} is a film`, "A painting is a picture: drop the film on Photograph.", "files");
  else if (given.origin) await restore(given, role);
  else addPicture(role, given);
}

function progress(id: number, share: number): void {
  uploads.value = uploads.value.map((one) => (one.id === id ? { ...one, share } : one));
}

/** Whether a file is a film by its name; an animation may be painted as a picture, too. */
const isFilm = (file: File): boolean => file.type.startsWith("video/") || (about.value?.clip_suffixes ?? []).some((suffix) => file.name.toLowerCase().endsWith(suffix));

const most = (limit: "max_paintings" | "max_batch" | "max_bytes" | "max_clip_bytes", usual: number): number => about.value?.[limit] ?? usual;
