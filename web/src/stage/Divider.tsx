interface Props {
  /** Percent of the picture on the left. */
  share: number;
  label: string;
  /** The share in words. */
  text: string;
  onMove: (share: number) => void;
}

/** The slider between one picture on the left and another on the right. */
export function Divider({ share, label, text, onMove }: Props) {
  return (
    <div class="divider">
      <input type="range" min={0} max={100} step={0.5} value={share} aria-label={label} aria-valuetext={text} onInput={(event) => onMove(Number(event.currentTarget.value))} />
      <span class="line" style={{ left: `${share}%` }} aria-hidden="true">
        <span class="grip" />
      </span>
    </div>
  );
}
