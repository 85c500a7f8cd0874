/** The shape that the stage keeps free for a job's picture, before there is one. */

import type { Job } from "../api";

/** Rounding to whole pixels changes a shape by less than this; such a change is not worth a jump. */
const SLIGHT = 0.02;

export function ratioOf(job: Job): number {
  const expected = expectedRatio(job);
  const actual = sizeRatio(job) ?? sizeRatio(job.progress);
  if (!actual) return expected;
  return Math.abs(actual / expected - 1) < SLIGHT ? expected : actual;
}

function expectedRatio(job: Job): number {
  const frame = /^(\d+)x(\d+)$/.exec(String(job.settings.frame ?? ""));
  if (frame && job.settings.size == null) return Number(frame[1]) / Number(frame[2]);
  return sizeRatio(job.photo) ?? sizeRatio(job.paintings[0]) ?? 4 / 3;
}

function sizeRatio(it: { width: number | null; height: number | null } | null | undefined): number | null {
  return it?.width && it.height ? it.width / it.height : null;
}
