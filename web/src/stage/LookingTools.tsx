import type { ComponentChildren } from "preact";
import type { Job } from "../api";
import { Icon } from "../parts/Icon";
import { favor, step } from "../state/gallery";
import { showError } from "../state/notices";

/** What can be done while looking at any result: go on to another, mark it, fill the screen, and what a kind of result adds. */
export function LookingTools({ job, children }: { job: Job; children?: ComponentChildren }) {
  return (
    <span class="divided looking">
      <button type="button" class="touch-only" aria-label="The picture before" onClick={() => step(-1)}>
        <Icon name="back" />
      </button>
      <button type="button" class="touch-only" aria-label="The next picture" onClick={() => step(1)}>
        <Icon name="next" />
      </button>
      <button type="button" aria-pressed={job.favorite} aria-label="Favorite" title="Favorite" onClick={() => void favor([job.id], !job.favorite)}>
        <Icon name="star" />
      </button>
      {children}
      {document.fullscreenEnabled && (
        <button type="button" aria-label="Full screen" title="Full screen" onClick={fill}>
          <Icon name="full" />
        </button>
      )}
    </span>
  );
}

export function fill(): void {
  const refused = () => showError("the browser did not go to full screen");
  document.getElementById("viewer")?.requestFullscreen().catch(refused);
}
