import { useEffect, useRef, useState } from "preact/hooks";

/** The last address whose picture is decoded: swapping to it neither flickers nor shows half a picture. */
export function useDecoded(address: string | null): string | null {
  const [shown, setShown] = useState<string | null>(null);
  const asked = useRef(0);
  const latest = useRef(0);
  useEffect(() => {
    if (!address) return;
    const turn = ++asked.current;
    const picture = new Image();
    picture.src = address;
    const show = () => {
      if (turn < latest.current) return; // a later one was faster
      latest.current = turn;
      setShown(address);
    };
    picture.decode().then(show, () => undefined);
  }, [address]);
  return shown;
}
