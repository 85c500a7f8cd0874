import { useEffect, useRef } from "preact/hooks";

/** Keep the focus within a caption whose buttons change with the state: the pressed one may have been removed. */
export function useCaptionFocus(state: string) {
  const caption = useRef<HTMLDivElement>(null);
  const hadFocus = caption.current?.contains(document.activeElement);
  useEffect(() => {
    if (hadFocus) caption.current?.querySelector<HTMLElement>("button:not(:disabled)")?.focus();
  }, [state]);
  return caption;
}
