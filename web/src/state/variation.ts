/** Another picture of the same order: another seed, where it has something to change. */

import type { Settings } from "../api";

/** Starts that are random by themselves. */
const RANDOM_STARTS = ["noise", "gaussian", "style"];
/** Of the start: strokes lie elsewhere in each picture, and none is worse than without (seen at 256 px). */
const NOISE_SHARE = 0.3;

/** Seeds that are read and typed with ease, and that nobody gets twice. */
const newSeed = (): number => Math.floor(Math.random() * 1e6);

/** Give settings another seed; `recipe` has the values of those that are not named. */
export const varied = (settings: Settings, recipe?: Settings): Settings => ({ ...withNoise(settings, recipe), seed: newSeed() });

/** Give the start some noise, unless it is random already: without, every seed gives the same picture. */
export function withNoise(settings: Settings, recipe: Settings = {}): Settings {
  const start = String(settings.init ?? recipe.init ?? "");
  const share = Number(settings.noise_share ?? recipe.noise_share ?? 0);
  return RANDOM_STARTS.includes(start) || share > 0 ? settings : { ...settings, noise_share: NOISE_SHARE };
}
