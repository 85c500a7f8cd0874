import { useEffect, useRef, useState } from "preact/hooks";

/** Return the latest URL whose picture is decoded: showing it neither flickers nor shows half a picture. */
export function useDecodedImage(address: string | null): string | null {
  const [shown, setShown] = useState<string | null>(null);
  const requested = useRef(0);
  const latest = useRef(0);
  useEffect(() => {
    if (!address) return;
    const turn = ++requested.current;
    const picture = new Image();
    picture.src = address;
    const show = () => {
      if (turn < latest.current) return; // a later one was decoded first
      latest.current = turn;
      setShown(address);
    };
    picture.decode().then(show, () => undefined);
  }, [address]);
  return shown;
}
