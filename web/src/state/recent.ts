/** Recently used pictures, by role. */

import { signal, type Signal } from "@preact/signals";
import * as api from "../api";
import type { Picture, Role } from "../api";

export const recent: Record<Role, Signal<Picture[]>> = { photo: signal([]), painting: signal([]) };

export async function loadRecent(): Promise<void> {
  for (const role of ["photo", "painting"] as const) {
    try {
      recent[role].value = await api.recent(role);
    } catch {
      return; // not essential; the banner shows whether the server answers
    }
  }
}
