import { useEffect, useRef } from "preact/hooks";
import { Queue } from "../parts/Queue";
import { Stage } from "./Stage";

const GAP = 16;

/**
 * Keeps the stage and the queue visible while the form scrolls. Where they are taller than the window, their lower end
 * sticks to the window's lower end, so that scrolling reaches it: CSS alone cannot express that.
 */
export function StageColumn() {
  const side = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = side.current!;
    const place = () => (element.style.top = `${Math.min(GAP, innerHeight - element.offsetHeight - GAP)}px`);
    const observer = new ResizeObserver(place);
    observer.observe(element);
    addEventListener("resize", place);
    return () => {
      observer.disconnect();
      removeEventListener("resize", place);
    };
  }, []);
  return (
    <div class="stage-column" ref={side}>
      <Stage />
      <Queue />
    </div>
  );
}
