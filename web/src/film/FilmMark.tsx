import { clock } from "../format";
import { Icon } from "../parts/Icon";

/** Says of a picture that it stands for a film, and how long that is. */
export function FilmMark({ seconds }: { seconds: number }) {
  return (
    <span class="film-mark">
      <Icon name="play" />
      {clock(seconds)}
    </span>
  );
}
