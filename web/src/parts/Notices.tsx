import { answering } from "../state/live";
import { problems } from "../state/jobs";
import { dismissNotice, notices, sentence, spoken } from "../state/notices";
import { focusSoon } from "../focus";
import type { Action } from "../state/notices";
import { Icon } from "./Icon";

/** Errors and news, over the page, so that its layout does not move. */
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
            <button type="button" class="plain" aria-label="Dismiss" onClick={() => (dismissNotice(notice.id), focusSoon(".notice button, button.paint"))}>
              <Icon name="close" />
            </button>
          </p>
        ))}
      </div>
      <div role="status" aria-label="News">
        {of("news").map((notice) => (
          <p class="notice" key={notice.id}>
            <span>{notice.text}</span>
            {notice.action && <NoticeAction id={notice.id} action={notice.action} />}
          </p>
        ))}
        <span class="unseen">{spoken}</span>
      </div>
    </div>
  );
}

function NoticeAction({ id, action }: { id: number; action: Action }) {
  const act = () => {
    dismissNotice(id);
    action.run();
    focusSoon(".gallery .show, button.paint");
  };
  return (
    <button type="button" class="quiet" onClick={act}>
      {action.label}
    </button>
  );
}

/** Problems of the server and its workers, at the top of the page. */
export function ConnectionBanner() {
  return (
    <div class="banner" role="status" aria-label="Connection">
      {!answering.value && <p>The studio is not answering; trying again …</p>}
      {answering.value &&
        problems.value.map((problem) => (
          <p key={problem.problem}>
            {sentence(problem.problem)}. {problem.hint}
          </p>
        ))}
    </div>
  );
}
