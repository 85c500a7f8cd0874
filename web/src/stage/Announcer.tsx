import { useEffect, useRef } from "preact/hooks";
import { spoken } from "../state/notices";
import { watched } from "../state/watching";
import { jobTitle, share } from "../words";

const SENTENCES = {
  queued: "waits in the queue",
  running: "is being painted",
  finished: "is finished",
  failed: "failed",
  cancelled: "was cancelled",
};

/** Tells screen readers of each state, though not of each step, and puts how far it is in the window's title. */
export function Announcer() {
  const job = watched.value;
  const before = useRef("");
  const state = job ? `${job.id} ${job.state}` : "";
  useEffect(() => {
    // A finished picture that was just clicked on has not just been finished.
    const sameJob = before.current.split(" ")[0] === String(job?.id);
    if (job && (sameJob || job.state === "queued" || job.state === "running")) {
      spoken.value = `${jobTitle(job)} ${SENTENCES[job.state]}.`;
    }
    before.current = state;
  }, [state]);
  useEffect(() => {
    const percent = job?.state === "running" ? `${Math.round(share(job) * 100)} % · ` : "";
    document.title = `${percent}Impasto`;
  });
  return null;
}
