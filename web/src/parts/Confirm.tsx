import { useModal } from "./useModal";

interface Props {
  question: string;
  action: string;
  refusal?: string;
  onYes: () => void;
  onEnd: () => void;
}

/** Asks for confirmation before something is deleted; Esc and the first button cancel. */
export function Confirm({ question, action, refusal = "Keep it", onYes, onEnd }: Props) {
  const dialog = useModal();
  const answer = (yes: boolean) => {
    dialog.current?.close();
    if (yes) onYes();
  };
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={onEnd}>
      <p id="question">{question}</p>
      <div class="row">
        <button type="button" onClick={() => answer(false)}>
          {refusal}
        </button>
        <button type="button" class="strong" onClick={() => answer(true)}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
