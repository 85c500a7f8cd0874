import * as api from "../api";
import type { Format, Job, Role } from "../api";
import { Menu } from "../parts/Menu";
import { about } from "../state/about";
import { again, enlarge } from "../state/actions";
import { addPicture } from "../state/form";
import { attempt, showError, notify } from "../state/notices";
import { restoreJob } from "../state/restore";
import { LookingTools } from "./LookingTools";

interface Props {
  job: Job;
  pixels: boolean;
  onPixels: (pixels: boolean) => void;
}

const FORMATS: [Format, string][] = [
  ["png", "PNG, with its settings"],
  ["jpeg", "JPEG"],
  ["webp", "WebP"],
];
const canCopy = typeof ClipboardItem !== "undefined" && navigator.clipboard !== undefined;

export function ResultTools({ job, pixels, onPixels }: Props) {
  return (
    <div class="tools">
      <Menu label="Download">
        {FORMATS.map(([format, label]) => (
          <a key={format} href={api.download(job.id, format)} download>
            {label}
          </a>
        ))}
      </Menu>
      {canCopy && (
        <button type="button" onClick={() => copy(job)}>
          Copy
        </button>
      )}
      <span class="divided">
        <button type="button" title="The same once more, with another seed" onClick={() => void again(job)}>
          Again
        </button>
        <Larger job={job} />
      </span>
      <Menu label="Use" icon={null}>
        <button type="button" onClick={() => use(job, "photo")}>
          Use as photograph
        </button>
        <button type="button" onClick={() => use(job, "painting")}>
          Use as painting
        </button>
        <button type="button" onClick={() => restoreJob(job)}>
          Use these settings
        </button>
      </Menu>
      <LookingTools job={job}>
        <button type="button" aria-pressed={pixels} aria-label="100 %, actual pixels" title="One pixel of the picture per pixel of the screen" onClick={() => onPixels(!pixels)}>
          100 %
        </button>
      </LookingTools>
    </div>
  );
}

/** The same picture with more pixels. */
function Larger({ job }: { job: Job }) {
  const [side, most] = [Math.max(job.width ?? 0, job.height ?? 0), about.value?.max_side ?? 4096];
  const sizes = [2, 4].map((times) => times * side).filter((wanted) => wanted && wanted <= most);
  if (!sizes.length) return null;
  return (
    <Menu label="Paint it large" icon={null}>
      {sizes.map((wanted) => (
        <button key={wanted} type="button" onClick={() => void enlarge(job, wanted)}>
          {wanted} px, {wanted / side} times as large
        </button>
      ))}
    </Menu>
  );
}

async function copy(job: Job): Promise<void> {
  try {
    // Pass the promise itself: Safari allows copying only within the click handler.
    const picture = fetch(`/api/jobs/${job.id}/result?format=png`).then((answer) => answer.blob());
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    notify("Copied.");
  } catch {
    showError("the browser did not let the picture be copied", "Download it instead.");
  }
}

async function use(job: Job, role: Role): Promise<void> {
  const picture = await attempt(() => api.addResult(job.id));
  if (!picture) return;
  if (addPicture(role, picture)) notify(role === "photo" ? "It is the photograph now." : "It is among the paintings now.");
}
