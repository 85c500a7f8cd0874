import type { ComponentChildren } from "preact";
import type { Refused } from "../api";
import { plural } from "../format";
import { without } from "../state/notices";

interface Props {
  files: Refused[];
  open?: boolean;
  /** What can be done about them. */
  children?: ComponentChildren;
}

/** The files among many that could not be read, each with the reason. */
export function RefusedFiles({ files, open = false, children }: Props) {
  if (!files.length) return null;
  return (
    <details class="refused" open={open}>
      <summary>{plural(files.length, "file")} could not be read</summary>
      <ul>
        {files.map((one) => (
          <li key={one.name}>
            <strong>{one.name}</strong>: {without(one.problem, one.name)}
          </li>
        ))}
      </ul>
      {children}
    </details>
  );
}
