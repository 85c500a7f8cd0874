import { useEffect, useRef, useState } from "preact/hooks";
import type { Job } from "../api";
import { jobTitle, title } from "../format";
import { Icon } from "../parts/Icon";
import { aspectRatio, expectedWidth } from "../stage/aspectRatio";
import { useDecodedImage } from "../stage/useDecodedImage";
import { MOST_ENLARGED } from "../stage/Viewer";

/** Pixels that a player needs for its controls. */
const LEAST_WIDTH = 320;

/** The last painted frame of a film that is being painted, or the film, perhaps beside its clip. */
export function FilmViewer({ job, beside }: { job: Job; beside: boolean }) {
  const film = useRef<HTMLVideoElement>(null);
  const source = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (beside && film.current && source.current) return together(film.current, source.current, job.film?.start ?? 0);
  }, [beside]);
  const width = Math.max(LEAST_WIDTH, (MOST_ENLARGED * (job.width ?? expectedWidth(job))) / devicePixelRatio);
  return (
    <div class={`viewer ${beside ? "beside" : ""}`} id="viewer" style={{ "--ratio": aspectRatio(job) }} tabIndex={-1} role="group" aria-label="Film">
      <div class="frame" style={{ "max-width": `${width}px` }}>
        {job.result ? <Film job={job} player={film} /> : <Frames job={job} />}
      </div>
      {beside && job.photo?.clip && (
        <div class="frame" style={{ "max-width": `${width}px` }}>
          {job.photo.clip.media_type.startsWith("image/") ? (
            <img class="layer" src={job.photo.clip.url} alt={`The clip: ${title(job.photo)}`} />
          ) : (
            <video ref={source} class="layer" src={job.photo.clip.url} muted playsInline aria-label={`The clip: ${title(job.photo)}`} />
          )}
        </div>
      )}
      <button type="button" class="leave-full" onClick={() => void document.exitFullscreen()} aria-label="Leave full screen">
        <Icon name="close" />
      </button>
    </div>
  );
}

function Film({ job, player }: { job: Job; player: { current: HTMLVideoElement | null } }) {
  const [refused, setRefused] = useState(false);
  const name = `The painted film: ${jobTitle(job)}`;
  if (job.film!.media_type.startsWith("image/")) return <img class="layer" src={job.result!} alt={name} draggable={false} />;
  return (
    <>
      <video id="film" ref={player} class="layer" src={job.result!} poster={job.film!.poster ?? ""} controls loop playsInline preload="metadata" aria-label={name} onError={() => setRefused(true)} />
      {refused && <p class="film-refused">This browser cannot play it. Download it, or paint it as WebM.</p>}
    </>
  );
}

function Frames({ job }: { job: Job }) {
  const painted = useDecodedImage(job.preview);
  return (
    <>
      {job.photo && <img class="layer" src={job.photo.display} alt="" data-waiting={!painted} draggable={false} />}
      {painted && <img class="layer" src={painted} alt="The last painted frame" decoding="sync" draggable={false} />}
    </>
  );
}

/** Have one player follow another; returns what ends that. */
function together(film: HTMLVideoElement, source: HTMLVideoElement, start: number): () => void {
  const place = () => (source.currentTime = start + film.currentTime);
  const play = () => void source.play().catch(() => undefined);
  const pause = () => (source.pause(), place());
  const speed = () => (source.playbackRate = film.playbackRate);
  place();
  if (!film.paused) play();
  const listeners: [string, () => unknown][] = [["play", play], ["pause", pause], ["seeking", place], ["ratechange", speed]];
  for (const [name, listener] of listeners) film.addEventListener(name, listener);
  return () => listeners.forEach(([name, listener]) => film.removeEventListener(name, listener));
}
