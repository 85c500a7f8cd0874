import { computed } from "@preact/signals";
import { About } from "./parts/About";
import { Gallery } from "./gallery/Gallery";
import { PaintingInput, PhotoInput } from "./parts/Inputs";
import { PrimaryControls } from "./parts/Controls";
import { KeysDialog, showsKeys } from "./parts/KeysDialog";
import { MoreSettings } from "./parts/MoreSettings";
import { ConnectionBanner, Notices } from "./parts/Notices";
import { SubmitBar } from "./parts/SubmitBar";
import { Recipes } from "./parts/Recipes";
import { RestoredNotice } from "./parts/RestoredNotice";
import { about } from "./state/about";
import { listed, running } from "./state/jobs";
import { view } from "./state/selection";
import { StageColumn } from "./stage/StageColumn";

const hasPictures = computed(() => listed.value.length > 0);
const hasJob = computed(() => view.value !== null || running.value !== undefined);

export function App() {
  return (
    <>
      <ConnectionBanner />
      <header>
        <h1>Impasto</h1>
        <p class="help">Photographs, painted</p>
        {hasPictures.value && (
          <button type="button" class="quiet to-gallery" onClick={() => document.querySelector(".gallery")?.scrollIntoView()}>
            Your pictures
          </button>
        )}
        <button type="button" class="quiet keys-button" onClick={() => (showsKeys.value = true)}>
          Keys
        </button>
      </header>
      <main class={hasJob.value ? "has-job" : ""}>
        <form class="form" aria-label="What to paint" aria-busy={!about.value} onSubmit={(event) => event.preventDefault()}>
          <RestoredNotice />
          <PhotoInput />
          <PaintingInput />
          {about.value && (
            <>
              <Recipes />
              <PrimaryControls />
              <MoreSettings />
            </>
          )}
          <SubmitBar />
        </form>
        <StageColumn />
      </main>
      <Gallery />
      <About />
      <Notices />
      {showsKeys.value && <KeysDialog />}
    </>
  );
}
