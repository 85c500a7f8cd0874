import { useEffect, useRef } from "preact/hooks";

interface Props {
  question: string;
  deed: string;
  onYes: () => void;
  onEnd: () => void;
}

/** Asks before something is gone for good; Esc and "Keep it" leave everything as it is. */
export function Confirm({ question, deed, onYes, onEnd }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const answer = (yes: boolean) => {
    dialog.current?.close();
    if (yes) onYes();
  };
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={onEnd}>
      <p id="question">{question}</p>
      <div class="row">
        <button type="button" onClick={() => answer(false)}>
          Keep it
        </button>
        <button type="button" class="strong" onClick={() => answer(true)}>
          {deed}
        </button>
      </div>
    </dialog>
  );
}
