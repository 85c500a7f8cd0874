import { useEffect, useRef } from "preact/hooks";
import { Queue } from "../parts/Queue";
import { Stage } from "./Stage";

const GAP = 16;

/**
 * The stage and the queue stay in sight while the form scrolls by. Where the two are taller than the window, they stay
 * with their lower end at its lower end, so that scrolling reaches it: CSS alone cannot say that.
 */
export function EaselSide() {
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
    <div class="easel-side" ref={side}>
      <Stage />
      <Queue />
    </div>
  );
}
