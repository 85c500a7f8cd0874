/** The aspect ratio of a job's picture, known before there is one, so that the layout does not move. */

import type { Job } from "../api";

/** Rounding to whole pixels changes the ratio by less than this; such a change must not move the layout. */
const TOLERANCE = 0.02;

export function aspectRatio(job: Job): number {
  const expected = expectedRatio(job);
  const actual = sizeRatio(job) ?? sizeRatio(job.progress);
  if (!actual) return expected;
  return Math.abs(actual / expected - 1) < TOLERANCE ? expected : actual;
}

/** The width that a job's result will have, from its settings alone. */
export function expectedWidth(job: Job): number {
  const sizes = String(job.settings.size ?? job.settings.size_rule ?? "").match(/\d+/g) ?? ["512"];
  const long = Math.max(...sizes.map(Number));
  return long * Math.min(1, expectedRatio(job));
}

function expectedRatio(job: Job): number {
  const rule = /^(\d+)x(\d+)$/.exec(String(job.settings.size_rule ?? ""));
  if (rule && job.settings.size == null) return Number(rule[1]) / Number(rule[2]);
  return sizeRatio(job.photo) ?? sizeRatio(job.paintings[0]) ?? 4 / 3;
}

function sizeRatio(it: { width: number | null; height: number | null } | null | undefined): number | null {
  return it?.width && it.height ? it.width / it.height : null;
}
