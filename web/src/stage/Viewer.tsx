import { useEffect, useRef, useState } from "preact/hooks";
import type { Job } from "../api";
import { Icon } from "../parts/Icon";
import { jobTitle, title } from "../format";
import { aspectRatio } from "./aspectRatio";
import { useDecodedImage } from "./useDecodedImage";

interface Props {
  job: Job;
  /** Show one pixel of the picture per pixel of the screen. */
  pixels: boolean;
}

/** Initial share of the photograph beside the result, in percent. */
const INITIAL_SHARE = 22;

/** The picture of a job: its previews while it runs, then the result beside the photograph. */
export function Viewer({ job, pixels }: Props) {
  const painted = useDecodedImage(job.result ?? job.preview);
  const finished = job.state === "finished" && painted === job.result;
  const [share, setShare] = useState(INITIAL_SHARE);
  const viewer = useRef<HTMLDivElement>(null);
  useEffect(() => viewer.current?.scrollTo(0, 0), [pixels]);
  const compares = finished && job.photo !== null;
  const width = pixels && job.width ? { width: `${job.width / devicePixelRatio}px` } : {};
  const under = job.photo ?? job.paintings[0];
  return (
    <div
      class={`viewer ${pixels ? "pixels" : ""}`}
      id="viewer"
      ref={viewer}
      style={{ "--ratio": aspectRatio(job) }}
      tabIndex={pixels ? 0 : -1}
      role="group"
      aria-label="Picture"
    >
      <div class="frame" style={{ ...width }}>
        {under && (!finished || compares) && <img class="layer" src={under.display} alt={compares ? `The photograph: ${title(under)}` : ""} data-waiting={!painted} draggable={false} style={{ clipPath: compares ? `inset(0 ${100 - share}% 0 0)` : "none" }} />}
        {painted && (
          <img
            class="layer"
            src={painted}
            alt={finished ? `The painted picture: ${jobTitle(job)}` : "The picture as far as it is painted"}
            decoding="sync"
            draggable={false}
            style={{ clipPath: compares ? `inset(0 0 0 ${share}%)` : "none" }}
          />
        )}
        {compares && <Divider share={share} onMove={setShare} />}
      </div>
      <button type="button" class="leave-full" onClick={() => void document.exitFullscreen()} aria-label="Leave full screen">
        <Icon name="close" />
      </button>
    </div>
  );
}

/** The slider between the photograph on the left and the result on the right. */
function Divider({ share, onMove }: { share: number; onMove: (share: number) => void }) {
  return (
    <div class="divider">
      <input
        type="range"
        min={0}
        max={100}
        step={0.5}
        value={share}
        aria-label="Before and after"
        aria-valuetext={`${Math.round(share)} % photograph`}
        onInput={(event) => onMove(Number(event.currentTarget.value))}
      />
      <span class="line" style={{ left: `${share}%` }} aria-hidden="true">
        <span class="grip" />
      </span>
    </div>
  );
}
