import { useEffect } from "preact/hooks";
import { photo, paintings, recipe } from "../state/form";
import { followRunning, selected, view } from "../state/selection";
import { FilmView } from "../film/FilmView";
import { title } from "../format";
import { Announcer } from "./Announcer";
import { BatchView } from "./BatchView";
import { CompareView } from "./CompareView";
import { JobView } from "./JobView";

export function Stage() {
  const job = selected.value;
  const shown = view.value;
  useEffect(() => {
    if (job?.state === "running") followRunning(job.id);
  }, [job?.id, job?.state]);
  return (
    <section class="stage" id="stage" aria-label="Picture viewer">
      {shown?.kind === "batch" ? (
        <BatchView key={shown.id} id={shown.id} />
      ) : shown?.kind === "compare" ? (
        <CompareView key={`${shown.id} ${shown.other}`} id={shown.id} other={shown.other} />
      ) : job?.film ? (
        <FilmView key={job.id} job={job} />
      ) : job ? (
        <JobView key={job.id} job={job} />
      ) : (
        <Empty />
      )}
      <Announcer />
    </section>
  );
}

/** Shown before the first job: the chosen photograph, or instructions. */
function Empty() {
  const given = recipe.value?.needs_photo === false ? paintings.value[0] : photo.value;
  if (given) {
    return (
      <>
        <div class="viewer" style={{ "--ratio": given.width / given.height }}>
          <div class="frame">
            <img class="layer" src={given.display} alt={title(given)} draggable={false} />
          </div>
        </div>
        <div class="caption">
          <h2>{title(given)}</h2>
          <p class="help">Not painted yet.</p>
        </div>
      </>
    );
  }
  return (
    <div class="viewer empty">
      <div class="first-steps">
        <h2>Get a photograph painted</h2>
        <ol>
          <li>Choose a photograph: drop one anywhere, paste it, or take an example.</li>
          <li>Choose a painting, or several.</li>
          <li>Press Paint, and watch.</li>
        </ol>
        <p class="help">Everything stays on this machine.</p>
      </div>
    </div>
  );
}
