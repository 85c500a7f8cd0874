/** Scroll to the stage where it is out of sight: on a phone it is further down, from the history further up. */
export function scrollToStage(): void {
  const stage = document.getElementById("stage");
  const top = stage?.getBoundingClientRect().top ?? 0;
  if (top < -innerHeight / 4 || top > innerHeight / 2) stage?.scrollIntoView({ block: "nearest" });
}
