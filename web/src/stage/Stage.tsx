import { useEffect } from "preact/hooks";
import { photo, paintings, recipe } from "../state/form";
import { noteRunning, watched } from "../state/watching";
import { title } from "../words";
import { Announcer } from "./Announcer";
import { OnStage } from "./OnStage";

export function Stage() {
  const job = watched.value;
  useEffect(() => {
    if (job?.state === "running") noteRunning(job.id);
  }, [job?.id, job?.state]);
  return (
    <section class="stage" id="stage" aria-label="Easel">
      {job ? <OnStage key={job.id} job={job} /> : <Empty />}
      <Announcer />
    </section>
  );
}

/** Before anything is painted: the photograph as it will be taken, or what to do first. */
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
