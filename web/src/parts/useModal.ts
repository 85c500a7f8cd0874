import { useEffect, useRef } from "preact/hooks";

/** A dialog that is open, over the page, for as long as it is rendered. */
export function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return dialog;
}
