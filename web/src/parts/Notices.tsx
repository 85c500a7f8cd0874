import { answering } from "../state/live";
import { troubles } from "../state/jobs";
import { dismiss, notices, sentence, spoken } from "../state/notices";
import { focusSoon } from "../focus";
import { Icon } from "./Icon";

/** What went wrong and what went well, over the page, so that nothing below moves. */
export function Notices() {
  const of = (kind: "problem" | "news") => notices.value.filter((notice) => notice.kind === kind);
  return (
    <div class="notices">
      <div role="alert" aria-label="Problems">
        {of("problem").map((notice) => (
          <p class="notice problem" key={notice.id}>
            <span>
              <strong>{notice.text}.</strong> {notice.hint}
            </span>
            <button type="button" class="plain" aria-label="Dismiss" onClick={() => (dismiss(notice.id), focusSoon(".notice button, button.paint"))}>
              <Icon name="close" />
            </button>
          </p>
        ))}
      </div>
      <div role="status" aria-label="News">
        {of("news").map((notice) => (
          <p class="notice" key={notice.id}>
            {notice.text}
          </p>
        ))}
        <span class="unseen">{spoken}</span>
      </div>
    </div>
  );
}

/** What keeps everything from going on, at the top of the page. */
export function Away() {
  return (
    <div class="away" role="status" aria-label="Connection">
      {!answering.value && <p>The studio is not answering; trying again …</p>}
      {answering.value &&
        troubles.value.map((trouble) => (
          <p key={trouble.problem}>
            {sentence(trouble.problem)}. {trouble.hint}
          </p>
        ))}
    </div>
  );
}
