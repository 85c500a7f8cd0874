/** Move the focus after its element was removed: otherwise the keyboard would start at the top of the page again. */

export function focusSoon(selector: string, index = 0): void {
  requestAnimationFrame(() => {
    const found = document.querySelectorAll<HTMLElement>(selector);
    found[Math.min(index, found.length - 1)]?.focus();
  });
}
