import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { focusSoon } from "../focus";
import { album, albums, deleteMarked, entries, favor, favoritesOnly, isFiltered, keyOf, loadMore, markedEntries, markedJobs, nextPage, putInto, search, unmark } from "../state/gallery";
import { about } from "../state/about";
import { find, type Entry } from "../state/jobs";
import { compare } from "../state/selection";
import { scrollToStage } from "../scrollToStage";
import { zipOf } from "../api";
import { Icon } from "../parts/Icon";
import { AlbumDialog } from "./AlbumDialog";
import { BatchCard, JobCard } from "./Cards";

/** All pictures that were painted, newest first. */
export function Gallery() {
  if (!entries.value.length && !isFiltered.value && nextPage.value === null) return null;
  return (
    <section class="gallery" aria-labelledby="gallery-heading">
      <div class="gallery-head">
        <h2 id="gallery-heading">Your pictures</h2>
        <Search />
      </div>
      <Selection />
      {entries.value.length === 0 && <p class="help nothing">No picture has all of that.</p>}
      <Cards />
      {nextPage.value !== null && <More />}
    </section>
  );
}

/** Least width of a card and the gap between two, pixels, on a wide and on a narrow window. */
const WIDE = { card: 150, gap: 16 };
const NARROW = { card: 96, gap: 12 };
const narrow = matchMedia("(max-width: 900px)");
/** Rows that the browser lays out and paints together; those out of sight cost nothing. */
const ROWS = 6;

/** All cards, in blocks of whole rows: of thousands only those in sight are laid out. */
function Cards() {
  const box = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(6);
  useEffect(() => {
    const element = box.current!; // which is gone from the ref before the observer is
    const observer = new ResizeObserver(() => {
      const { card, gap } = narrow.matches ? NARROW : WIDE;
      setColumns(Math.max(1, Math.floor((element.clientWidth + gap) / (card + gap))));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const blocks: Entry[][] = [];
  for (let at = 0; at < entries.value.length; at += columns * ROWS) blocks.push(entries.value.slice(at, at + columns * ROWS));
  return (
    <div ref={box} class={`cards-box ${markedEntries.value.length ? "selecting" : ""}`} style={{ "--columns": columns }} role="list">
      {blocks.map((block) => (
        <Block key={keyOf(block[0]!)} entries={block} />
      ))}
    </div>
  );
}

/** Some rows of cards, rendered again only if they are others. */
function Block({ entries: block }: { entries: Entry[] }) {
  const cards = () => block.map((entry) => (entry.batch === null ? <JobCard key={keyOf(entry)} entry={entry} /> : <BatchCard key={keyOf(entry)} entry={entry} />));
  return (
    <ul class="block" role="presentation">
      {useMemo(cards, [block.map(keyOf).join()])}
    </ul>
  );
}

function Search() {
  return (
    <div class="search" role="search" aria-label="Pictures">
      <input
        type="search"
        aria-label="Search"
        placeholder="Name, painting, recipe, date"
        maxLength={about.value?.max_name ?? -1}
        value={search.value}
        onInput={(event) => (search.value = event.currentTarget.value)}
      />
      {albums.value.length > 0 && (
        <select aria-label="Album" value={album.value} onChange={(event) => (album.value = event.currentTarget.value)}>
          <option value="">All albums</option>
          {albums.value.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name} ({one.jobs})
            </option>
          ))}
        </select>
      )}
      <button type="button" aria-pressed={favoritesOnly.value} onClick={() => (favoritesOnly.value = !favoritesOnly.value)}>
        <Icon name="star" /> Favorites
      </button>
    </div>
  );
}

/** What can be done with the selected cards. */
function Selection() {
  const [choosing, setChoosing] = useState(false);
  const chosen = markedEntries.value.length;
  if (!chosen) return null;
  const both = markedEntries.value.filter((entry) => entry.batch === null && find(entry.job)?.result && !find(entry.job)?.film);
  const comparable = chosen === 2 && both.length === 2;
  const compareThem = () => {
    if (!comparable) return;
    compare(both[0]!.job, both[1]!.job);
    unmark();
    scrollToStage();
    focusSoon(".comparing input");
  };
  const act = async (what: (jobs: number[]) => unknown) => what(await markedJobs());
  const done = () => (unmark(), focusSoon(".gallery .show"));
  return (
    <div class="selection" role="toolbar" aria-label="Selected pictures">
      <span>{chosen} selected</span>
      <button type="button" aria-disabled={!comparable} title={comparable ? "" : "Select two pictures to compare them"} onClick={compareThem}>
        Compare
      </button>
      <button type="button" onClick={() => act((jobs) => favor(jobs, true).then(done))}>
        Favorite
      </button>
      <button type="button" onClick={() => setChoosing(true)}>
        Album …
      </button>
      <button type="button" onClick={() => act(download)}>
        Download zip
      </button>
      <button type="button" class="danger" onClick={() => void deleteMarked().then(() => focusSoon(".gallery .show"))}>
        Delete
      </button>
      <button type="button" class="quiet" onClick={done}>
        Select none
      </button>
      {choosing && <AlbumDialog onEnd={() => setChoosing(false)} onChoose={(name) => act((jobs) => putInto(jobs, name).then(done))} />}
    </div>
  );
}

function download(jobs: number[]): void {
  const link = document.createElement("a");
  link.href = zipOf(jobs);
  link.download = "";
  link.click();
}

/** Loads the next page when it comes near the window; a button where that does not happen. */
function More() {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && void loadMore(), { rootMargin: "1200px" });
    observer.observe(button.current!);
    return () => observer.disconnect();
  }, [nextPage.value]);
  return (
    <button type="button" class="show-more" ref={button} onClick={() => void loadMore()}>
      Show more
    </button>
  );
}
