import { useEffect, useRef, useState } from "preact/hooks";
import { frame, type Picture } from "../api";
import { clock, title } from "../format";
import { useDecodedImage } from "../stage/useDecodedImage";
import { choice, choose } from "../state/film";
import { FORMATS, type FilmFormat } from "../state/filmChoice";

/** Frames of which each is painted, of so many. */
const STEPS = [1, 2, 3, 4, 6, 8, 12];

/** A clip: a player, and what of it is painted. */
export function ClipPanel({ picture }: { picture: Picture }) {
  const clip = picture.clip!;
  const chosen = choice.value;
  const player = useRef<HTMLVideoElement>(null);
  /** The time whose frame is shown instead of a player's. */
  const [shown, setShown] = useState<number | null>(null);
  const step = Math.max(0.01, Math.round(100 / clip.rate) / 100);
  if (!chosen) return null;
  const show = (seconds: number) => {
    if (!player.current) return setShown(seconds);
    player.current.pause();
    player.current.currentTime = seconds;
  };
  const end = chosen.end ?? clip.seconds;
  const begin = (seconds: number) => {
    choose({ start: Math.max(0, Math.min(seconds, end - step)) });
    show(choice.value!.start);
  };
  const finish = (seconds: number) => {
    // A slider stops at its last whole step, which need not be the end.
    choose({ end: seconds > clip.seconds - step ? null : Math.max(seconds, chosen.start + step) });
    show((choice.value!.end ?? clip.seconds) - step / 2);
  };
  return (
    <div class="clip-panel">
      <Player picture={picture} player={player} shown={shown} />
      <p class="help">{facts(picture)}</p>
      {clip.problem && <p class="wrong">{clip.problem.charAt(0).toUpperCase() + clip.problem.slice(1)}.</p>}
      <div class="trim" role="group" aria-label="Part of the film" onFocusOut={() => setShown(null)}>
        <Time label="From" value={chosen.start} most={clip.seconds} step={step} onChange={begin} />
        <Time label="To" value={end} most={clip.seconds} step={step} onChange={finish} />
      </div>
      <div class="film-choices">
        <div>
          <label for="film-frames">Frames</label>
          <select id="film-frames" value={chosen.every} onChange={(event) => choose({ every: Number(event.currentTarget.value) })}>
            {STEPS.map((every) => (
              <option key={every} value={every}>
                {every === 1 ? "All" : `1 of ${every}`}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label for="film-file">File</label>
          <select id="film-file" value={chosen.format} onChange={(event) => choose({ format: event.currentTarget.value as FilmFormat })}>
            {FORMATS.map(([format, label]) => (
              <option key={format} value={format}>
                {label}
              </option>
            ))}
          </select>
        </div>
      </div>
    </div>
  );
}

interface PlayerProps {
  picture: Picture;
  player: { current: HTMLVideoElement | null };
  shown: number | null;
}

/** Plays the clip, where the browser can; an animation plays by itself. */
function Player({ picture, player, shown }: PlayerProps) {
  const clip = picture.clip!;
  const [refused, setRefused] = useState(!clip.media_type.startsWith("video/"));
  const shape = { aspectRatio: `${picture.width} / ${picture.height}` };
  const still = useFrame(picture, shown);
  if (clip.media_type.startsWith("image/")) return <img class="clip-picture" src={still ?? clip.url} alt={`Film: ${title(picture)}`} style={shape} />;
  if (refused) {
    return (
      <>
        <img class="clip-picture" src={still ?? picture.display} alt={`Film: ${title(picture)}`} style={shape} />
        <p class="help">This browser cannot play it; it can be painted all the same.</p>
      </>
    );
  }
  return (
    <video ref={player} class="clip-picture" src={clip.url} poster={picture.display} controls playsInline preload="metadata" aria-label={`Film: ${title(picture)}`} style={shape} onError={() => setRefused(true)} />
  );
}

/** Milliseconds without a change until a frame is requested. */
const PAUSE = 150;

/** The address of a frame once it can be shown; null while none is asked for. */
function useFrame(picture: Picture, seconds: number | null): string | null {
  const [asked, setAsked] = useState<string | null>(null);
  useEffect(() => {
    if (seconds === null) return;
    const timer = setTimeout(() => setAsked(frame(picture.id, seconds)), PAUSE);
    return () => clearTimeout(timer);
  }, [seconds]);
  const decoded = useDecodedImage(asked);
  return seconds === null ? null : decoded;
}

interface TimeProps {
  label: string;
  value: number;
  most: number;
  step: number;
  onChange: (seconds: number) => void;
}

/** A time within the clip, as a slider and in seconds. */
function Time({ label, value, most, step, onChange }: TimeProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const id = `film-${label.toLowerCase()}`;
  const typed = (text: string) => {
    setDraft(text);
    const seconds = Number(text.replace(",", "."));
    if (text.trim() && seconds >= 0) onChange(Math.min(seconds, most));
  };
  return (
    <div class="control">
      <div class="control-head">
        <label for={id}>{label}</label>
        <span class="text-field number">
          <input id={id} inputMode="decimal" autocomplete="off" value={draft ?? value.toFixed(2)} onInput={(event) => typed(event.currentTarget.value)} onBlur={() => setDraft(null)} />
          <span class="unit">s</span>
        </span>
      </div>
      <div class="slider">
        <input type="range" min={0} max={most} step={step} value={value} aria-label={label} aria-valuetext={`${value.toFixed(2)} seconds`} onInput={(event) => onChange(Number(event.currentTarget.value))} />
      </div>
    </div>
  );
}

/** `0:12 · 1920 × 1080 · 25 frames/s · with sound` */
function facts({ clip, width, height }: Picture): string {
  const rate = Math.round(clip!.rate * 100) / 100;
  return [clock(clip!.seconds), `${width} × ${height}`, `${rate} frames/s`, ...(clip!.has_audio ? ["with sound"] : [])].join(" · ");
}
