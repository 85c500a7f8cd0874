/** Line icons on a grid of 16. */

const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  again: "M13 8a5 5 0 1 1-1.600-3.700M13 2.500V5h-2.500",
  image: "M2.500 3h11v10h-11zM3 11l3-3 2.500 2.500 2-2L13.500 11M10.500 6h.010",
  brush: "M13.500 2.500L7 9M6.500 9.500c-2-.500-3 .500-3 2 0 .800-.500 1.500-1.500 1.500 3 1 5.500 0 5-2.500z",
  caret: "M4 6.500l4 4 4-4",
  download: "M8 2.500v8M4.500 7.500L8 11l3.500-3.500M3 13.500h10",
  eraser: "M6 13h8M3 9.500l6-6 4 4-5.500 5.500H5.500L3 10.500zM6 6.500l4 4",
  flood: "M3 8.500L8.500 3l4 4L7 12.500zM6.500 1.500L8.500 3.500M3.500 8.500h8M14 10.500c-1 1.500-1.200 3 0 3s1-1.500 0-3z",
  undo: "M5 2.500L2.500 5 5 7.500M2.500 5H10a3.500 3.500 0 0 1 0 7.500H6",
  redo: "M11 2.500L13.500 5 11 7.500M13.500 5H6a3.500 3.500 0 0 0 0 7.500h4",
  minus: "M3 8h10",
  crop: "M4.500 1.500v10h10M1.500 4.500h10v10",
  full: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
