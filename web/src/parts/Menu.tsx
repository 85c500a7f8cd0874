import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Icon } from "./Icon";

/** Height of the tallest sheet in pixels. */
const SHEET_HEIGHT = 230;

/** A button that opens a few links or buttons above it, or below where there is no space; Esc, a click elsewhere, or moving the focus closes it. */
export function Menu({ label, icon = "download", quiet = false, children }: { label: string; icon?: "download" | null; quiet?: boolean; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const [below, setBelow] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const elsewhere = (event: Event) => !box.current?.contains(event.target as Node) && setOpen(false);
    // On the window: some browsers do not focus a button that is clicked.
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      button.current?.focus();
    };
    addEventListener("pointerdown", elsewhere);
    addEventListener("focusin", elsewhere);
    addEventListener("keydown", escape, true);
    return () => {
      removeEventListener("keydown", escape, true);
      removeEventListener("pointerdown", elsewhere);
      removeEventListener("focusin", elsewhere);
    };
  }, [open]);
  const toggle = () => {
    setBelow((button.current?.getBoundingClientRect().top ?? 0) < SHEET_HEIGHT);
    setOpen(!open);
  };
  return (
    <div class="menu" ref={box}>
      <button type="button" class={quiet ? "plain" : icon ? "strong" : ""} ref={button} aria-expanded={open} onClick={toggle}>
        {icon && !quiet && <Icon name={icon} />} {label} <Icon name="caret" />
      </button>
      {open && (
        <div class={`sheet ${below ? "below" : ""}`} onClick={() => setOpen(false)}>
          {children}
        </div>
      )}
    </div>
  );
}
