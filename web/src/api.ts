/** The HTTP API: one function per endpoint, and the two errors they throw. */

import type { components } from "./api-types";

type Schemas = components["schemas"];
export type About = Schemas["About"];
export type Changes = Schemas["Changes"];
export type Job = Schemas["JobOut"];
export type Batch = Schemas["BatchOut"];
export type BatchIn = Schemas["BatchIn"];
export type Estimate = Schemas["EstimateOut"];
export type Axis = Schemas["Axis"];
export type Refused = Schemas["Refused"];
export type Album = Schemas["Album"];
export type JobIn = Schemas["JobIn"];
export type FilmOrder = Schemas["FilmOrder"];
export type JobPage = Schemas["JobPage"];
export type Control = Schemas["Control"];
export type Message = Schemas["Message"];
export type Picture = Schemas["PictureOut"];
export type Recipe = Schemas["RecipeOut"];
export type Region = Schemas["RegionOut"];
export type RecipeIn = Schemas["RecipeIn"];
export type SamplePicture = Schemas["SamplePicture"];
export type Step = Schemas["StepOut"];
export type Steps = Schemas["Steps"];
export type Settings = Record<string, unknown>;
export type Role = SamplePicture["role"];

/** The server refused, with a message for the user. */
export class RefusedError extends Error {
  constructor(readonly status: number, readonly problem: string, readonly hint: string) {
    super(`${problem}. ${hint}`);
  }
}

/** The server did not answer. */
export class UnreachableError extends Error {}

export const about = () => ask<About>("/api/about");

/** Which jobs are asked for; nothing for all, with one for each batch. */
export interface Query {
  search?: string;
  album?: string;
  favorite?: boolean;
  batch?: number;
  state?: Job["state"];
}

const PAGE_SIZE = 24;
const WHOLE = 500;
export function jobPage(query: Query = {}, before?: number): Promise<JobPage> {
  const asked = new URLSearchParams({ limit: String(query.batch || query.state ? WHOLE : PAGE_SIZE) });
  for (const [name, value] of Object.entries({ ...query, before })) if (value) asked.set(name, String(value));
  return ask<JobPage>(`/api/jobs?${asked}`);
}
export const job = (id: number) => ask<Job>(`/api/jobs/${id}`);
export const steps = (id: number, attempt: number, after: number) => ask<Steps>(`/api/jobs/${id}/steps?attempt=${attempt}&after=${after}`);
export const estimate = (wanted: JobIn) => ask<Estimate>("/api/jobs/estimate", "POST", wanted);
export const addBatch = (wanted: BatchIn) => ask<Batch>("/api/batches", "POST", wanted);
export const batch = (id: number) => ask<Batch>(`/api/batches/${id}`);
export const cancelBatch = (id: number) => ask<Batch>(`/api/batches/${id}/cancel`, "POST");
export const retryBatch = (id: number) => ask<Batch>(`/api/batches/${id}/retry`, "POST");
export const albums = () => ask<Album[]>("/api/albums");
export const edit = (jobs: number[], edits: { favorite?: boolean; album?: string }) => ask<void>("/api/jobs/edit", "POST", { jobs, ...edits });
export const trash = (jobs: number[]) => ask<void>("/api/jobs/trash", "POST", { jobs });
export const untrash = (jobs: number[]) => ask<void>("/api/jobs/restore", "POST", { jobs });
export const paint = (wanted: JobIn) => ask<Job>("/api/jobs", "POST", wanted);
export const cancel = (id: number) => ask<Job>(`/api/jobs/${id}/cancel`, "POST");
export const keep = (id: number) => ask<Job>(`/api/jobs/${id}/keep`, "POST");
export const retry = (id: number) => ask<Job>(`/api/jobs/${id}/retry`, "POST");
export const resume = (id: number) => ask<Job>(`/api/jobs/${id}/resume`, "POST");
export const move = (id: number, before: number | null) => ask<Job>(`/api/jobs/${id}/move`, "POST", { before });
export const addResult = (id: number) => ask<Picture>(`/api/jobs/${id}/use`, "POST");
export const picture = (id: string) => ask<Picture>(`/api/pictures/${id}`);
export const frame = (id: string, seconds: number) => `/api/pictures/${id}/frame?at=${seconds.toFixed(3)}`;
export const regions = (id: string) => ask<Region[]>(`/api/pictures/${id}/regions`);
export const recent = (role: Role) => ask<Picture[]>(`/api/pictures/recent?role=${role}`);
export const addSample = (name: string) => ask<Picture>(`/api/samples/${encodeURIComponent(name)}`, "POST");
export const saveRecipe = (wanted: RecipeIn) => ask<Recipe>("/api/recipes", "POST", wanted);
export const renameRecipe = (name: string, to: string) => ask<Recipe>(`/api/recipes/${encodeURIComponent(name)}/rename`, "POST", { name: to });
export const deleteRecipe = (name: string) => ask<void>(`/api/recipes/${encodeURIComponent(name)}`, "DELETE");
export const importRecipe = (name: string, file: File) => ask<Recipe>(`/api/recipes/import?name=${encodeURIComponent(name)}`, "POST", file);
export const recipeToml = (name: string) => `/api/recipes/${encodeURIComponent(name)}/toml`;
export const eventsAfter = (version: number) => new EventSource(`/api/events?after=${version}`);

export type Format = "png" | "jpeg" | "webp";
export const download = (id: number, format: Format) => `/api/jobs/${id}/result?format=${format}&download=true`;

export const zipOfBatch = (id: number) => `/api/batches/${id}/zip`;
export const zipOf = (jobs: number[]) => `/api/jobs/zip?${new URLSearchParams(jobs.map((id) => ["jobs", String(id)]))}`;

/** Send a file; `XMLHttpRequest`, because `fetch` does not report the progress of an upload. */
export function upload(file: File, onProgress: (share: number) => void): Promise<Picture> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/pictures?name=${encodeURIComponent(file.name || "picture.png")}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status === 201 || request.status === 200) resolve(answer as Picture);
      else reject(refusal(request.status, answer));
    };
    request.onerror = request.onabort = () => reject(new UnreachableError());
    request.send(file);
  });
}

async function ask<Answer>(address: string, method = "GET", body?: unknown): Promise<Answer> {
  const options: RequestInit = { method, cache: "no-store" };
  if (body instanceof File) {
    options.body = body;
    options.headers = { "Content-Type": "application/octet-stream" };
  } else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let text: string, response: Response;
  try {
    response = await fetch(address, options);
    text = await response.text();
  } catch {
    throw new UnreachableError();
  }
  if (!response.ok) throw refusal(response.status, parsed(text));
  return parsed(text) as Answer;
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function refusal(status: number, answer: unknown): RefusedError {
  const { problem, hint } = (answer ?? {}) as Partial<Message>;
  return new RefusedError(status, problem ?? `the studio answered with ${status}`, hint ?? "Try again.");
}
