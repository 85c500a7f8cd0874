/** Line icons on a grid of 16. */

const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  again: "M13 8a5 5 0 1 1-1.600-3.700M13 2.500V5h-2.500",
  image: "M2.500 3h11v10h-11zM3 11l3-3 2.500 2.500 2-2L13.500 11M10.500 6h.010",
  images: "M4.500 2.500h9v7.500h-9zM2.500 5v8h9",
  folder: "M2.500 4h4l1.500 1.500h5.500v7h-11z",
  brush: "M13.500 2.500L7 9M6.500 9.500c-2-.500-3 .500-3 2 0 .800-.500 1.500-1.500 1.500 3 1 5.500 0 5-2.500z",
  caret: "M4 6.500l4 4 4-4",
  download: "M8 2.500v8M4.500 7.500L8 11l3.500-3.500M3 13.500h10",
  star: "M8 2.200l1.800 3.700 4 .600-2.900 2.800.700 4L8 11.400l-3.600 1.900.700-4L2.200 6.500l4-.600z",
  back: "M9.500 3.500L5 8l4.500 4.500",
  full: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
