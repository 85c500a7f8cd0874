import { About } from "./parts/About";
import { History } from "./parts/History";
import { PaintingInput, PhotoInput } from "./parts/Inputs";
import { PrimaryControls } from "./parts/Controls";
import { MoreSettings } from "./parts/MoreSettings";
import { ConnectionBanner, Notices } from "./parts/Notices";
import { SubmitBar } from "./parts/SubmitBar";
import { Recipes } from "./parts/Recipes";
import { RestoredNotice } from "./parts/RestoredNotice";
import { about } from "./state/about";
import { StageColumn } from "./stage/StageColumn";

export function App() {
  return (
    <>
      <ConnectionBanner />
      <header>
        <h1>Impasto</h1>
        <p class="help">Photographs, painted</p>
      </header>
      <main>
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
      <History />
      <About />
      <Notices />
    </>
  );
}
