/** Bring the stage into sight where it is not: on a phone it is further down, from the history further up. */
export function showStage(): void {
  const stage = document.getElementById("stage");
  const top = stage?.getBoundingClientRect().top ?? 0;
  if (top < -innerHeight / 4 || top > innerHeight / 2) stage?.scrollIntoView({ block: "nearest" });
}
