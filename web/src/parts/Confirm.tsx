import { useEffect, useRef } from "preact/hooks";

interface Props {
  question: string;
  action: string;
  onYes: () => void;
  onEnd: () => void;
}

/** Asks for confirmation before something is deleted; Esc and "Keep it" cancel. */
export function Confirm({ question, action, onYes, onEnd }: Props) {
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
          {action}
        </button>
      </div>
    </dialog>
  );
}
