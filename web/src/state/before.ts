/** Whether the stage shows the photograph in place of the picture, for as long as the space bar is held. */

import { signal } from "@preact/signals";

export const before = signal(false);
