import { useEffect, useRef, useState } from "preact/hooks";
import type { Job } from "../api";
import { Icon } from "../parts/Icon";
import { jobTitle, title } from "../words";
import { ratioOf } from "./shape";
import { useDecoded } from "./useDecoded";

interface Props {
  job: Job;
  /** One pixel of the picture on one of the screen. */
  pixels: boolean;
}

/** How much of the photograph shows beside the finished picture at first, in percent. */
const GLIMPSE = 22;

/** The picture of a job: its previews while it is painted, and then the result beside the photograph. */
export function Easel({ job, pixels }: Props) {
  const painted = useDecoded(job.result ?? job.preview);
  const finished = job.state === "finished" && painted === job.result;
  const [share, setShare] = useState(GLIMPSE);
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
      style={{ "--ratio": ratioOf(job) }}
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

/** Left of it is the photograph, right of it the painting. */
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
