import { focusSoon } from "../focus";
import { paintings, photo, photos, removePainting } from "../state/form";
import { picturesOf, refused, removeBatch, uploadBatch, uploadRefused } from "../state/uploads";
import { plural, title } from "../format";
import { ClipPanel } from "../film/ClipPanel";
import { FilmMark } from "../film/FilmMark";
import { MaskButton } from "../masks/MaskButton";
import { clip } from "../state/film";
import { CropButton } from "./CropButton";
import { DropZone } from "./DropZone";
import { Icon } from "./Icon";
import { PaintingShares } from "./PaintingShares";
import { PicturePicker } from "./PicturePicker";
import { RefusedFiles } from "./RefusedFiles";

export function PhotoInput() {
  const given = photo.value;
  const many = photos.value.length > 1;
  const film = clip.value;
  return (
    <section class="input" aria-labelledby="photo-heading">
      <h2 id="photo-heading">{many ? `Photographs (${photos.value.length})` : film ? "Film" : "Photograph"}</h2>
      <div class="slot">
        <DropZone role="photo" label={many ? "Choose other photographs" : given ? "Choose another photograph" : "Choose a photograph"} multiple>
          {many ? (
            <Mosaic />
          ) : given ? (
            <>
              <img class="fill" src={given.display} alt={`${film ? "Film" : "Photograph"}: ${title(given)}`} draggable={false} />
              {film?.clip && <FilmMark seconds={film.clip.seconds} />}
            </>
          ) : (
            <Invitation icon="image" />
          )}
        </DropZone>
        {given && (
          <button type="button" class="remove" aria-label={many ? "Remove all photographs" : film ? "Remove film" : "Remove photograph"} onClick={() => (removeBatch(), focusSoon("#choose-photo"))}>
            <Icon name="close" />
          </button>
        )}
        {given && !many && !film && <MaskButton />}
      </div>
      <PicturePicker role="photo">
        <FolderButton />
      </PicturePicker>
      {film && <ClipPanel key={film.id} picture={film} />}
      <RefusedFiles files={refused.value}>
        <button type="button" onClick={uploadRefused}>
          Try them again
        </button>
      </RefusedFiles>
    </section>
  );
}

const MOSAIC = 9;

/** Some of many photographs. */
function Mosaic() {
  return (
    <span class="mosaic fill">
      {photos.value.slice(0, MOSAIC).map((one) => (
        <img key={one.id} class="fill" src={one.thumbnail} alt="" draggable={false} />
      ))}
      <span class="mosaic-count">{plural(photos.value.length, "photograph")}</span>
    </span>
  );
}

/** Chooses a whole folder, of which pictures are taken; a phone has none to choose. */
function FolderButton() {
  if (!("webkitdirectory" in HTMLInputElement.prototype) || matchMedia("(hover: none)").matches) return null;
  return (
    <label class="folder" title="Choose a folder of photographs">
      <input
        type="file"
        class="unseen"
        aria-label="Choose a folder of photographs"
        multiple
        {...{ webkitdirectory: true }}
        onChange={({ currentTarget }) => {
          uploadBatch(picturesOf(Array.from(currentTarget.files ?? [])));
          currentTarget.value = "";
        }}
      />
      <Icon name="folder" /> Folder
    </label>
  );
}

export function PaintingInput() {
  const given = paintings.value;
  return (
    <section class="input" aria-labelledby="paintings-heading">
      <h2 id="paintings-heading">{given.length > 1 ? `Paintings (${given.length})` : "Paintings"}</h2>
      <div class={`slot ${given.length > 1 ? "several" : ""}`}>
        {given.map((one) => (
          <div class="chosen" key={one.id}>
            <img class="fill" src={given.length > 1 ? one.thumbnail : one.display} alt={`Painting: ${title(one)}`} draggable={false} />
            <button type="button" class="remove" aria-label={`Remove painting ${title(one)}`} onClick={() => (removePainting(one), focusSoon("#choose-painting"))}>
              <Icon name="close" />
            </button>
            {given.length === 1 && <CropButton painting={one} on="picture" />}
          </div>
        ))}
        <DropZone role="painting" label={given.length ? "Choose more paintings" : "Choose paintings"} multiple>
          {given.length ? (
            <span class="add">
              <Icon name="plus" />
            </span>
          ) : (
            <Invitation icon="brush" />
          )}
        </DropZone>
      </div>
      <PicturePicker role="painting" />
      {given.length > 1 && <PaintingShares />}
    </section>
  );
}

function Invitation({ icon }: { icon: "image" | "brush" }) {
  return (
    <span class="invitation">
      <Icon name={icon} />
      <span>
        Drop, paste
        <br />
        or <u>choose</u>
      </span>
    </span>
  );
}
